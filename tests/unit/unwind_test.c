/* Tests the shared unwinder on hand-made, real and damaged tables; readelf is the oracle for real
 * ones. */
#include "core/unwind/cache.h"
#include "core/unwind/rule.h"
#include "core/unwind/tables.h"
#include "core/unwind/unwind.h"

#include "core/alloc.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char libc_path[] = "/lib/x86_64-linux-gnu/libc.so.6";

enum { EH_FRAME_VADDR = 0x10000, HDR_VADDR = 0x8000, TEXT_VADDR = 0x400000 };

struct bytes {
	uint8_t data[4096];
	size_t n;
};

static void put(struct bytes *bytes, uint64_t value, size_t size)
{
	memcpy(bytes->data + bytes->n, &value, size);
	bytes->n += size;
}

static void put_many(struct bytes *bytes, const void *data, size_t size)
{
	memcpy(bytes->data + bytes->n, data, size);
	bytes->n += size;
}

/* Starts a CIE or FDE; returns where its length goes. */
static size_t begin_entry(struct bytes *bytes)
{
	put(bytes, 0, 4);
	return bytes->n - 4;
}

static void end_entry(struct bytes *bytes, size_t start)
{
	uint32_t length = (uint32_t)(bytes->n - start - 4);

	memcpy(bytes->data + start, &length, 4);
}

/* The CIE that gcc writes: CFA = RSP + 8, return address at CFA - 8, pc-relative 4-byte addresses.
 */
static void put_cie(struct bytes *bytes, const char *augmentation)
{
	static const uint8_t program[] = {0x0c, 7, 8, 0x80 | 16, 1};
	size_t start = begin_entry(bytes);

	put(bytes, 0, 4);
	put(bytes, 1, 1);
	put_many(bytes, augmentation, strlen(augmentation) + 1);
	put(bytes, 1, 1);    /* code alignment */
	put(bytes, 0x78, 1); /* data alignment -8 */
	put(bytes, 16, 1);
	put(bytes, 1, 1);
	put(bytes, 0x1b, 1);
	put_many(bytes, program, sizeof(program));
	end_entry(bytes, start);
}

/* Returns the FDE's offset. The CIE is at offset 0. */
static size_t put_fde(struct bytes *bytes, uint64_t start_vaddr, uint32_t size, const void *program,
                      size_t program_size)
{
	size_t start = begin_entry(bytes);

	put(bytes, bytes->n, 4);
	put(bytes, start_vaddr - (EH_FRAME_VADDR + bytes->n), 4);
	put(bytes, size, 4);
	put(bytes, 0, 1);
	put_many(bytes, program, program_size);
	end_entry(bytes, start);
	return start;
}

static struct unwind_tables tables_without_hdr(const struct bytes *eh_frame)
{
	return (struct unwind_tables){.eh_frame = {eh_frame->data, eh_frame->n, EH_FRAME_VADDR}};
}

#define RULE(kind_, offset, slot)                                                                  \
	{                                                                                          \
		.kind = UNWIND_RULE_##kind_, .cfa_offset = offset, .rbp_slot = slot                \
	}
#define PROGRAM(...) {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define PLT_EXPRESSION(threshold)                                                                  \
	0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, threshold, 0x2a, 0x33, 0x24, 0x22

struct program_case {
	const char *what;
	uint8_t program[48];
	size_t size;
	unsigned pc; /* from the start of the function, which is 256 bytes long */
	struct unwind_rule rule;
};

