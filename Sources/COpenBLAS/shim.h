#include <cblas.h>
#include <lapacke.h>

// Ends the threads that OpenBLAS started for itself, where its build has any; they start again when products are to
// use more than one.
extern int blas_thread_shutdown_(void) __attribute__((weak));

static inline void onlearn_end_blas_threads(void) {
  if (blas_thread_shutdown_) blas_thread_shutdown_();
}
