// What Swift cannot say itself: instructions of the processor, as inline functions, and what the
// compiler was told about the machine it builds for.
#ifndef ONLEARN_INTRINSICS_H
#define ONLEARN_INTRINSICS_H

// For the set of processors in <sched.h>.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

// 1 where a fused multiply-add is one instruction. Without it `addingProduct` on a SIMD vector is a
// library call per element, so kernels then write `a * b + c`. An integer macro is a constant to Swift.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define ONLEARN_HAS_FMA 1
#else
#define ONLEARN_HAS_FMA 0
#endif

// 1 where a vector of 16 floats is one register, of which there are 32.
#if defined(__AVX512F__)
#define ONLEARN_HAS_WIDE_REGISTERS 1
#else
#define ONLEARN_HAS_WIDE_REGISTERS 0
#endif

// Tells the core that this is a spin loop.
static inline void onlearn_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

// Makes this thread treat numbers too small for the normal form as zero, in operands and results, and
// returns what `onlearn_restore_denormals` needs to undo it. Such numbers are a hundred times slower.
static inline uint64_t onlearn_flush_denormals(void) {
#if defined(__x86_64__)
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(before));
  __asm__ __volatile__("msr fpcr, %0" : : "r"(before | (UINT64_C(1) << 24)));
  return before;
#else
  return 0;
#endif
}

// Undoes `onlearn_flush_denormals`.
static inline void onlearn_restore_denormals(uint64_t before) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
  __asm__ __volatile__("msr fpcr, %0" : : "r"(before));
#else
  (void)before;
#endif
}

// Asks for the cache line of `address`.
static inline void onlearn_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif

// The processors a thread may run on, 8192 at most: an array of words, so that the macros of <sched.h> are not needed.
enum { ONLEARN_CORE_WORDS = 8192 / (8 * sizeof(unsigned long)), ONLEARN_WORD_BITS = 8 * sizeof(unsigned long) };

// Sets the ONLEARN_CORE_WORDS words of `mask` to the cores that this thread may run on; to none, and -1, if the
// system does not say.
static inline int onlearn_get_cores(unsigned long *mask) {
  memset(mask, 0, ONLEARN_CORE_WORDS * sizeof *mask);
#if defined(__linux__)
  return sched_getaffinity(0, ONLEARN_CORE_WORDS * sizeof *mask, (cpu_set_t *)mask);
#else
  return -1;
#endif
}

// Lets this thread, and those that it makes, run on the cores of `mask` only; -1, and nothing changes, if it may not.
static inline int onlearn_set_cores(const unsigned long *mask) {
#if defined(__linux__)
  return sched_setaffinity(0, ONLEARN_CORE_WORDS * sizeof *mask, (const cpu_set_t *)mask);
#else
  (void)mask;
  return -1;
#endif
}

// The number of cores this process may run on, at least 1.
static inline int onlearn_core_count(void) {
#if defined(__linux__)
  unsigned long mask[ONLEARN_CORE_WORDS];
  if (onlearn_get_cores(mask) > -1) {
    int count = 0;
    for (int i = 0; i < ONLEARN_CORE_WORDS; i++) count += __builtin_popcountl(mask[i]);
    if (count > 0) return count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
#else
  return 1;
#endif
}

// The core that this thread runs on at the moment, or -1.
static inline int onlearn_current_core(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Makes this thread go on on another core than `core` if it may; it may come back later.
static inline void onlearn_leave_core(int core) {
  unsigned long all[ONLEARN_CORE_WORDS], others[ONLEARN_CORE_WORDS];
  if (core < 0 || core >= 8192 || onlearn_get_cores(all) < 0) return;
  memcpy(others, all, sizeof all);
  others[core / ONLEARN_WORD_BITS] &= ~(1UL << (core % ONLEARN_WORD_BITS));
  // Fails, and changes nothing, where there is no other core.
  if (onlearn_set_cores(others) == 0) onlearn_set_cores(all);
}

#if defined(__x86_64__)
// Which registers the system keeps when threads take turns, as the processor's register XCR0 says; 0 if none are told.
static inline unsigned onlearn_kept_registers(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// The bits of `onlearn_kept_registers` for vectors of 256 bits, and of 512.
enum { ONLEARN_KEEPS_AVX = 0x06, ONLEARN_KEEPS_AVX512 = 0xE6 };
#endif

// How this processor can compute with vectors of floats: 1 for SSE2, 2 for AVX, 3 for AVX2 with fused multiply-add, 4 for
// AVX-512; 0 for processors of another kind.
static inline int onlearn_vector_level(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d, more, kept = onlearn_kept_registers();
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_AVX) == 0 || (kept & ONLEARN_KEEPS_AVX) != ONLEARN_KEEPS_AVX) return 1;
  if (!__get_cpuid_count(7, 0, &a, &more, &b, &d) || (more & bit_AVX2) == 0 || (c & bit_FMA) == 0) return 2;
  return (more & bit_AVX512F) != 0 && (kept & ONLEARN_KEEPS_AVX512) == ONLEARN_KEEPS_AVX512 ? 4 : 3;
#else
  return 0;
#endif
}
#endif