static const struct program_case program_cases[] = {
    {"nothing but the CIE", PROGRAM(0), 0, RULE(RSP, 1, 0)},
    {"before a push", PROGRAM(0x41, 0x0e, 16, 0x86, 2), 0, RULE(RSP, 1, 0)},
    {"after a push", PROGRAM(0x41, 0x0e, 16, 0x86, 2), 1, RULE(RSP, 2, 2)},
    {"a frame pointer", PROGRAM(0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6), 200, RULE(RBP, 2, 2)},
    {"advance_loc1", PROGRAM(0x02, 100, 0x0e, 32), 100, RULE(RSP, 4, 0)},
    {"advance_loc2", PROGRAM(0x03, 100, 0, 0x0e, 32), 99, RULE(RSP, 1, 0)},
    {"advance_loc4", PROGRAM(0x04, 100, 0, 0, 0, 0x0e, 32), 255, RULE(RSP, 4, 0)},
    {"def_cfa", PROGRAM(0x0c, 6, 16), 0, RULE(RBP, 2, 0)},
    {"def_cfa_sf, def_cfa_offset_sf", PROGRAM(0x12, 6, 0x7e, 0x13, 0x7d), 0, RULE(RBP, 3, 0)},
    {"offset_extended", PROGRAM(0x05, 6, 3), 0, RULE(RSP, 1, 3)},
    {"offset_extended_sf", PROGRAM(0x11, 6, 3), 0, RULE(RSP, 1, 3)},
    {"negative_offset_extended above the CFA", PROGRAM(0x2f, 6, 3), 0, RULE(COMPLEX, 0, 0)},
    {"restore", PROGRAM(0x86, 2, 0x41, 0xc6), 1, RULE(RSP, 1, 0)},
    {"restore_extended", PROGRAM(0x86, 2, 0x41, 0x06, 6), 1, RULE(RSP, 1, 0)},
    {"same_value", PROGRAM(0x86, 2, 0x41, 0x08, 6), 1, RULE(RSP, 1, 0)},
    {"remember and restore", PROGRAM(0x0a, 0x0e, 64, 0x86, 2, 0x41, 0x0b), 1, RULE(RSP, 1, 0)},
    {"remembered, not yet restored", PROGRAM(0x0a, 0x0e, 64, 0x86, 2, 0x41, 0x0b), 0,
     RULE(RSP, 8, 2)},
    {"args_size is passed over", PROGRAM(0x2e, 0x20, 0x0e, 16), 0, RULE(RSP, 2, 0)},
    {"other registers are passed over", PROGRAM(0x83, 5, 0x09, 3, 12, 0x10, 13, 2, 0x77, 8), 0,
     RULE(RSP, 1, 0)},
    {"set_loc", PROGRAM(0x01, 0xe3, 0xff, 0x3e, 0, 0x0e, 24), 16, RULE(RSP, 3, 0)},
    {"a frame of 1 MB", PROGRAM(0x0e, 0x88, 0x80, 0xc0, 0), 0, RULE(RSP, 131073, 0)},
    {"a frame of 16 MB", PROGRAM(0x0e, 0x80, 0x80, 0x80, 8), 0, RULE(COMPLEX, 0, 0)},
    {"an odd CFA", PROGRAM(0x0e, 12), 0, RULE(COMPLEX, 0, 0)},
    {"a CFA on r10", PROGRAM(0x0c, 10, 0), 0, RULE(COMPLEX, 0, 0)},
    {"a CFA expression", PROGRAM(0x0f, 3, 0x76, 0x78, 0x06), 0, RULE(COMPLEX, 0, 0)},
    {"RBP by an expression", PROGRAM(0x10, 6, 2, 0x76, 0), 0, RULE(COMPLEX, 0, 0)},
    {"RBP in another register", PROGRAM(0x09, 6, 3), 0, RULE(COMPLEX, 0, 0)},
    {"RSP by a rule", PROGRAM(0x14, 7, 1), 0, RULE(COMPLEX, 0, 0)},
    {"the return address elsewhere", PROGRAM(0x90, 2), 0, RULE(COMPLEX, 0, 0)},
    {"the first frame", PROGRAM(0x07, 16), 0, RULE(OUTERMOST, 0, 0)},
    {"lazy .plt", PROGRAM(PLT_EXPRESSION(0x3b)), 0, RULE(PLT, 11, 0)},
    {"IBT .plt", PROGRAM(PLT_EXPRESSION(0x39)), 0, RULE(PLT, 9, 0)},
    {"BND .plt", PROGRAM(PLT_EXPRESSION(0x35)), 0, RULE(PLT, 5, 0)},
    {"nearly a PLT", PROGRAM(0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x34, 0x24, 0x22),
     0, RULE(COMPLEX, 0, 0)},
    {"an unknown instruction", PROGRAM(0x3f), 0, RULE(BAD, 0, 0)},
    {"an instruction of another machine", PROGRAM(0x2d), 0, RULE(BAD, 0, 0)},
    {"restore without remember", PROGRAM(0x0b), 0, RULE(BAD, 0, 0)},
    {"an operand cut off", PROGRAM(0x0c, 7), 0, RULE(BAD, 0, 0)},
    {"a number without end", PROGRAM(0x0e, 0xff, 0xff), 0, RULE(BAD, 0, 0)},
    {"an expression longer than the rest", PROGRAM(0x0f, 0x7f, 0x77, 8), 0, RULE(BAD, 0, 0)},
};

static bool rules_equal(struct unwind_rule a, struct unwind_rule b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void assert_rule(const char *what, struct unwind_rule got, struct unwind_rule wanted)
{
	if (!rules_equal(got, wanted))
		fail_msg("%s: kind %u cfa %u rbp %u, expected kind %u cfa %u rbp %u", what,
		         (unsigned)got.kind, (unsigned)got.cfa_offset, (unsigned)got.rbp_slot,
		         (unsigned)wanted.kind, (unsigned)wanted.cfa_offset,
		         (unsigned)wanted.rbp_slot);
}

static void each_instruction_gives_its_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(program_cases); i++) {
		const struct program_case *test = &program_cases[i];
		struct bytes eh_frame = {0};
		struct unwind_tables tables;

		put_cie(&eh_frame, "zR");
		put_fde(&eh_frame, TEXT_VADDR, 256, test->program, test->size);
		tables = tables_without_hdr(&eh_frame);
		assert_rule(test->what, unwind_rule_decode(&tables, TEXT_VADDR + test->pc),
		            test->rule);
	}
}

/* The CIE saves the return address at CFA - 8; data is in units of -8. */
static const struct {
	const char *what;
	uint8_t program[16];
	size_t size;
	uint64_t slots;
} slot_cases[] = {
    {"nothing more", PROGRAM(0x0e, 16), 1 << 1},
    {"pushed, also behind the pc that would be asked for",
     PROGRAM(0x41, 0x86, 2, 0x0e, 16, 0x44, 0x83, 3, 0x05, 12, 4), 0x1e},
    {"restored before the end", PROGRAM(0x8f, 2, 0x0a, 0x41, 0xcf, 0x41, 0x0b), 0x6},
    {"above the CFA", PROGRAM(0x11, 3, 0x7e), 0},
    {"too far", PROGRAM(0x83, 64), 0},
    {"the last that fits", PROGRAM(0x83, 63), UINT64_C(1) << 63 | 2},
    {"at an expression", PROGRAM(0x10, 3, 2, 0x77, 8), 0},
    {"in another register", PROGRAM(0x09, 3, 12), 0},
    {"cut off", PROGRAM(0x0c, 7), 0},
};

