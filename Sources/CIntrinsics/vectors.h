// Vectors of 16 floats, `SIMD16<Float>` in Swift, and operations on them that are always inlined and always one
// instruction per register. Swift's own are written element by element and left to the optimiser to put together,
// which it does not do everywhere.
#ifndef ONLEARN_VECTORS_H
#define ONLEARN_VECTORS_H

#include <stdbool.h>

#include "intrinsics.h"

typedef float onlearn_float16 __attribute__((ext_vector_type(16)));
// As bits, or as a mask: all ones where a condition holds, else zero.
typedef int32_t onlearn_int16 __attribute__((ext_vector_type(16)));

#define ONLEARN_INLINE static inline __attribute__((always_inline))

ONLEARN_INLINE onlearn_float16 onlearn_splat(float x) { return (onlearn_float16)(x); }
ONLEARN_INLINE onlearn_float16 onlearn_add(onlearn_float16 a, onlearn_float16 b) { return a + b; }
ONLEARN_INLINE onlearn_float16 onlearn_subtract(onlearn_float16 a, onlearn_float16 b) { return a - b; }
ONLEARN_INLINE onlearn_float16 onlearn_multiply(onlearn_float16 a, onlearn_float16 b) { return a * b; }
ONLEARN_INLINE onlearn_float16 onlearn_divide(onlearn_float16 a, onlearn_float16 b) { return a / b; }
ONLEARN_INLINE onlearn_float16 onlearn_negate(onlearn_float16 a) { return -a; }
ONLEARN_INLINE onlearn_float16 onlearn_floor(onlearn_float16 a) { return __builtin_elementwise_floor(a); }
ONLEARN_INLINE onlearn_float16 onlearn_ceil(onlearn_float16 a) { return __builtin_elementwise_ceil(a); }
ONLEARN_INLINE onlearn_float16 onlearn_truncate_each(onlearn_float16 a) { return __builtin_elementwise_trunc(a); }
ONLEARN_INLINE onlearn_float16 onlearn_round_even(onlearn_float16 a) { return __builtin_elementwise_roundeven(a); }

ONLEARN_INLINE onlearn_int16 onlearn_less(onlearn_float16 a, onlearn_float16 b) { return a < b; }
ONLEARN_INLINE onlearn_int16 onlearn_less_equal(onlearn_float16 a, onlearn_float16 b) { return a <= b; }
ONLEARN_INLINE onlearn_int16 onlearn_equal(onlearn_float16 a, onlearn_float16 b) { return a == b; }
ONLEARN_INLINE onlearn_int16 onlearn_not_equal(onlearn_float16 a, onlearn_float16 b) { return a != b; }
ONLEARN_INLINE bool onlearn_any(onlearn_int16 mask) { return __builtin_reduce_or(mask) != 0; }

ONLEARN_INLINE onlearn_int16 onlearn_bits(onlearn_float16 a) { return (onlearn_int16)a; }
ONLEARN_INLINE onlearn_float16 onlearn_floats(onlearn_int16 a) { return (onlearn_float16)a; }
ONLEARN_INLINE onlearn_int16 onlearn_splat_bits(int32_t x) { return (onlearn_int16)(x); }
ONLEARN_INLINE onlearn_int16 onlearn_and(onlearn_int16 a, onlearn_int16 b) { return a & b; }
ONLEARN_INLINE onlearn_int16 onlearn_or(onlearn_int16 a, onlearn_int16 b) { return a | b; }
ONLEARN_INLINE onlearn_int16 onlearn_xor(onlearn_int16 a, onlearn_int16 b) { return a ^ b; }
ONLEARN_INLINE onlearn_int16 onlearn_equal_bits(onlearn_int16 a, onlearn_int16 b) { return a == b; }
ONLEARN_INLINE onlearn_int16 onlearn_add_bits(onlearn_int16 a, onlearn_int16 b) {
  typedef uint32_t uint16 __attribute__((ext_vector_type(16)));
  return (onlearn_int16)((uint16)a + (uint16)b);
}
ONLEARN_INLINE onlearn_int16 onlearn_subtract_bits(onlearn_int16 a, onlearn_int16 b) {
  typedef uint32_t uint16 __attribute__((ext_vector_type(16)));
  return (onlearn_int16)((uint16)a - (uint16)b);
}
ONLEARN_INLINE onlearn_int16 onlearn_shift_left(onlearn_int16 a, int32_t count) {
  typedef uint32_t uint16 __attribute__((ext_vector_type(16)));
  return (onlearn_int16)((uint16)a << (uint32_t)count);
}
// Copies of the sign come in from the left.
ONLEARN_INLINE onlearn_int16 onlearn_shift_right(onlearn_int16 a, int32_t count) { return a >> count; }

// The elements of `a` where `mask` holds, those of `b` elsewhere.
ONLEARN_INLINE onlearn_float16 onlearn_choose(onlearn_int16 mask, onlearn_float16 a, onlearn_float16 b) {
  return (onlearn_float16)(((onlearn_int16)a & mask) | ((onlearn_int16)b & ~mask));
}

