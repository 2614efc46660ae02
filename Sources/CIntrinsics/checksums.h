// CRC-32C by instructions of the processor. A raw CRC is one that is not inverted.
#ifndef ONLEARN_CHECKSUMS_H
#define ONLEARN_CHECKSUMS_H

#include "intrinsics.h"

// The bytes of a block of `onlearn_crc32c_both`: the first half is folded, then come runs for the instruction.
enum {
  ONLEARN_CRC32C_STEPS = 31,
  ONLEARN_CRC32C_RUNS = 8,
  ONLEARN_CRC32C_RUN = 32 * ONLEARN_CRC32C_STEPS,
  ONLEARN_CRC32C_FOLDED = 256 * (ONLEARN_CRC32C_STEPS + 1),
  ONLEARN_CRC32C_BLOCK = ONLEARN_CRC32C_FOLDED + ONLEARN_CRC32C_RUNS * ONLEARN_CRC32C_RUN
};

#if defined(__x86_64__)
// Whether `onlearn_crc32c_hardware` may be called.
static inline int onlearn_has_crc32c(void) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

// Continues the raw CRC-32C `crc` over `count` bytes, eight at a time.
__attribute__((target("sse4.2"))) static inline uint32_t onlearn_crc32c_hardware(
    uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t state = crc;
  while (count >= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    state = _mm_crc32_u64(state, word);
    bytes += 8;
    count -= 8;
  }
  crc = (uint32_t)state;
  while (count > 0) {
    crc = _mm_crc32_u8(crc, *bytes);
    bytes++;
    count--;
  }
  return crc;
}

// Continues three CRCs over three neighbouring runs of `count` bytes each, a multiple of eight: the
// instruction takes three cycles but one can start in each. `crc` has the first run's CRC, and gets all three.
__attribute__((target("sse4.2"))) static inline void onlearn_crc32c_hardware3(
    uint32_t crc[3], const uint8_t *bytes, size_t count) {
  uint64_t a = crc[0], b = crc[1], c = crc[2];
  const uint8_t *end = bytes + count;
  while (bytes < end) {
    uint64_t x, y, z;
    memcpy(&x, bytes, 8);
    memcpy(&y, bytes + count, 8);
    memcpy(&z, bytes + 2 * count, 8);
    a = _mm_crc32_u64(a, x);
    b = _mm_crc32_u64(b, y);
    c = _mm_crc32_u64(c, z);
    bytes += 8;
  }
  crc[0] = (uint32_t)a;
  crc[1] = (uint32_t)b;
  crc[2] = (uint32_t)c;
}

// Whether `onlearn_crc32c_folding` may be called: the processor has the instructions, and the system keeps the
// registers.
static inline int onlearn_has_crc32c_folding(void) {
  unsigned a, b, c, d;
  return (onlearn_kept_registers() & ONLEARN_KEEPS_AVX512) == ONLEARN_KEEPS_AVX512 &&
         __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) != 0 && (c & bit_VPCLMULQDQ) != 0;
}

#define ONLEARN_FOLDING __attribute__((target("sse4.2,pclmul,avx512f,vpclmulqdq"))) static inline

// 256 bytes that stand for all bytes so far: a CRC over them is one over those.
typedef struct { __m512i a, b, c, d; } onlearn_crc32c_folded;

// `vector`, moved ahead over as many bits as `factors` are for, plus `next`. Both halves of each 16 bytes are
// polynomials, and are multiplied without carry.
ONLEARN_FOLDING __m512i onlearn_crc32c_fold(__m512i vector, __m512i factors, __m512i next) {
  __m512i low = _mm512_clmulepi64_epi128(vector, factors, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(vector, factors, 0x11);
  return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

// The first 256 bytes behind those of which `crc` is the raw CRC.
ONLEARN_FOLDING onlearn_crc32c_folded onlearn_crc32c_begin(uint32_t crc, const uint8_t *bytes) {
  __m512i before = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc));
  return (onlearn_crc32c_folded){
      _mm512_xor_si512(_mm512_loadu_si512(bytes), before), _mm512_loadu_si512(bytes + 64),
      _mm512_loadu_si512(bytes + 128), _mm512_loadu_si512(bytes + 192)};
}

// Adds the next 256 bytes.
//
// After V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009, with
// vectors of 64 bytes. A factor for n bits is x^(n ± 32) modulo the polynomial, reflected and shifted by one.
ONLEARN_FOLDING onlearn_crc32c_folded onlearn_crc32c_next(onlearn_crc32c_folded so_far, const uint8_t *bytes) {
  const __m512i by256 = _mm512_set4_epi64(0xb9e02b86, 0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4);
  return (onlearn_crc32c_folded){
      onlearn_crc32c_fold(so_far.a, by256, _mm512_loadu_si512(bytes)),
      onlearn_crc32c_fold(so_far.b, by256, _mm512_loadu_si512(bytes + 64)),
      onlearn_crc32c_fold(so_far.c, by256, _mm512_loadu_si512(bytes + 128)),
      onlearn_crc32c_fold(so_far.d, by256, _mm512_loadu_si512(bytes + 192))};
}

