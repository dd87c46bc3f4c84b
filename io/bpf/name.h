/* Gives a descriptor the name that /proc/PID/fd has for it, from what the kernel's side saw. */
#ifndef IO_BPF_NAME_H
#define IO_BPF_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct meter_name;

/* Cut to the buffer, as readlink(2) does. False: only /proc knows how to call it. */
bool bpf_name_format(const struct meter_name *name, char *text, size_t text_bytes);

#endif
