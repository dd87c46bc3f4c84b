/* Reads lines of "address type name [module]". */
#include "core/symbolize/kallsyms.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/symbol_table.h"
#include "core/symbolize/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 200,000 symbols are 10 MB. */
enum { MAX_BYTES = 1 << 28 };

struct kernel_symbol {
	uint64_t address;
	const char *name;
	const char *module; /* "[nf_tables]"; "": the kernel itself */
};

struct kernel_symbols {
	struct kernel_symbol *symbols;
	size_t n_symbols;
	size_t symbols_capacity;
	size_t n_hidden; /* shown with address 0 */
};

static int compare_addresses(const void *left, const void *right)
{
	const struct kernel_symbol *a = left;
	const struct kernel_symbol *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	/* Of two names the later one wins in the table: memcpy over __memcpy, for `_` sorts first.
	 */
	return strcmp(a->name, b->name);
}

/* strtoull(text, rest, 16) of digits as the kernel prints them; there are hundred thousands. */
static uint64_t read_address(char *text, char **rest)
{
	uint64_t address = 0;

	for (*rest = text;; ++*rest) {
		char c = **rest;

		if (c >= '0' && c <= '9')
			address = address << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			address = address << 4 | (uint64_t)(c - 'a' + 10);
		else
			return address;
	}
}

/* Cuts the line up in place. */
static void read_line(struct kernel_symbols *list, char *line)
{
	char *rest;
	uint64_t address = read_address(line, &rest);
	char *name, *module;

	if (rest == line || *rest != ' ' || !strchr("tTwW", rest[1]) || rest[2] != ' ')
		return;
	name = rest + 3;
	rest = name + strcspn(name, " \t");
	module = rest + strspn(rest, " \t");
	*rest = 0;
	if (!address)
		list->n_hidden++;
	else
		*ARRAY_APPEND(list->symbols, list->n_symbols, list->symbols_capacity) =
		    (struct kernel_symbol){address, name, module};
}

/* The kernel lists its own symbols in order, but for those of one address, and then its modules'.
 */
static void sort_symbols(struct kernel_symbols *list)
{
	size_t first = 0;

	for (size_t i = 1; i < list->n_symbols; i++) {
		if (list->symbols[i].address < list->symbols[i - 1].address) {
			qsort(list->symbols, list->n_symbols, sizeof(*list->symbols),
			      compare_addresses);
			return;
		}
	}
	for (size_t i = 1; i <= list->n_symbols; i++) {
		if (i < list->n_symbols && list->symbols[i].address == list->symbols[first].address)
			continue;
		if (i - first > 1)
			qsort(list->symbols + first, i - first, sizeof(*list->symbols),
			      compare_addresses);
		first = i;
	}
}

/* To the next symbol of the same module. Nothing says where a module ends: no farther than the page
 * after the one that its last symbol is in, say. */
static uint64_t end_of(const struct kernel_symbol *symbol, const struct kernel_symbol *next)
{
	const uint64_t page = 4096;
	uint64_t limit = (symbol->address & -page) + 2 * page;

	if (!next)
		return limit;
	if (next->address < limit || !strcmp(next->module, symbol->module))
		return next->address;
	return limit;
}

static void add_to_table(struct symbol_table *table, const struct kernel_symbols *list)
{
	for (size_t i = 0; i < list->n_symbols; i++) {
		const struct kernel_symbol *symbol = &list->symbols[i];
		size_t next = i + 1;

		while (next < list->n_symbols && list->symbols[next].address == symbol->address)
			next++;
		symbol_table_add(
		    table, symbol->address,
		    end_of(symbol, next < list->n_symbols ? &list->symbols[next] : NULL), 0,
		    symbol->name);
	}
}

int kallsyms_load(struct symbol_table *table, const char *path, struct diag *diag)
{
	struct kernel_symbols list = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len;
	char *text = fd < 0 ? NULL : file_read_whole(fd, MAX_BYTES, &len);
	char *position;
	int err = 0;

	if (!text)
		err = diag_fail(diag, errno, "cannot read %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	position = symbol_table_keep(table, text);
	for (char *line; (line = strsep(&position, "\n"));)
		read_line(&list, line);
	sort_symbols(&list);
	add_to_table(table, &list);
	if (!list.n_symbols)
		err = diag_fail(diag, EPERM,
		                "the kernel %s; run as root, or: sysctl kernel.kptr_restrict=0 "
		                "kernel.perf_event_paranoid=1",
		                list.n_hidden ? "hides its addresses" : "tells no symbols");
	free(list.symbols);
	return err;
}
