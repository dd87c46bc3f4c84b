/* Turns what was counted of pages into the processes of a run (mem/heap.h). */
#ifndef MEM_PAGES_READ_H
#define MEM_PAGES_READ_H

struct heap_run;
struct pages_client;

/* To be called before the images and stacks are freed. */
void pages_read(struct heap_run *run, const struct pages_client *client);

#endif
