/* How blocks hang together, each shape with its known answer: the table at the end. */
#include "tests/programs/leak.h"

#include <malloc.h>
#include <stdint.h>

/* 32 bytes. */
struct node {
	struct node *left;
	struct node *right;
	uint64_t words[2];
};

/* Roots. */
static void *volatile held;
static void *volatile also_held;

static struct node *make_node(struct node *left, struct node *right)
{
	struct node *node = (struct node *)take(sizeof(*node));

	node->left = left;
	node->right = right;
	return node;
}

/* The head. */
static struct node *make_list(int length)
{
	struct node *head = NULL;

	for (int i = 0; i < length; i++)
		head = make_node(head, NULL);
	return head;
}

static struct node *make_tree(int depth)
{
	return depth ? make_node(make_tree(depth - 1), make_tree(depth - 1)) : NULL;
}

static struct node *make_cycle(int length)
{
	struct node *head = make_list(length);
	struct node *last = head;

	while (last->left)
		last = last->left;
	last->left = head;
	return head;
}

static void nothing(void)
{
	free(take(100));
}

static void direct(void)
{
	take(100);
	take(200);
}

static void reachable(void)
{
	held = take(100);
	also_held = take(200);
}

static void list_lost(void)
{
	make_list(10);
}

static void list_held(void)
{
	held = make_list(10);
}

/* Three nodes are before the one that is held: only the first of them leads to the others. */
static void list_held_inside(void)
{
	held = make_list(10)->left->left->left;
}

static void two_way_list(void)
{
	struct node *last = NULL;

	for (int i = 0; i < 10; i++) {
		struct node *node = make_node(NULL, last);

		if (last)
			last->left = node;
		last = node;
	}
}

static void tree_lost(void)
{
	make_tree(5);
}

static void tree_held(void)
{
	held = make_tree(5);
}

/* As deep as there are nodes. */
static void deep_list(void)
{
	make_list(20000);
}

static void cycle(void)
{
	make_cycle(3);
}

static void points_to_itself(void)
{
	make_cycle(1);
}

/* Two blocks lead to one that leads to another. */
static void diamond(void)
{
	struct node *last = make_node(NULL, NULL);

	make_node(make_node(last, NULL), make_node(last, NULL));
}

/* Three rings; a fourth hangs on the first and the second. Its leader is the block with the lowest
 * address: as they enter it at another one, it stays a leak of its own. */
static void rings(void)
{
	struct node *shared = make_cycle(3);

	make_cycle(3)->right = shared;
	make_cycle(4)->right = shared;
	make_cycle(5);
}

/* They enter it at its leader. */
static void rings_by_leader(void)
{
	struct node *shared = make_cycle(3)->left->left;

	make_cycle(3)->right = shared;
	make_cycle(4)->right = shared;
	make_cycle(5);
}

/* Looked at in the order of their addresses, the first list is a leader, then the second one, to
 * which it belongs, then the third. */
static void absorbed(void)
{
	struct node *first = make_list(2);
	struct node *second = make_list(3);
	struct node *third = make_list(4);

	third->right = second;
	second->right = first;
}

/* A ring with what hangs on it, which belongs to another ring. */
static void absorbed_ring(void)
{
	struct node *first = make_cycle(4);

	first->right = make_tree(2);
	make_cycle(2)->right = first->left->left->left;
}

static void interior(void)
{
	held = (char *)take(100) + 8;
}

/* What a possibly lost block leads to is possibly lost. */
static void interior_list(void)
{
	held = &make_list(10)->words;
}

static void interior_of_lost(void)
{
	struct node *inner = make_list(2);

	make_node((struct node *)&inner->words, NULL);
}

/* By one way possibly, by another surely: the block itself, then what hangs on one. */
static void interior_and_start(void)
{
	char *block = (char *)take(100);

	held = block + 8;
	also_held = block;
}

static void possible_first(void)
{
	struct node *list = make_list(5);

	held = &list->words;
	also_held = make_node(make_node(list, NULL), NULL);
}

/* A reachable block leads into the middle of a list, whose first nodes are possibly lost. */
static void possible_to_reachable(void)
{
	struct node *list = make_list(6);

	held = &list->words;
	also_held = list->left->left;
}

/* Each node leads into the middle of the next. */
static void interior_chain(void)
{
	char *next = NULL;

	for (int i = 0; i < 5; i++)
		next = (char *)make_node((struct node *)next, NULL) + 16;
	held = next;
}

/* malloc gives 104 bytes for them. */
static void one_past_the_end(void)
{
	held = (char *)take(104) + 104;
}

static void last_byte(void)
{
	held = (char *)take(104) + 103;
}

static void before_the_start(void)
{
	held = (char *)take(100) - 8;
}

static void empty_held(void)
{
	held = take(0);
}

static void empty_lost(void)
{
	take(0);
	take(0);
}

