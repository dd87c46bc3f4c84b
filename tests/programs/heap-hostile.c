/* Writes over the memory that it shares with the recorder, as its argument says, and goes on:
 * "heap-hostile HOW [PATH]". Says on stdout that it lived. Alone, or where there is no such memory,
 * it does no more than that. */
#include "mem/wire.h"
#include "tests/programs/noise.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *shared;

static void find_shared(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[500];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, offset;

		if (strstr(line, "memfd:profile-scenario") &&
		    sscanf(line, "%lx-%*x %*s %lx", &start, &offset) == 2 && !offset)
			shared = (char *)start;
	}
	if (maps)
		fclose(maps);
}

static struct wire_image *image(void)
{
	return (struct wire_image *)shared;
}

static struct wire_section *section(uint32_t number)
{
	return (struct wire_section *)(shared + WIRE_SECTIONS_OFF + number * WIRE_SECTION_BYTES);
}

static void scribble_all(uint32_t number)
{
	char *start = (char *)section(number);

	scribble(start, sizeof(struct wire_section));
	section(number)->is_ready = 1;
	scribble(start + WIRE_MODULES_OFF, 100000);
	scribble(start + WIRE_TEXT_OFF, 100000);
	scribble(start + WIRE_SNAPSHOTS_OFF, 10000);
	scribble(start + WIRE_TREES_OFF, 10000);
	scribble(start + WIRE_COUNTERS_OFF, 100000);
}

/* Every stack's parent is itself, or the next. */
static void make_cycles(void)
{
	struct wire_node *nodes = (struct wire_node *)(shared + WIRE_NODES_OFF);

	for (uint32_t i = 1; i <= image()->n_nodes; i++)
		nodes[i].parent = i % 2 ? i : i + 1;
}

static void rename_modules(const char *path)
{
	struct wire_module *modules = (struct wire_module *)((char *)section(0) + WIRE_MODULES_OFF);

	strcpy((char *)section(0) + WIRE_TEXT_OFF, path);
	for (uint32_t i = 0; i < section(0)->n_modules; i++) {
		modules[i].path_off = 0;
		modules[i].path_len = (uint32_t)strlen(path);
		modules[i].build_id_len = 0;
	}
}

static void do_harm(const char *how, const char *path)
{
	if (!strcmp(how, "magic"))
		image()->magic = 0;
	if (!strcmp(how, "counts"))
		image()->n_nodes = image()->n_stacks = image()->n_sections = UINT32_MAX;
	if (!strcmp(how, "cycles"))
		make_cycles();
	if (!strcmp(how, "modules"))
		rename_modules(path);
	if (!strcmp(how, "noise")) {
		scribble(shared + WIRE_NODES_OFF, 100000);
		scribble(shared + WIRE_STACKS_OFF, 100000);
		scribble_all(0);
	}
	if (!strcmp(how, "sections")) {
		image()->n_stacks = WIRE_MAX_STACKS;
		image()->n_sections = WIRE_MAX_SECTIONS;
		for (uint32_t i = 1; i < WIRE_MAX_SECTIONS; i++)
			section(i)->is_ready = 1;
	}
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 100; i++)
		if (!malloc(10 + (size_t)i))
			return 1;
	find_shared();
	if (argc > 1 && shared)
		do_harm(argv[1], argc > 2 ? argv[2] : "");
	/* What is recorded from here on may be anywhere in there: the recorder of a process that
	 * does this may fail. */
	return write(STDOUT_FILENO, "lived\n", 6) != 6;
}
