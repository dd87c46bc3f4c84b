/* This process's section of the shared memory. */
#ifndef MEM_PRELOAD_SECTION_H
#define MEM_PRELOAD_SECTION_H

#include "mem/timeline.h"

#include <stdbool.h>

/* Claims a section for this process: for the image itself at start, for a forked child at its first
 * event. False when there is none left; recording is then off. */
bool section_claim(void);

/* Gives the address space of all sections but this process's own back. Forked children then find
 * none left. */
void section_unmap_others(void);

/* Gives the shared memory back. */
void section_unmap_all(void);

struct timeline section_timeline(struct wire_section *section);

#endif
