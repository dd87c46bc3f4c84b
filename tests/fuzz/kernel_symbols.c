/* /proc/kallsyms. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/kallsyms.h"
#include "core/symbolize/symbol_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_add_seeds(void)
{
	static const char symbols[] = "ffffffff81000000 T _stext\nffffffff81000100 t do_work\n"
	                              "ffffffff81000100 T __do_work\nffffffff81000200 D data\n"
	                              "ffffffffc0000000 t module_function\t[module]\n";

	fuzz_seed(symbols, strlen(symbols));
	fuzz_seed("0000000000000000 T _stext\n", 26);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);
	char *path = xasprintf("/proc/self/fd/%d", fd);
	struct symbol_table *table = symbol_table_new();
	struct diag diag;

	kallsyms_load(table, path, &diag);
	for (uint64_t address = 0xffffffff80ffff00; address < 0xffffffff81000300; address += 32)
		symbol_table_find(table, address);
	symbol_table_free(table);
	free(path);
	close(fd);
	return 0;
}
