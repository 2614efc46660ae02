// Counts what a program takes from the heap. Link the target into an executable only: it replaces
// malloc and its relatives by ones that count while told to, and otherwise do what the C library's do.
#ifndef ONLEARN_ALLOCATION_COUNTER_H
#define ONLEARN_ALLOCATION_COUNTER_H

#include <stdint.h>

// Starts counting at zero, in all threads.
void onlearn_allocations_start(void);

// Stops counting. Returns how many blocks were asked for since the start, or -1 where counting is not
// possible: with another C library than glibc, or under a sanitizer, which replaces malloc itself.
int64_t onlearn_allocations_stop(void);

// The bytes of all blocks that are in use, as far as the C library counts them; -1 where it does not.
int64_t onlearn_allocated_bytes(void);

// Keeps memory that is freed for whoever asks next, 256 MiB of it, blocks of up to 32 MiB included. The messages of a
// training step have megabytes; what goes back to the system has to be filled with zeros again at the next step.
void onlearn_keep_freed_memory(void);

#endif
