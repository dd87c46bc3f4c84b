/* --pages-as-heap: counts the pages that a process tree is given by mmap(2), brk(2) and their kin,
 * by tracing it; nothing is loaded into it. The calls are as the collector's hooks.
 */
#ifndef MEM_PAGES_PAGES_H
#define MEM_PAGES_PAGES_H

#include "mem/pages/space.h"

struct diag;
struct heap_run;
struct pages;
struct repeat;
struct target_end;

struct pages *pages_new(const struct pages_settings *settings);
void pages_free(struct pages *pages); /* NULL is fine */

int pages_in_child(const struct pages *pages);
int pages_start(struct pages *pages, const struct repeat *repeat, struct diag *diag);
int pages_fd(const struct pages *pages);
int pages_step(struct pages *pages, struct diag *diag);
bool pages_target_ended(struct pages *pages, struct target_end *end);
/* Lets go of what still runs, and fills the run. */
void pages_stop(struct pages *pages, struct heap_run *run);

#endif
