// What Swift cannot say itself: instructions of the processor, as inline functions, and what the
// compiler was told about the machine it builds for.
#ifndef ONLEARN_INTRINSICS_H
#define ONLEARN_INTRINSICS_H

#include <stdint.h>

// 1 where a fused multiply-add is one instruction. Without it `addingProduct` on a SIMD vector is a
// library call per element, so kernels then write `a * b + c`. An integer macro is a constant to Swift.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define ONLEARN_HAS_FMA 1
#else
#define ONLEARN_HAS_FMA 0
#endif

#endif
