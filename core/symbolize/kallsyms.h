/* The kernel's own symbols and its modules', from /proc/kallsyms (proc(5)). */
#ifndef CORE_SYMBOLIZE_KALLSYMS_H
#define CORE_SYMBOLIZE_KALLSYMS_H

struct diag;
struct symbol_table;

/* `path` is /proc/kallsyms but in tests. A symbol reaches to the next one of its module. -EPERM
 * when the kernel hides the addresses, or another -errno, with a sentence. */
int kallsyms_load(struct symbol_table *table, const char *path, struct diag *diag);

#endif
