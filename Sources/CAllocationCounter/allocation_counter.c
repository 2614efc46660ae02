#include "allocation_counter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

static atomic_bool is_counting;
static _Atomic int64_t allocations;

// The C library's own functions under their second names; memory from them is freed by its `free`.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void count_allocation(void) {
  if (atomic_load_explicit(&is_counting, memory_order_relaxed)) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
  }
}

void *malloc(size_t size) {
  count_allocation();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  count_allocation();
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  count_allocation();
  int previous = errno;
  void *result = __libc_memalign(alignment, size);
  errno = previous;
  if (result == NULL) return ENOMEM;
  *block = result;
  return 0;
}

void onlearn_allocations_start(void) {
  atomic_store(&allocations, 0);
  atomic_store(&is_counting, true);
}

int64_t onlearn_allocations_stop(void) {
  atomic_store(&is_counting, false);
  return atomic_load(&allocations);
}

#else

void onlearn_allocations_start(void) {}

int64_t onlearn_allocations_stop(void) { return -1; }

#endif

#if defined(__GLIBC__)

int64_t onlearn_allocated_bytes(void) {
  struct mallinfo2 info = mallinfo2();
  return (int64_t)(info.uordblks + info.hblkhd);
}

void onlearn_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

#else

int64_t onlearn_allocated_bytes(void) { return -1; }

void onlearn_keep_freed_memory(void) {}

#endif
