/* The tables of report.txt: how large blocks were, how long they lived, threads, processes. */
#ifndef MEM_REPORTS_HEAP_TABLES_H
#define MEM_REPORTS_HEAP_TABLES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct heap_process;

/* 0: they cannot be told apart. */
uint64_t heap_tables_n_threads(const struct heap_process *processes, size_t n);

/* Of all these processes together. A table that would be empty, or the totals again (one thread,
 * one process), is left out. Leave checking the stream to who opened it. */
void heap_tables_write_sizes(const struct heap_process *processes, size_t n, FILE *out);
void heap_tables_write_lifetimes(const struct heap_process *processes, size_t n, FILE *out);
void heap_tables_write_threads(const struct heap_process *processes, size_t n, FILE *out);
void heap_tables_write_processes(const struct heap_process *processes, size_t n, FILE *out);

#endif
