/* Writes over malloc's own memory, or over the tables of the library that records it, as its
 * argument says, and ends with status 5: "leak-damage HOW". A block of 100 is lost, and 1,000 of 40
 * are held in a list. Says on stdout that it lived. */
#include "mem/live_entry.h"
#include "mem/wire.h"
#include "tests/programs/leak.h"
#include "tests/programs/noise.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>

enum { N_BLOCKS = 1000, BINS_WORDS = 254, WORDS_BEFORE_BINS = 12, NEXT_WORD = BINS_WORDS + 2 };

static void **volatile list;
static void *volatile of_thread;

LEAK_APART void allocate(void)
{
	for (int i = 0; i < N_BLOCKS; i++) {
		void **block = take(40);

		*block = (void *)list;
		list = block;
	}
	take(100);
	clear_stack();
}

/* The main arena's bins: a freed block that is alone in the unsorted bin, the first, points there.
 */
static uint64_t *bins(void)
{
	uint64_t *block = malloc(3000);
	void *volatile behind = malloc(100); /* keeps it from the uppermost chunk */

	release(block);
	free(behind);
	return (uint64_t *)*(uint64_t *volatile)block + 2;
}

static void *take_in_thread(void *ignored)
{
	of_thread = take(500);
	return ignored;
}

/* The first words of the heap of another arena. */
static uint64_t *other_heap(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_in_thread, NULL) || pthread_join(thread, NULL))
		abort();
	return (uint64_t *)((uintptr_t)of_thread & -(UINT64_C(1) << 26));
}

/* NULL: nobody records. */
static struct live_facts *facts(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	struct live_facts *found = NULL;
	char line[500];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, offset;

		if (strstr(line, "memfd:profile-scenario") &&
		    sscanf(line, "%lx-%*x %*s %lx", &start, &offset) == 2 && !offset)
			found = (struct live_facts *)(uintptr_t)((struct wire_image *)start)->facts;
	}
	if (maps)
		fclose(maps);
	return found;
}

static struct live_table *tables(void)
{
	struct live_facts *recorder = facts();

	return recorder ? (struct live_table *)(uintptr_t)recorder->tables : NULL;
}

static void damage_nothing(void)
{
}

/* Of chunks in use, a word before the block. */
static void damage_sizes(void)
{
	for (uint64_t *block = (uint64_t *)list; block; block = (uint64_t *)*block)
		block[-1] = noise();
}

static void damage_sizes_to_0(void)
{
	for (uint64_t *block = (uint64_t *)list; block; block = (uint64_t *)*block)
		block[-1] = 0;
}

/* Of the uppermost chunk. */
static void damage_top(void)
{
	uint64_t *top = (uint64_t *)bins()[-2];

	scribble(top, 2 * sizeof(*top));
}

static void damage_bins(void)
{
	scribble(bins(), BINS_WORDS * sizeof(uint64_t));
}

static void damage_arena(void)
{
	scribble(bins() - WORDS_BEFORE_BINS,
	         (NEXT_WORD + WORDS_BEFORE_BINS + 4) * sizeof(uint64_t));
}

/* Arenas that never come back to the first. */
static void damage_ring(void)
{
	uint64_t *next = &bins()[NEXT_WORD];

	other_heap();
	*next = (uint64_t)(next - 1);
}

/* Heaps that lead from one to itself, and in size beyond all memory. */
static void damage_heap(void)
{
	uint64_t *heap = other_heap();

	heap[1] = (uint64_t)heap;
	heap[2] = heap[3] = UINT64_MAX / 2;
}

/* What a block with a mapping to itself says before it. */
static void damage_mapped(void)
{
	uint64_t *block = of_thread = take(1 << 20);

	block[-2] = noise();
	block[-1] = noise() | 2;
}

static void damage_facts(void)
{
	if (facts())
		scribble(facts(), sizeof(struct live_facts));
}

static void damage_tables(void)
{
	struct live_table *each = tables();

	if (each)
		scribble(each, facts()->n_tables * sizeof(*each));
}

/* What of the first of them is in use. */
static void damage_entries(void)
{
	struct live_table *first = tables();
	uint64_t *entries = first ? (uint64_t *)(uintptr_t)first->entries : NULL;

	for (size_t i = 0, n = 0; entries && n < N_BLOCKS / 2; i++)
		if (entries[i]) {
			entries[i] = noise();
			n++;
		}
}

/* Where libc has search trees of its own, one that is too large; in a variable that it does not
 * read, and not the program's copy of it. */
static void damage_tree(void)
{
	enum { N_NODES = (1 << 18) + 1 };
	void *libc = dlopen("libc.so.6", RTLD_LAZY), ***nodes = take(N_NODES * sizeof(*nodes));

	for (size_t i = 0; i < N_NODES; i++)
		nodes[i] = take(3 * sizeof(**nodes));
	for (size_t i = 0; i < N_NODES; i++) {
		nodes[i][0] = nodes[i];
		for (size_t child = 1; child <= 2 && 2 * i + child < N_NODES; child++)
			nodes[i][child] = nodes[2 * i + child];
	}
	if (!libc || !dlsym(libc, "optarg"))
		abort();
	*(void **)dlsym(libc, "optarg") = nodes[0];
	free(nodes);
	clear_stack();
}

static const struct {
	const char *how;
	void (*make)(void);
} damages[] = {
    {"nothing", damage_nothing}, {"sizes", damage_sizes},   {"sizes-to-0", damage_sizes_to_0},
    {"top", damage_top},         {"bins", damage_bins},     {"arena", damage_arena},
    {"ring", damage_ring},       {"heap", damage_heap},     {"mapped", damage_mapped},
    {"facts", damage_facts},     {"tables", damage_tables}, {"entries", damage_entries},
    {"tree", damage_tree},
};

int main(int argc, char **argv)
{
	allocate();
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		if (argc == 2 && !strcmp(argv[1], damages[i].how)) {
			damages[i].make();
			if (write(1, "lived\n", 6) == 6)
				_exit(5);
		}
	return 2;
}
