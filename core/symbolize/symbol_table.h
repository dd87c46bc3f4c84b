/* Named address ranges: what ELF symbols, kallsyms and perf maps have in common.
 *
 * Names are not copied: the text must live as long as the table, or be given to it
 * to keep. Not thread-safe.
 */
#ifndef CORE_SYMBOLIZE_SYMBOL_TABLE_H
#define CORE_SYMBOLIZE_SYMBOL_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct symbol_table;

struct symbol_table *symbol_table_new(void);
void symbol_table_free(struct symbol_table *table);

/* Overlaps are settled as interval_map.h says. */
void symbol_table_add(struct symbol_table *table, uint64_t start, uint64_t end, uint32_t precedence,
                      const char *name);

/* The table frees the text when it is freed itself. Returns it. */
char *symbol_table_keep(struct symbol_table *table, char *text);

size_t symbol_table_count(const struct symbol_table *table);

/* NULL: no symbol holds the address. */
const char *symbol_table_find(struct symbol_table *table, uint64_t address);
/* The same, with the symbol's addresses [*start, *end). */
const char *symbol_table_find_range(struct symbol_table *table, uint64_t address, uint64_t *start,
                                    uint64_t *end);

/* The name added as the i-th, from 0; NULL: there are no more. */
const char *symbol_table_name(const struct symbol_table *table, size_t i);

#endif
