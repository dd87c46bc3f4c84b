/* Puts waits together that are alike and close in time, so that a recording grows with time and
 * stacks, not with the number of switches: a ping-pong has half a million of them a second. */
#ifndef CPU_OFFCPU_WINDOW_H
#define CPU_OFFCPU_WINDOW_H

#include "cpu/offcpu.h"

#include "core/recording.h"

#include <stdint.h>

struct offcpu_window;

/* The recording has the types of enum offcpu_type, and must outlive it. */
struct offcpu_window *offcpu_window_new(struct recording *recording);
void offcpu_window_free(struct offcpu_window *window);

/* Adds `ns` to the sample's value of the one type and 1 to that of the other (OFFCPU_N_TYPES:
 * none). Samples must come in time order. */
void offcpu_window_add(struct offcpu_window *window, struct sample sample, enum offcpu_type ns_type,
                       uint64_t ns, enum offcpu_type count_type);
/* Hands over to the recording what is held back. */
void offcpu_window_flush(struct offcpu_window *window);

#endif