static void misaligned(void)
{
	static struct {
		uint32_t before;
		void *volatile pointer;
	} __attribute__((packed, aligned(8))) packed;

	packed.pointer = take(100);
	__asm__ volatile("" ::"r"(&packed) : "memory");
}

static void misaligned_inside(void)
{
	char *block = (char *)take(64);
	void *lost = take(100);

	memcpy(block + 12, &lost, sizeof(lost));
	held = block;
}

static void hidden_by_xor(void)
{
	held = (void *)((uintptr_t)take(100) ^ UINT64_C(0x5a5a5a5a5a5a5a5a));
}

static void tagged(void)
{
	held = (void *)((uintptr_t)take(100) | 1);
}

/* The words of what was freed do not count. */
static void freed_head(void)
{
	struct node *head = make_list(10);

	held = head;
	release(head);
}

/* Nor do those that a free list of the allocator's leaves in it, or in its own memory. */
static void freed_many(void)
{
	void *blocks[40];

	for (int i = 0; i < 40; i++)
		blocks[i] = take(500);
	for (int i = 0; i < 40; i += 2)
		release(blocks[i]);
	for (int i = 1; i < 40; i += 2)
		((void **)blocks[i])[60] = i + 2 < 40 ? blocks[i + 2] : NULL;
	memset(blocks, 0, sizeof(blocks));
}

/* Large blocks go back to the allocator's top, or the kernel. */
static void freed_large(void)
{
	void **large = (void **)take(100000);
	void **huge = (void **)take(10000000);

	large[100] = take(10);
	huge[100] = take(20);
	held = large;
	also_held = huge;
	release(large);
	release(huge);
}

static void grown(void)
{
	struct node *list = make_list(3);
	void **words = (void **)take(16);

	words[0] = list;
	for (size_t size = 32; size <= 200000; size *= 2) {
		words = (void **)realloc(words, size);
		zeroed((char *)words + size / 2, size / 2);
	}
	held = words;
}

/* The last size is 131072. */
static void grown_lost(void)
{
	grown();
	held = NULL;
}

static void shrunk(void)
{
	void **words = (void **)take(4096);

	words[0] = take(50);
	words[200] = take(60);
	held = realloc(words, 64);
}

/* realloc(p, 0) frees. */
static void grown_from_nothing(void)
{
	held = zeroed(realloc(NULL, 77), 77);
	also_held = realloc(take(10), 0);
}

static void aligned(void)
{
	void *block;

	for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
		if (posix_memalign(&block, alignment, 100))
			abort();
		*(void **)zeroed(block, 100) = held;
		held = block;
	}
	zeroed(aligned_alloc(256, 512), 512);
	zeroed(memalign(4096, 4000), 4000);
}

static void aligned_inside(void)
{
	held = (char *)zeroed(memalign(4096, 1000), 1000) + 64;
	also_held = (char *)zeroed(memalign(4096, 1000), 1000) - 64;
}

/* Large enough to have a mapping to itself. Not larger: under valgrind blocks have addresses of 32 bits, and a clock's
 * nanoseconds may be one of them. */
static void huge_held(void)
{
	void **words = (void **)take(400000);

	for (int i = 0; i < 1000; i++)
		words[i * 50] = take(24);
	held = words;
}

static void huge_lost(void)
{
	huge_held();
	held = NULL;
}

static void huge_interior(void)
{
	huge_held();
	held = (char *)held + 200000;
}

/* Most of it was never touched. */
static void sparse(void)
{
	void **words = (void **)calloc(1, 1 << 28);

	words[(1 << 25) - 1] = take(24);
	held = words;
}

static void other_allocators(void)
{
	char *line = NULL;

	held = calloc(7, 11);
	also_held = strdup("twelve chars");
	if (asprintf(&line, "%s", "lost") < 0)
		abort();
}

/* A length, and then the memory that was asked for: sqlite's way. It is an array of so many bytes,
 * too. */
static void length_first(void)
{
	uint64_t *block = (uint64_t *)take(108);

	*block = 100;
	held = block + 1;
}

static void length_first_lost(void)
{
	length_first();
	held = NULL;
}

static void length_wrong(void)
{
	uint64_t *block = (uint64_t *)take(108);

	*block = 101;
	held = block + 1;
}

/* A list of such blocks: each leads to the next behind its length. */
static void length_list(void)
{
	uint64_t *next = NULL;

	for (int i = 0; i < 5; i++) {
		uint64_t *block = (uint64_t *)take(48);

		block[0] = 40;
		block[1] = (uint64_t)next;
		next = block + 1;
	}
	held = next;
}

/* Pieces of one block, of which each has a name that is a block of its own. */
static void pool_inside(void)
{
	struct node *pool = (struct node *)take(100 * sizeof(*pool));

	for (int i = 0; i < 100; i++)
		pool[i].right = (struct node *)take(10);
	held = &pool[40];
}

