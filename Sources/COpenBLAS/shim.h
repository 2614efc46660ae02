#include <cblas.h>
#include <lapacke.h>
#include <stdlib.h>

// Ends the threads that OpenBLAS started for itself, where its build has any; they start again when products are to
// use more than one.
extern int blas_thread_shutdown_(void) __attribute__((weak));

static inline void onlearn_end_blas_threads(void) {
  if (blas_thread_shutdown_) blas_thread_shutdown_();
}

// Make OpenBLAS forget which kernels it uses, and choose as `OPENBLAS_CORETYPE` or the processor says, where its build has
// more than one kind.
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void gotoblas_dynamic_init(void) __attribute__((weak));

// Makes OpenBLAS use its kernels for the processor `name`, if the environment leaves the choice to it. Nothing may be
// multiplied meanwhile.
static inline void onlearn_choose_blas_core(const char *name) {
  static const char variable[] = "OPENBLAS_CORETYPE";
  if (!gotoblas_dynamic_quit || !gotoblas_dynamic_init || getenv(variable) || setenv(variable, name, 0) != 0) return;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(variable);
}