static void where_a_function_saves_registers_is_told_for_all_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(slot_cases); i++) {
		struct bytes eh_frame = {0};
		struct unwind_tables tables;
		struct unwind_fde fde;

		put_cie(&eh_frame, "zR");
		put_fde(&eh_frame, TEXT_VADDR, 256, slot_cases[i].program, slot_cases[i].size);
		tables = tables_without_hdr(&eh_frame);
		assert_int_equal(unwind_fde_find(&tables, TEXT_VADDR, &fde), FDE_FOUND);
		if (unwind_slots_of_fde(&tables.eh_frame, &fde) != slot_cases[i].slots)
			fail_msg("%s: %lx", slot_cases[i].what,
			         unwind_slots_of_fde(&tables.eh_frame, &fde));
	}
}

/* glibc's __restore_rt: the ucontext's registers by expressions, the CFA from its RSP. */
static const uint8_t trampoline[] = {
    0x0f, 4,  0x77, 0xa0, 1,    0x06, /* CFA = *(RSP + 160) */
    0x10, 6,  3,    0x77, 0xf8, 0,    /* RBP at RSP + 120 */
    0x10, 7,  3,    0x77, 0xa0, 1,    /* RSP at RSP + 160 */
    0x10, 16, 3,    0x77, 0xa8, 1,    /* RIP at RSP + 168 */
};

static void a_signal_trampoline_is_known_by_its_mark_and_its_expressions(void **state)
{
	static const struct {
		const char *augmentation;
		size_t spoiled; /* offset of a byte to change, 0: none */
		enum unwind_rule_kind kind;
	} cases[] = {
	    {"zRS", 0, UNWIND_RULE_SIGNAL},   {"zR", 0, UNWIND_RULE_COMPLEX},
	    {"zRS", 3, UNWIND_RULE_COMPLEX},  {"zRS", 9, UNWIND_RULE_COMPLEX},
	    {"zRS", 17, UNWIND_RULE_COMPLEX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes eh_frame = {0};
		uint8_t program[sizeof(trampoline)];
		struct unwind_tables tables;

		memcpy(program, trampoline, sizeof(program));
		if (cases[i].spoiled)
			program[cases[i].spoiled]--;
		put_cie(&eh_frame, cases[i].augmentation);
		put_fde(&eh_frame, TEXT_VADDR, 9, program, sizeof(program));
		tables = tables_without_hdr(&eh_frame);
		assert_int_equal(unwind_rule_decode(&tables, TEXT_VADDR + 8).kind, cases[i].kind);
	}
}

enum { N_FUNCTIONS = 5 };

/* Function i is at TEXT_VADDR + 0x100 * i, 0x80 bytes long, and has a CFA of RSP + 16 + 8 i. */
static size_t put_functions(struct bytes *eh_frame, uint64_t fde_vaddrs[N_FUNCTIONS])
{
	put_cie(eh_frame, "zR");
	for (unsigned i = 0; i < N_FUNCTIONS; i++) {
		const uint8_t program[] = {0x0e, (uint8_t)(16 + 8 * i)};

		fde_vaddrs[i] = EH_FRAME_VADDR + put_fde(eh_frame, TEXT_VADDR + 0x100 * i, 0x80,
		                                         program, sizeof(program));
	}
	put(eh_frame, 0, 4);
	return eh_frame->n;
}

static void put_encoded(struct bytes *bytes, uint8_t encoding, uint64_t value)
{
	static const uint8_t sizes[16] = {8, 0, 2, 4, 8, [0xa] = 2, 4, 8};
	uint64_t base = (encoding & 0x70) == 0x10   ? HDR_VADDR + bytes->n
	                : (encoding & 0x70) == 0x30 ? HDR_VADDR
	                                            : 0;

	put(bytes, value - base, sizes[encoding & 0xf]);
}

static void put_hdr(struct bytes *hdr, uint8_t pointer, uint8_t count, uint8_t table,
                    const uint64_t fde_vaddrs[N_FUNCTIONS])
{
	put(hdr, 1, 1);
	put(hdr, pointer, 1);
	put(hdr, count, 1);
	put(hdr, table, 1);
	put_encoded(hdr, pointer, EH_FRAME_VADDR);
	if (count == 0xff)
		return;
	put_encoded(hdr, count, N_FUNCTIONS);
	for (unsigned i = 0; i < N_FUNCTIONS; i++) {
		put_encoded(hdr, table, TEXT_VADDR + 0x100 * i);
		put_encoded(hdr, table, fde_vaddrs[i]);
	}
}

static void assert_functions_found(const char *what, const struct unwind_tables *tables)
{
	static const struct unwind_rule none = RULE(NONE, 0, 0);

	assert_rule(what, unwind_rule_decode(tables, TEXT_VADDR - 1), none);
	for (unsigned i = 0; i < N_FUNCTIONS; i++) {
		const struct unwind_rule wanted = RULE(RSP, 2 + i, 0);
		uint64_t start = TEXT_VADDR + 0x100 * i;

		assert_rule(what, unwind_rule_decode(tables, start), wanted);
		assert_rule(what, unwind_rule_decode(tables, start + 0x7f), wanted);
		assert_rule(what, unwind_rule_decode(tables, start + 0x80), none);
	}
	assert_rule(what, unwind_rule_decode(tables, 0), none);
	assert_rule(what, unwind_rule_decode(tables, UINT64_MAX), none);
}

static void every_encoding_of_the_search_table_finds_the_same(void **state)
{
	/* binutils and lld write the first; the last has no table, so .eh_frame is read. */
	static const uint8_t encodings[][3] = {
	    {0x1b, 0x03, 0x3b}, {0x1b, 0x03, 0x3c}, {0x1b, 0x03, 0x1b}, {0x00, 0x04, 0x04},
	    {0x0c, 0x0b, 0x00}, {0x3b, 0x02, 0x03}, {0x1b, 0x03, 0x33}, {0x1b, 0xff, 0xff},
	};
	uint64_t fde_vaddrs[N_FUNCTIONS];
	struct bytes eh_frame = {0};
	struct unwind_tables tables;

	(void)state;
	put_functions(&eh_frame, fde_vaddrs);
	tables = tables_without_hdr(&eh_frame);
	assert_functions_found("no header", &tables);
	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
		const uint8_t *encoding = encodings[i];
		char what[32];
		struct bytes hdr = {0};
		uint64_t vaddr = 0;

		/* 0x33 is unsigned: the FDEs must lie above the header, as they do here. */
		put_hdr(&hdr, encoding[0], encoding[1], encoding[2], fde_vaddrs);
		tables.eh_frame_hdr = (struct unwind_section){hdr.data, hdr.n, HDR_VADDR};
		snprintf(what, sizeof(what), "%02x %02x %02x", encoding[0], encoding[1],
		         encoding[2]);
		assert_functions_found(what, &tables);
		assert_true(unwind_hdr_eh_frame(&tables.eh_frame_hdr, &vaddr));
		assert_int_equal(vaddr, EH_FRAME_VADDR);
	}
}