// The raw CRC of all bytes.
ONLEARN_FOLDING uint32_t onlearn_crc32c_end(onlearn_crc32c_folded all) {
  const __m512i by64 = _mm512_set4_epi64(0x9e4addf8, 0x740eef02, 0x9e4addf8, 0x740eef02);
  __m512i last = onlearn_crc32c_fold(all.a, by64, all.b);
  last = onlearn_crc32c_fold(last, by64, all.c);
  last = onlearn_crc32c_fold(last, by64, all.d);
  uint8_t rest[64];
  _mm512_storeu_si512(rest, last);
  return onlearn_crc32c_hardware(0, rest, sizeof rest);
}

// Continues the raw CRC-32C `crc` over `count` bytes, a positive multiple of 256.
ONLEARN_FOLDING uint32_t onlearn_crc32c_folding(uint32_t crc, const uint8_t *bytes, size_t count) {
  onlearn_crc32c_folded folded = onlearn_crc32c_begin(crc, bytes);
  for (size_t place = 256; place < count; place += 256) folded = onlearn_crc32c_next(folded, bytes + place);
  return onlearn_crc32c_end(folded);
}

// Whether `onlearn_crc32c_both` may be called and is the fastest: AMD's processors from Zen 5 on do two of the
// instruction in a cycle, as many bytes as they can fold, and both at the same time.
static inline int onlearn_has_fast_crc32c_both(void) {
  unsigned a, b, c, d;
  if (!onlearn_has_crc32c_folding() || !__get_cpuid(0, &a, &b, &c, &d)) return 0;
  if (b != signature_AMD_ebx || c != signature_AMD_ecx || d != signature_AMD_edx) return 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (a >> 8 & 15) + (a >> 20 & 255) >= 0x1A;
}

// Continues the raw CRC-32C `crc` over a block: folds its first half while the instruction goes over eight runs in the
// other.
ONLEARN_FOLDING uint32_t onlearn_crc32c_both(uint32_t crc, const uint8_t *block) {
  const uint8_t *folding = block, *runs = block + ONLEARN_CRC32C_FOLDED;
  onlearn_crc32c_folded folded = onlearn_crc32c_begin(crc, folding);
  uint64_t states[ONLEARN_CRC32C_RUNS] = {0};
  for (int step = 0; step < ONLEARN_CRC32C_STEPS; step++) {
    folding += 256;
    folded = onlearn_crc32c_next(folded, folding);
    // Runs are too short for the processor to guess where the next ones are; an address behind the end has no effect.
    for (int part = 0; part < 4; part++) __builtin_prefetch(folding + ONLEARN_CRC32C_BLOCK + 64 * part);
#pragma clang loop unroll(full)
    for (int run = 0; run < ONLEARN_CRC32C_RUNS; run++) {
      const uint8_t *next = runs + run * ONLEARN_CRC32C_RUN;
      if (step % 2 == 0) __builtin_prefetch(next + ONLEARN_CRC32C_BLOCK);
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) {
        uint64_t word;
        memcpy(&word, next + 8 * part, 8);
        states[run] = _mm_crc32_u64(states[run], word);
      }
    }
    runs += 32;
  }
  // What stands before a run counts as much as the bits behind it make it: x^(bits - 33) modulo the polynomial,
  // reflected; the instruction multiplies by x^32, and a product of reflected numbers by x.
  const uint64_t factors[ONLEARN_CRC32C_RUNS] = {0xf11494b6, 0x0d52770b, 0xb4b09dc1, 0x93189d18,
                                                 0xc776b648, 0xa52f58ec, 0x9a5ede41, 0x2178513a};
  uint64_t before = onlearn_crc32c_end(folded);
  __m128i sum = _mm_setzero_si128();
#pragma clang loop unroll(full)
  for (int run = 0; run < ONLEARN_CRC32C_RUNS; run++) {
    __m128i state = _mm_cvtsi64_si128((long long)before), factor = _mm_cvtsi64_si128((long long)factors[run]);
    sum = _mm_xor_si128(sum, _mm_clmulepi64_si128(state, factor, 0));
    before = states[run];
  }
  return (uint32_t)(_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(sum)) ^ before);
}
#else
static inline int onlearn_has_crc32c(void) { return 0; }
static inline int onlearn_has_crc32c_folding(void) { return 0; }
static inline int onlearn_has_fast_crc32c_both(void) { return 0; }
static inline uint32_t onlearn_crc32c_both(uint32_t crc, const uint8_t *block) {
  (void)block;
  return crc;
}
static inline uint32_t onlearn_crc32c_folding(uint32_t crc, const uint8_t *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return crc;
}
static inline uint32_t onlearn_crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return crc;
}
static inline void onlearn_crc32c_hardware3(uint32_t crc[3], const uint8_t *bytes, size_t count) {
  (void)crc;
  (void)bytes;
  (void)count;
}
#endif
#endif
