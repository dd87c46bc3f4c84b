/* Names over an interval map. */
#include "core/symbolize/symbol_table.h"

#include "core/alloc.h"
#include "core/symbolize/interval_map.h"

#include <stdlib.h>

struct symbol_table {
	struct interval_map *ranges; /* address -> index of its name */
	const char **names;
	size_t n_names;
	size_t names_capacity;
	char **kept;
	size_t n_kept;
	size_t kept_capacity;
};

struct symbol_table *symbol_table_new(void)
{
	struct symbol_table *table = xcalloc(1, sizeof(*table));

	table->ranges = interval_map_new();
	return table;
}

void symbol_table_free(struct symbol_table *table)
{
	if (!table)
		return;
	interval_map_free(table->ranges);
	for (size_t i = 0; i < table->n_kept; i++)
		free(table->kept[i]);
	free(table->kept);
	free(table->names);
	free(table);
}

void symbol_table_add(struct symbol_table *table, uint64_t start, uint64_t end, uint32_t precedence,
                      const char *name)
{
	interval_map_add(table->ranges, start, end, precedence, (uint32_t)table->n_names);
	*ARRAY_APPEND(table->names, table->n_names, table->names_capacity) = name;
}

char *symbol_table_keep(struct symbol_table *table, char *text)
{
	*ARRAY_APPEND(table->kept, table->n_kept, table->kept_capacity) = text;
	return text;
}

size_t symbol_table_count(const struct symbol_table *table)
{
	return table->n_names;
}

const char *symbol_table_find(struct symbol_table *table, uint64_t address)
{
	uint64_t start, end;

	return symbol_table_find_range(table, address, &start, &end);
}

const char *symbol_table_find_range(struct symbol_table *table, uint64_t address, uint64_t *start,
                                    uint64_t *end)
{
	uint32_t index;

	return interval_map_find_range(table->ranges, address, &index, start, end)
	           ? table->names[index]
	           : NULL;
}

const char *symbol_table_name(const struct symbol_table *table, size_t i)
{
	return i < table->n_names ? table->names[i] : NULL;
}
