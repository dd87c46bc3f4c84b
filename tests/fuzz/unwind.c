/* An ELF file's unwind tables: headers, search table, CIEs, FDEs and their instructions. */
#include "tests/fuzz/fuzz.h"

#include "core/unwind/fde.h"
#include "core/unwind/rule.h"
#include "core/unwind/unwind.h"
#include "core/walk/elf_image.h"
#include "core/walk/unwind_index.h"

#include <stdio.h>

void fuzz_add_seeds(void)
{
	static const char source[] =
	    "printf 'int g(int); int f(int x) { return x ? g(x - 1) * f(x - 1) : 1; }\\n"
	    "int g(int x) { int a[x]; return f(x) + a[0]; } int main(int c, char **v) { return "
	    "f(c); "
	    "}\\n' | gcc -O2 -o $out -xc - ";
	char *commands[] = {"", "-static-pie -nostdlib -Wl,-e,main", "-fno-omit-frame-pointer -s"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		char command[1024];

		snprintf(command, sizeof(command), "%s%s 2>/dev/null", source, commands[i]);
		fuzz_seed_made_by(command);
	}
}

static void ask_all(const struct unwind_tables *tables, uint64_t from, uint64_t to)
{
	for (uint64_t vaddr = from; vaddr < to; vaddr += 5) {
		unwind_rule_decode(tables, vaddr);
		unwind_rule_of_made_return(tables, vaddr);
	}
}

static void read_all(const struct unwind_tables *tables)
{
	struct unwind_index *index = unwind_index_new();
	struct unwind_tables without = {.eh_frame = tables->eh_frame}, made;
	struct unwind_fde fde = {.offset = 0};
	size_t offset = 0;

	while (unwind_fde_next(&tables->eh_frame, &offset, &fde) == FDE_FOUND) {
		unwind_slots_of_fde(&tables->eh_frame, &fde);
		ask_all(tables, fde.start, fde.start + 40);
	}
	made = unwind_index_tables(index, 1, &without);
	ask_all(&made, 0x1000, 0x1100);
	ask_all(tables, 0x1000, 0x1100);
	unwind_index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct elf_image image;
	uint64_t bias;

	if (elf_image_parse(&image, bytes, len))
		return 0;
	elf_image_load_bias(&image, 0x555555554000, 0x1000, true, &bias);
	read_all(&image.tables);
	return 0;
}
