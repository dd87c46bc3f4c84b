/* The limit of open files: raised for ourselves, as it was for the programs that we launch. */
#ifndef CORE_DESCRIPTORS_H
#define CORE_DESCRIPTORS_H

#include <stdint.h>

/* Raises it to `wanted`, or as far as we may. Returns the limit. */
uint64_t descriptors_raise(uint64_t wanted);

/* In a launched child: back to what it was before the first raise. Async-signal-safe. */
void descriptors_restore(void);

#endif