static void a_search_table_that_lies_is_found_bad(void **state)
{
	static const struct unwind_rule bad = RULE(BAD, 0, 0);
	uint64_t fde_vaddrs[N_FUNCTIONS];
	struct bytes eh_frame = {0}, hdr = {0};
	struct unwind_tables tables;

	(void)state;
	put_functions(&eh_frame, fde_vaddrs);
	tables = tables_without_hdr(&eh_frame);
	put_hdr(&hdr, 0x1b, 0x03, 0x3b, fde_vaddrs);
	for (size_t size = 1; size < hdr.n; size++) {
		tables.eh_frame_hdr = (struct unwind_section){hdr.data, size, HDR_VADDR};
		assert_rule("a table cut short", unwind_rule_decode(&tables, TEXT_VADDR), bad);
	}
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t wrong[] = {EH_FRAME_VADDR - 8, EH_FRAME_VADDR + 0x100000,
		                                 EH_FRAME_VADDR /* the CIE */};
		struct bytes lying = {0};

		fde_vaddrs[0] = wrong[i];
		put_hdr(&lying, 0x1b, 0x03, 0x3b, fde_vaddrs);
		tables.eh_frame_hdr = (struct unwind_section){lying.data, lying.n, HDR_VADDR};
		assert_rule("an FDE elsewhere", unwind_rule_decode(&tables, TEXT_VADDR), bad);
	}
}

struct fake_stack {
	uint64_t base;
	uint64_t words[32];
};

static bool read_fake(void *context, uint64_t addr, uint64_t *word)
{
	struct fake_stack *stack = context;

	if (addr < stack->base || addr + 8 > stack->base + sizeof(stack->words))
		return false;
	memcpy(word, (uint8_t *)stack->words + (addr - stack->base), 8);
	return true;
}

static void a_step_reads_what_the_rule_says(void **state)
{
	static const struct {
		struct unwind_rule rule;
		uint64_t ip;
		enum unwind_end end;
		struct unwind_registers caller;
	} cases[] = {
	    {RULE(RSP, 2, 0), 0x400000, UNWIND_STEPPED, {101, 0x1010, 0x1040}},
	    {RULE(RSP, 2, 2), 0x400000, UNWIND_STEPPED, {101, 0x1010, 100}},
	    {RULE(RBP, 2, 2), 0x400000, UNWIND_STEPPED, {109, 0x1050, 108}},
	    {RULE(PLT, 11, 0), 0x40000a, UNWIND_STEPPED, {100, 0x1008, 0x1040}},
	    {RULE(PLT, 11, 0), 0x40000b, UNWIND_STEPPED, {101, 0x1010, 0x1040}},
	    {RULE(SIGNAL, 0, 0), 0x400000, UNWIND_STEPPED, {121, 120, 115}},
	    {RULE(OUTERMOST, 0, 0), 0x400000, UNWIND_OUTERMOST, {0}},
	    {RULE(COMPLEX, 0, 0), 0x400000, UNWIND_COMPLEX, {0}},
	    {RULE(NONE, 0, 0), 0x400000, UNWIND_NO_TABLE, {0}},
	    {RULE(BAD, 0, 0), 0x400000, UNWIND_BAD_CFI, {0}},
	    {RULE(RSP, 0, 0), 0x400000, UNWIND_NO_PROGRESS, {0}},
	    {RULE(RSP, 33, 0), 0x400000, UNWIND_UNREADABLE, {0}},
	    {RULE(RSP, 2, 3), 0x400000, UNWIND_STEPPED, {101, 0x1010, 0x1040}}, /* popped already */
	    {RULE(RSP, 32, 0), 0x400000, UNWIND_OUTERMOST, {0}}, /* a return address of 0 */
	};
	struct fake_stack stack = {.base = 0x1000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(stack.words) - 1; i++)
		stack.words[i] = 100 + i;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct unwind_registers before = {cases[i].ip, 0x1000, 0x1040};
		struct unwind_registers after = before;
		const struct unwind_registers *wanted =
		    cases[i].end == UNWIND_STEPPED ? &cases[i].caller : &before;
		bool is_signal = false;

		assert_int_equal(unwind_step(cases[i].rule, &after, &is_signal, read_fake, &stack),
		                 cases[i].end);
		assert_memory_equal(&after, wanted, sizeof(after));
		assert_int_equal(is_signal, cases[i].rule.kind == UNWIND_RULE_SIGNAL);
	}
}

