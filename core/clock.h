/* The clock that all times of a run are told by. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, as perf's records have it (core/perf/stream.h). Any thread, and signal-safe. */
uint64_t clock_now_ns(void);

#endif