static void pool_held(void)
{
	struct node *pool = (struct node *)take(100 * sizeof(*pool));

	for (int i = 0; i < 100; i++)
		pool[i].right = (struct node *)take(10);
	held = pool;
}

/* More blocks than one page of anybody's tables holds. */
static void many(void)
{
	struct node *list = NULL;

	for (int i = 0; i < 5000; i++) {
		list = make_node(list, (struct node *)take((size_t)(i % 100) + 8));
		take(24);
	}
	held = list;
}

static const struct leak_case cases[] = {
    LEAKS("nothing", nothing, ""),
    LEAKS("direct", direct, "definite 300/2"),
    LEAKS("reachable", reachable, "reachable 300/2"),
    LEAKS("list-lost", list_lost, "definite 32/1 indirect 288/9"),
    LEAKS("list-held", list_held, "reachable 320/10"),
    LEAKS("list-held-inside", list_held_inside, "definite 32/1 indirect 64/2 reachable 224/7"),
    LEAKS("two-way-list", two_way_list, "definite 32/1 indirect 288/9"),
    LEAKS("tree-lost", tree_lost, "definite 32/1 indirect 960/30"),
    LEAKS("tree-held", tree_held, "reachable 992/31"),
    LEAKS("deep-list", deep_list, "definite 32/1 indirect 639968/19999"),
    LEAKS("cycle", cycle, "definite 32/1 indirect 64/2"),
    LEAKS("points-to-itself", points_to_itself, "definite 32/1"),
    LEAKS("diamond", diamond, "definite 32/1 indirect 96/3"),
    LEAKS("rings", rings, "definite 128/4 indirect 352/11"),
    LEAKS("rings-by-leader", rings_by_leader, "definite 96/3 indirect 384/12"),
    LEAKS("absorbed", absorbed, "definite 32/1 indirect 256/8"),
    LEAKS("absorbed-ring", absorbed_ring, "definite 32/1 indirect 256/8"),
    LEAKS("interior", interior, "possible 100/1"),
    LEAKS("interior-list", interior_list, "possible 320/10"),
    LEAKS("interior-of-lost", interior_of_lost, "definite 32/1 indirect 64/2"),
    LEAKS("interior-and-start", interior_and_start, "reachable 100/1"),
    LEAKS("interior-chain", interior_chain, "possible 160/5"),
    LEAKS("possible-first", possible_first, "reachable 224/7"),
    LEAKS("possible-to-reachable", possible_to_reachable, "possible 64/2 reachable 128/4"),
    LEAKS("one-past-the-end", one_past_the_end, "definite 104/1"),
    LEAKS("last-byte", last_byte, "possible 104/1"),
    LEAKS("before-the-start", before_the_start, "definite 100/1"),
    LEAKS("empty-held", empty_held, "reachable 0/1"),
    LEAKS("empty-lost", empty_lost, "definite 0/2"),
    LEAKS("misaligned", misaligned, "definite 100/1"),
    LEAKS("misaligned-inside", misaligned_inside, "definite 100/1 reachable 64/1"),
    LEAKS("hidden-by-xor", hidden_by_xor, "definite 100/1"),
    LEAKS("tagged", tagged, "possible 100/1"),
    LEAKS("freed-head", freed_head, "definite 32/1 indirect 256/8"),
    LEAKS("freed-many", freed_many, "definite 500/1 indirect 9500/19"),
    LEAKS("freed-large", freed_large, "definite 30/2"),
    LEAKS("grown", grown, "reachable 131168/4"),
    LEAKS("grown-lost", grown_lost, "definite 131072/1 indirect 96/3"),
    LEAKS("shrunk", shrunk, "definite 60/1 reachable 114/2"),
    LEAKS("grown-from-nothing", grown_from_nothing, "reachable 77/1"),
    LEAKS("aligned", aligned, "definite 4512/2 reachable 700/7"),
    LEAKS("aligned-inside", aligned_inside, "definite 1000/1 possible 1000/1"),
    LEAKS("huge-held", huge_held, "reachable 424000/1001"),
    LEAKS("huge-lost", huge_lost, "definite 400000/1 indirect 24000/1000"),
    LEAKS("huge-interior", huge_interior, "possible 424000/1001"),
    LEAKS("sparse", sparse, "reachable 268435480/2"),
    LEAKS("other-allocators", other_allocators, "definite 5/1 reachable 90/2"),
    LEAKS_BY("length64 newarray", "length-first", length_first, "reachable 108/1",
             "possible 108/1"),
    LEAKS("length-first-lost", length_first_lost, "definite 108/1"),
    LEAKS("length-wrong", length_wrong, "possible 108/1"),
    LEAKS_BY("length64 newarray", "length-list", length_list, "reachable 240/5", "possible 240/5"),
    LEAKS("pool-inside", pool_inside, "possible 4200/101"),
    LEAKS("pool-held", pool_held, "reachable 4200/101"),
    LEAKS("many", many, "definite 120000/5000 reachable 447500/10000"),
};

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