static void every_end_has_its_own_words(void **state)
{
	(void)state;
	for (int i = 0; i < UNWIND_N_ENDS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(unwind_end_text(i), unwind_end_text(j));
	assert_string_equal(unwind_end_text(UNWIND_UNREADABLE), "truncated stack");
	assert_string_equal(unwind_end_text((enum unwind_end)1000), "unknown reason");
}

static struct unwind_rule rule_for(uint64_t key)
{
	return (struct unwind_rule){
	    .kind = UNWIND_RULE_RSP, .rbp_slot = key & 0xff, .cfa_offset = key >> 8 & 0xfffff};
}

static void a_cache_gives_back_what_it_took_until_it_is_full(void **state)
{
	static struct unwind_cache_slot memory[1024];
	struct unwind_cache cache;
	unsigned n_taken = 0;
	bool taken[2048];

	(void)state;
	unwind_cache_init(&cache, memory, sizeof(memory));
	for (uint64_t key = 1; key < 2048; key++) {
		taken[key] = unwind_cache_put(&cache, key * 4099, rule_for(key));
		n_taken += taken[key];
	}
	/* Probing 16 slots fills it nearly, and never more than wholly. */
	assert_in_range(n_taken, 768, 1024);
	for (uint64_t key = 1; key < 2048; key++)
		assert_rule("cache", unwind_cache_get(&cache, key * 4099),
		            taken[key] ? rule_for(key) : (struct unwind_rule){0});
}

struct cache_user {
	struct unwind_cache *cache;
	uint64_t seed;
	unsigned n_wrong;
};

static void *use_cache(void *argument)
{
	struct cache_user *user = argument;

	for (unsigned i = 0; i < 200000; i++) {
		uint64_t key, wrong;
		struct unwind_rule found;

		user->seed = user->seed * 6364136223846793005u + 1442695040888963407u;
		key = 1 + (user->seed >> 40) % 3000;
		found = unwind_cache_get(user->cache, key);
		wrong = found.kind != UNWIND_RULE_UNKNOWN && !rules_equal(found, rule_for(key));
		user->n_wrong += wrong;
		if (found.kind == UNWIND_RULE_UNKNOWN)
			unwind_cache_put(user->cache, key, rule_for(key));
	}
	return NULL;
}

static void threads_that_share_a_cache_never_see_another_keys_rule(void **state)
{
	enum { N_THREADS = 4 };
	static struct unwind_cache_slot memory[4096];
	struct unwind_cache cache;
	struct cache_user users[N_THREADS];
	pthread_t threads[N_THREADS];

	(void)state;
	unwind_cache_init(&cache, memory, sizeof(memory));
	for (unsigned i = 0; i < N_THREADS; i++) {
		users[i] = (struct cache_user){&cache, i + 1, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, use_cache, &users[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(users[i].n_wrong, 0);
	}
}

static void a_front_forgets_but_never_mixes(void **state)
{
	struct unwind_front *front = xcalloc(1, sizeof(*front));
	unsigned n_kept = 0;

	(void)state;
	for (uint64_t key = 1; key <= 20000; key++) {
		unwind_front_put(front, key * 4099, rule_for(key));
		assert_rule("front", unwind_front_get(front, key * 4099), rule_for(key));
	}
	for (uint64_t key = 1; key <= 20000; key++) {
		struct unwind_rule found = unwind_front_get(front, key * 4099);

		n_kept += found.kind != UNWIND_RULE_UNKNOWN;
		assert_true(found.kind == UNWIND_RULE_UNKNOWN || rules_equal(found, rule_for(key)));
	}
	assert_in_range(n_kept, 1, 1 << UNWIND_FRONT_SLOTS_LOG2);
	/* What a signal handler meets that interrupts a put. */
	front->is_writing = true;
	unwind_front_put(front, 7, rule_for(7));
	assert_int_equal(unwind_front_get(front, 7).kind, UNWIND_RULE_UNKNOWN);
	free(front);
}

struct file {
	uint8_t *data; /* private and writable */
	size_t size;
};

static bool map_file(struct file *file, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	assert_int_equal(fstat(fd, &status), 0);
	file->size = (size_t)status.st_size;
	file->data = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_ptr_not_equal(file->data, MAP_FAILED);
	return true;
}

static const char *const objects[] = {
    libc_path,
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/x86_64-linux-gnu/libgcc_s.so.1",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "/usr/bin/python3",
};

struct census {
	size_t n_fdes;
	size_t n_fdes_complex; /* with at least one row that no rule holds */
	size_t n_rows;
	size_t n_rows_complex;
	size_t n_bad;
};

static struct census take_census(const struct unwind_tables *tables)
{
	struct census census = {0};
	struct unwind_fde fde = {0};
	size_t offset = 0;
	enum fde_found found;

	while ((found = unwind_fde_next(&tables->eh_frame, &offset, &fde)) == FDE_FOUND) {
		size_t n_complex = 0;

		for (uint64_t pc = fde.start; pc < fde.end;) {
			struct unwind_rule rule =
			    unwind_rule_of_fde(&tables->eh_frame, &fde, pc, &pc);

			n_complex += rule.kind == UNWIND_RULE_COMPLEX;
			census.n_bad += rule.kind == UNWIND_RULE_BAD;
			census.n_rows++;
		}
		census.n_fdes++;
		census.n_fdes_complex += n_complex > 0;
		census.n_rows_complex += n_complex;
	}
	census.n_bad += found == FDE_BAD;
	return census;
}

static void add_census(struct census *sum, const struct census *census)
{
	sum->n_fdes += census->n_fdes;
	sum->n_fdes_complex += census->n_fdes_complex;
	sum->n_rows += census->n_rows;
	sum->n_rows_complex += census->n_rows_complex;
	sum->n_bad += census->n_bad;
}

static void print_census(const char *what, const struct census *census)
{
	print_message("# %-42s %6zu FDEs, %3zu need libunwind (%zu of %zu rows), %zu bad\n", what,
	              census->n_fdes, census->n_fdes_complex, census->n_rows_complex,
	              census->n_rows, census->n_bad);
}

static void nearly_all_functions_of_installed_objects_fit_a_rule(void **state)
{
	struct census compiled = {0}, assembly = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct unwind_tables tables;
		struct census census;
		struct file file;

		if (!map_file(&file, objects[i])) {
			print_message("# left out: %s is not installed\n", objects[i]);
			continue;
		}
		assert_true(unwind_tables_of_file(&tables, file.data, file.size));
		census = take_census(&tables);
		print_census(objects[i], &census);
		add_census(strstr(objects[i], "libcrypto") ? &assembly : &compiled, &census);
		munmap(file.data, file.size);
	}
	assert_int_equal(compiled.n_bad + assembly.n_bad, 0);
	assert_true(compiled.n_fdes > 1000);
	assert_true(compiled.n_fdes_complex * 1000 < compiled.n_fdes);
	/* libcrypto's hand-written assembly realigns its stacks: 84 functions of Debian's 3.0 keep
	 * their CFA in RAX, RSI or memory. They were 0.05 % of the 24 libraries of DESIGN, but are
	 * more of this smaller set. */
	assert_true(assembly.n_fdes_complex * 100 <= assembly.n_fdes);
}

/* The columns of readelf's table that we know, by position; -1: not in this table. */
struct readelf_columns {
	int rbp;
	int ra;
};

static struct readelf_columns parse_columns(char *line)
{
	struct readelf_columns columns = {-1, -1};
	char *rest = line;
	int i = 0;

	for (char *word; (word = strtok_r(rest, " \n", &rest)); i++) {
		if (strcmp(word, "rbp") == 0)
			columns.rbp = i;
		if (strcmp(word, "ra") == 0)
			columns.ra = i;
	}
	return columns;
}

/* Whether the rule says what readelf's row says, where that row is of the common kind; others must
 * be of the rare kinds. */
static bool agrees(struct unwind_rule rule, const char *cfa, const char *rbp, const char *ra)
{
	bool is_rsp = strncmp(cfa, "rsp+", 4) == 0, is_rbp = strncmp(cfa, "rbp+", 4) == 0;
	int slot = rbp && rbp[0] == 'c' ? -atoi(rbp + 1) : 0;
	bool is_rbp_simple = !rbp || !strcmp(rbp, "u") || !strcmp(rbp, "s") || slot > 0;

	if (strcmp(ra, "u") == 0)
		return rule.kind == UNWIND_RULE_OUTERMOST;
	if (strcmp(cfa, "exp") == 0)
		return rule.kind == UNWIND_RULE_PLT || rule.kind == UNWIND_RULE_SIGNAL ||
		       rule.kind == UNWIND_RULE_COMPLEX;
	if ((!is_rsp && !is_rbp) || !is_rbp_simple || strcmp(ra, "c-8") != 0)
		return rule.kind == UNWIND_RULE_COMPLEX;
	return rule.kind == (is_rsp ? UNWIND_RULE_RSP : UNWIND_RULE_RBP) &&
	       rule.cfa_offset * 8 == (unsigned)atoi(cfa + 4) && rule.rbp_slot * 8 == slot;
}

struct comparison {
	size_t n_rows;
	size_t n_different;
};

static struct comparison compare_with_readelf(const char *path, const struct unwind_tables *tables)
{
	struct comparison comparison = {0};
	struct readelf_columns columns = {-1, -1};
	char command[512], line[512];
	bool is_cie = true;
	FILE *readelf;

	snprintf(command, sizeof(command), "LC_ALL=C readelf -wF %s 2>/dev/null", path);
	readelf = popen(command, "r");
	assert_non_null(readelf);
	while (fgets(line, sizeof(line), readelf)) {
		char *words[32] = {0}, *rest = line;
		size_t n = 0;

		if (strstr(line, " CIE ") || strstr(line, " FDE "))
			is_cie = strstr(line, " CIE ") != NULL;
		if (strstr(line, "LOC  ")) {
			columns = parse_columns(line);
			continue;
		}
		/* "r10 (r10)" names a register twice: one column. */
		while (n < ARRAY_SIZE(words) && (words[n] = strtok_r(rest, " \n", &rest)))
			n += words[n][0] != '(';
		if (is_cie || n < 3 || strlen(words[0]) != 16 || columns.ra < 0)
			continue;
		comparison.n_rows++;
		if (!agrees(unwind_rule_decode(tables, strtoull(words[0], NULL, 16)), words[1],
		            columns.rbp < 0 ? NULL : words[columns.rbp], words[columns.ra])) {
			print_message("# differs: %s %s\n", words[0], words[1]);
			comparison.n_different++;
		}
	}
	pclose(readelf);
	return comparison;
}

static void every_row_of_libc_agrees_with_readelf(void **state)
{
	static const char *const paths[] = {libc_path, "/lib/x86_64-linux-gnu/libgcc_s.so.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct comparison comparison;
		struct unwind_tables tables;
		struct file file;

		assert_true(map_file(&file, paths[i]));
		assert_true(unwind_tables_of_file(&tables, file.data, file.size));
		comparison = compare_with_readelf(paths[i], &tables);
		print_message("# %s: %zu rows compared\n", paths[i], comparison.n_rows);
		assert_int_equal(comparison.n_different, 0);
		assert_true(comparison.n_rows > 500);
		munmap(file.data, file.size);
	}
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *tables)
{
	(void)size;
	if (!strstr(info->dlpi_name, "/libc.so.6"))
		return 0;
	return unwind_tables_of_module(tables, info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr);
}

static void file_and_memory_and_reading_all_give_the_same_rules(void **state)
{
	struct unwind_tables from_file, from_memory, without_hdr;
	struct unwind_fde fde = {0};
	size_t offset = 0, n = 0;
	struct file file;

	(void)state;
	assert_true(map_file(&file, libc_path));
	assert_true(unwind_tables_of_file(&from_file, file.data, file.size));
	assert_int_equal(dl_iterate_phdr(find_libc, &from_memory), 1);
	without_hdr = (struct unwind_tables){.eh_frame = from_file.eh_frame};
	for (; unwind_fde_next(&from_file.eh_frame, &offset, &fde) == FDE_FOUND; n++) {
		uint64_t pc = fde.end - 1;
		struct unwind_rule rule = unwind_rule_decode(&from_file, pc);

		assert_rule("memory", unwind_rule_decode(&from_memory, pc), rule);
		if (n % 64 == 0)
			assert_rule("reading all", unwind_rule_decode(&without_hdr, pc), rule);
	}
	assert_true(n > 1000);
	munmap(file.data, file.size);
}

static void a_file_without_segments_gives_its_section(void **state)
{
	struct unwind_tables by_segments, by_sections;
	struct file file;

	(void)state;
	assert_true(map_file(&file, libc_path));
	assert_true(unwind_tables_of_file(&by_segments, file.data, file.size));
	((Elf64_Ehdr *)file.data)->e_phnum = 0;
	assert_true(unwind_tables_of_file(&by_sections, file.data, file.size));
	assert_int_equal(by_sections.eh_frame_hdr.size_bytes, 0);
	assert_ptr_equal(by_sections.eh_frame.data, by_segments.eh_frame.data);
	assert_int_equal(by_sections.eh_frame.vaddr, by_segments.eh_frame.vaddr);
	assert_true(by_sections.eh_frame.size_bytes <= by_segments.eh_frame.size_bytes);
	munmap(file.data, file.size);
}

/* A small generator with a fixed seed, so that a failure comes again. */
static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* In a block of its own, so that a sanitizer sees any step beyond it. */
static struct unwind_section copy_section(const struct unwind_section *section)
{
	uint8_t *copy = xmalloc(section->size_bytes);

	memcpy(copy, section->data, section->size_bytes);
	return (struct unwind_section){copy, section->size_bytes, section->vaddr};
}

/* A pair of the search table as binutils write it: two 4-byte numbers from the header's address. */
static void table_pair(const struct unwind_section *hdr, size_t pair, uint64_t *start,
                       uint64_t *fde_vaddr)
{
	int32_t relative[2];

	memcpy(relative, hdr->data + 12 + 8 * pair, sizeof(relative));
	*start = hdr->vaddr + (uint64_t)relative[0];
	*fde_vaddr = hdr->vaddr + (uint64_t)relative[1];
}

/* Changes a few bytes of a function's FDE or of the search table, asks for its rules, and mends
 * them again. */
static void damage_and_decode(const struct unwind_tables *tables, uint64_t *seed, size_t *n_bad)
{
	const struct unwind_section *hdr = &tables->eh_frame_hdr, *eh_frame = &tables->eh_frame;
	uint64_t start, fde_vaddr;
	uint8_t saved[32], *damaged;
	size_t size = sizeof(saved);

	table_pair(hdr, next_random(seed) % (hdr->size_bytes / 8 - 4), &start, &fde_vaddr);
	if (next_random(seed) % 4)
		damaged = (uint8_t *)eh_frame->data + (fde_vaddr - eh_frame->vaddr);
	else
		damaged = (uint8_t *)hdr->data + next_random(seed) % (hdr->size_bytes - size);
	if (next_random(seed) % 8 == 0)
		damaged = (uint8_t *)eh_frame->data; /* the CIE of most */
	memcpy(saved, damaged, size);
	for (unsigned i = 0; i < 1 + next_random(seed) % 4; i++)
		damaged[next_random(seed) % size] = (uint8_t)next_random(seed);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t vaddr = start + next_random(seed) % 128;
		struct unwind_rule rule = unwind_rule_decode(tables, vaddr);

		assert_in_range(rule.kind, UNWIND_RULE_RSP, UNWIND_RULE_BAD);
		*n_bad += rule.kind == UNWIND_RULE_BAD;
	}
	memcpy(damaged, saved, size);
}

static void damaged_tables_never_lead_outside_them(void **state)
{
	uint64_t seed = 20261120;
	struct unwind_tables tables;
	struct file file;
	size_t n_bad = 0;

	(void)state;
	assert_true(map_file(&file, libc_path));
	assert_true(unwind_tables_of_file(&tables, file.data, file.size));
	tables.eh_frame = copy_section(&tables.eh_frame);
	tables.eh_frame_hdr = copy_section(&tables.eh_frame_hdr);
	for (unsigned i = 0; i < 50000; i++)
		damage_and_decode(&tables, &seed, &n_bad);
	print_message("# %zu of 200000 look-ups were found bad\n", n_bad);
	assert_true(n_bad > 10000);
	free((void *)tables.eh_frame.data);
	free((void *)tables.eh_frame_hdr.data);
	munmap(file.data, file.size);
}

/* A hand-made section cut at every length, read in full and by search. */
static void tables_cut_anywhere_never_lead_outside_them(void **state)
{
	uint64_t fde_vaddrs[N_FUNCTIONS];
	struct bytes eh_frame = {0}, hdr = {0};

	(void)state;
	put_functions(&eh_frame, fde_vaddrs);
	put_hdr(&hdr, 0x1b, 0x03, 0x3b, fde_vaddrs);
	for (size_t size = 1; size < eh_frame.n; size++) {
		struct unwind_section cut =
		    copy_section(&(struct unwind_section){eh_frame.data, size, EH_FRAME_VADDR});
		struct unwind_tables by_reading = {.eh_frame = cut};
		struct unwind_tables by_search = {{hdr.data, hdr.n, HDR_VADDR}, cut};

		for (unsigned i = 0; i < N_FUNCTIONS; i++) {
			unwind_rule_decode(&by_reading, TEXT_VADDR + 0x100 * i);
			unwind_rule_decode(&by_search, TEXT_VADDR + 0x100 * i);
		}
		free((void *)cut.data);
	}
}

static void damaged_elf_headers_never_lead_outside_the_file(void **state)
{
	uint64_t seed = 3;
	struct file file;
	size_t n_found = 0;

	(void)state;
	assert_true(map_file(&file, libc_path));
	for (unsigned i = 0; i < 5000; i++) {
		/* A file cut short, in a block of its own; most of it is left out to be quick. */
		size_t size = 64 + next_random(&seed) % 2048;
		uint8_t *copy = xmalloc(size);
		struct unwind_tables tables;

		memcpy(copy, file.data, size);
		for (unsigned j = 0; j < 4; j++)
			copy[4 + next_random(&seed) % (size - 4)] = (uint8_t)next_random(&seed);
		if (unwind_tables_of_file(&tables, copy, size)) {
			n_found++;
			assert_true(tables.eh_frame.data + tables.eh_frame.size_bytes <=
			            copy + size);
			unwind_rule_decode(&tables, 0x30000);
		}
		free(copy);
	}
	for (size_t size = 0; size < 64; size++) {
		struct unwind_tables tables;

		assert_false(unwind_tables_of_file(&tables, file.data, size));
	}
	munmap(file.data, file.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_instruction_gives_its_rule),
	    cmocka_unit_test(where_a_function_saves_registers_is_told_for_all_of_it),
	    cmocka_unit_test(a_signal_trampoline_is_known_by_its_mark_and_its_expressions),
	    cmocka_unit_test(every_encoding_of_the_search_table_finds_the_same),
	    cmocka_unit_test(a_search_table_that_lies_is_found_bad),
	    cmocka_unit_test(a_step_reads_what_the_rule_says),
	    cmocka_unit_test(every_end_has_its_own_words),
	    cmocka_unit_test(a_cache_gives_back_what_it_took_until_it_is_full),
	    cmocka_unit_test(threads_that_share_a_cache_never_see_another_keys_rule),
	    cmocka_unit_test(a_front_forgets_but_never_mixes),
	    cmocka_unit_test(nearly_all_functions_of_installed_objects_fit_a_rule),
	    cmocka_unit_test(every_row_of_libc_agrees_with_readelf),
	    cmocka_unit_test(file_and_memory_and_reading_all_give_the_same_rules),
	    cmocka_unit_test(a_file_without_segments_gives_its_section),
	    cmocka_unit_test(damaged_tables_never_lead_outside_them),
	    cmocka_unit_test(tables_cut_anywhere_never_lead_outside_them),
	    cmocka_unit_test(damaged_elf_headers_never_lead_outside_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