// a * b + c in every element, rounded once where the processor can.
ONLEARN_INLINE onlearn_float16 onlearn_multiply_add(onlearn_float16 a, onlearn_float16 b, onlearn_float16 c) {
#if ONLEARN_HAS_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// The square root of every element.
ONLEARN_INLINE onlearn_float16 onlearn_square_root(onlearn_float16 x) { return __builtin_elementwise_sqrt(x); }

// All ones in the elements before `count`.
ONLEARN_INLINE onlearn_int16 onlearn_first(int32_t count) {
  const onlearn_int16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lanes < (onlearn_int16)(count);
}

// The 16 floats at `address`.
ONLEARN_INLINE onlearn_float16 onlearn_load(const float *address) {
  onlearn_float16 vector;
  memcpy(&vector, address, sizeof vector);
  return vector;
}

// Replaces the 16 floats at `address`.
ONLEARN_INLINE void onlearn_store(onlearn_float16 vector, float *address) { memcpy(address, &vector, sizeof vector); }

// The `count` floats at `address`, fewer than 16; the elements of `padding` after them.
ONLEARN_INLINE onlearn_float16 onlearn_load_first(const float *address, ptrdiff_t count, onlearn_float16 padding) {
#if defined(__AVX512F__)
  return (onlearn_float16)_mm512_mask_loadu_ps((__m512)padding, (__mmask16)((1u << count) - 1), address);
#else
  typedef float float8 __attribute__((ext_vector_type(8)));
  typedef float float4 __attribute__((ext_vector_type(4)));
  typedef float float2 __attribute__((ext_vector_type(2)));
  // From the last float to the first: what was loaded before moves up by 2, 4 and 8 places.
  float4 four = 0;
  if (count & 1) four.x = address[count - 1];
  if (count & 2) {
    float2 two;
    memcpy(&two, address + (count & 12), sizeof two);
    four = __builtin_shufflevector(two, four.lo, 0, 1, 2, 3);
  }
  float8 eight = __builtin_shufflevector(four, (float4)0, 0, 1, 2, 3, 4, 5, 6, 7);
  if (count & 4) {
    float4 low;
    memcpy(&low, address + (count & 8), sizeof low);
    eight = __builtin_shufflevector(low, four, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  onlearn_float16 vector =
      __builtin_shufflevector(eight, (float8)0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  if (count & 8) {
    float8 low;
    memcpy(&low, address, sizeof low);
    vector = __builtin_shufflevector(low, eight, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
  return onlearn_choose(onlearn_first((int32_t)count), vector, padding);
#endif
}

// Replaces the `count` floats at `address`, fewer than 16, by the first of `vector`.
ONLEARN_INLINE void onlearn_store_first(onlearn_float16 vector, float *address, ptrdiff_t count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(address, (__mmask16)((1u << count) - 1), (__m512)vector);
#else
  if (count & 8) {
    memcpy(address, &vector, 32);
    vector.lo = vector.hi;
  }
  if (count & 4) {
    memcpy(address + (count & 8), &vector, 16);
    vector.lo.lo = vector.lo.hi;
  }
  if (count & 2) {
    memcpy(address + (count & 12), &vector, 8);
    vector.x = vector.z;
  }
  if (count & 1) address[count - 1] = vector.x;
#endif
}

// `x` without its fraction; the least integer for NaN and for what does not fit.
ONLEARN_INLINE int64_t onlearn_truncate(double x) {
#if defined(__x86_64__)
  return _mm_cvttsd_si64(_mm_set_sd(x));
#else
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
#endif
}

// `vector`, as if it came from elsewhere: the optimiser otherwise takes a loop's accumulators apart for the sake of a
// sum across them that comes after the loop.
ONLEARN_INLINE onlearn_float16 onlearn_settled(onlearn_float16 vector) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(vector));
#elif defined(__AVX__)
  __asm__("" : "+x"(vector.lo), "+x"(vector.hi));
#elif defined(__x86_64__)
  __asm__("" : "+x"(vector.lo.lo), "+x"(vector.lo.hi), "+x"(vector.hi.lo), "+x"(vector.hi.hi));
#elif defined(__aarch64__)
  __asm__("" : "+w"(vector.lo.lo), "+w"(vector.lo.hi), "+w"(vector.hi.lo), "+w"(vector.hi.hi));
#endif
  return vector;
}

// The sum of all elements, added in a tree.
ONLEARN_INLINE float onlearn_sum(onlearn_float16 vector) {
  vector = onlearn_settled(vector);
  typedef float float8 __attribute__((ext_vector_type(8)));
  typedef float float4 __attribute__((ext_vector_type(4)));
  float8 eight = vector.lo + vector.hi;
  float4 four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}

// The upper 8, 4, 2 and 1 of the first 16, 8, 4 and 2 elements, first; what follows them is of no use.
ONLEARN_INLINE onlearn_float16 onlearn_upper8(onlearn_float16 v) {
  return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}
ONLEARN_INLINE onlearn_float16 onlearn_upper4(onlearn_float16 v) {
  return __builtin_shufflevector(v, v, 4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15);
}
ONLEARN_INLINE onlearn_float16 onlearn_upper2(onlearn_float16 v) {
  return __builtin_shufflevector(v, v, 2, 3, 2, 3, 6, 7, 6, 7, 10, 11, 10, 11, 14, 15, 14, 15);
}
ONLEARN_INLINE onlearn_float16 onlearn_upper1(onlearn_float16 v) {
  return __builtin_shufflevector(v, v, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15);
}

// The elements of `a` where the byte at `condition` is 1, those of `b` where it is 0.
ONLEARN_INLINE onlearn_float16 onlearn_select(const void *condition, onlearn_float16 a, onlearn_float16 b) {
  typedef int8_t int8x16 __attribute__((ext_vector_type(16)));
  int8x16 bytes;
  memcpy(&bytes, condition, sizeof bytes);
  onlearn_int16 mask = -__builtin_convertvector(bytes, onlearn_int16);
  return (onlearn_float16)(((onlearn_int16)a & mask) | ((onlearn_int16)b & ~mask));
}

#endif
