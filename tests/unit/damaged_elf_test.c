/* ELF and DWARF that is cut short or altered costs names, never the run. The sanitizers watch this one. */
#include "core/alloc.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

struct image {
	uint8_t *bytes;
	size_t size;
};

/* The program is small, so that most changes hit something that is read. */
static struct image build_image(const char *flags)
{
	static const char source[] =
		"static inline __attribute__((always_inline)) int inner(int x) { return x * x + 1; }\\n"
		"static inline __attribute__((always_inline)) int outer(int x) { return inner(x) ^ 5; }\\n"
		"struct s { int a; }; int global; int f(struct s *s) { return outer(s->a) + global; }\\n"
		"int main(void) { struct s s = {1}; return f(&s); }\\n";
	char path[] = "/tmp/profile-scenario-image.XXXXXX";
	int fd = mkstemp(path);
	char *command = xasprintf("printf '%s' | gcc -O2 %s -nostdlib -Wl,-e,main -xc - -o %s", source,
				  flags, path);
	struct image image = {0};
	FILE *file;
	long size;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(system(command), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	image.size = (size_t)size;
	image.bytes = xmalloc(image.size);
	assert_int_equal(fread(image.bytes, 1, image.size, file), image.size);
	fclose(file);
	unlink(path);
	free(command);
	return image;
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_number(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static bool see(void *context, const char *function, const uint64_t *address)
{
	(void)address;
	*(size_t *)context += !!function;
	return true;
}

/* Names all of it; returns how many addresses have a function. */
static size_t name_all(const struct image *image)
{
	struct symbolizer *symbolizer = symbolizer_new();
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct object object = {.kind = OBJECT_FILE, .path = "/image", .fd = fd};
	size_t n_named = 0, n_seen = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, image->size), image->size);
	for (uint64_t vaddr = 0x1000; vaddr < 0x1060; vaddr += 3) {
		const struct symbol_frame *frames;
		size_t n = symbolizer_look_up(symbolizer, &object, vaddr, false, &frames);

		assert_true(n > 0);
		n_named += frames[n - 1].function != NULL;
	}
	symbolizer_each_function(symbolizer, &object, see, &n_seen);
	symbolizer_remedy(symbolizer, &object);
	symbolizer_free(symbolizer);
	close(fd);
	return n_named;
}

static void damage(struct image *image)
{
	static const uint8_t favourites[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t n_changes = 1 + random_number(8);

	while (n_changes--) {
		size_t at = random_number(image->size);

		image->bytes[at] = random_number(2) ? favourites[random_number(sizeof(favourites))]
						    : (uint8_t)random_number(256);
	}
	if (!random_number(8))
		image->size = random_number(image->size);
}

static void survive_damage(const char *flags, unsigned rounds)
{
	struct image whole = build_image(flags);
	struct image damaged = {.bytes = xmalloc(whole.size)};
	size_t n_whole = name_all(&whole);
	size_t n_fewer = 0;

	assert_true(n_whole >= 5);
	for (unsigned i = 0; i < rounds; i++) {
		damaged.size = whole.size;
		memcpy(damaged.bytes, whole.bytes, whole.size);
		damage(&damaged);
		n_fewer += name_all(&damaged) < n_whole;
	}
	/* Some of it must have hit what names come from. */
	assert_true(n_fewer * 100 > rounds);
	free(damaged.bytes);
	free(whole.bytes);
}

static void damaged_dwarf_5_is_survived(void **state)
{
	(void)state;
	survive_damage("-g -gdwarf-5", 1500);
}

/* The header of a unit: version 5, DW_UT_compile, addresses of 8 bytes (DWARF 5 section 7.5.1.1). */
static void a_unit_of_no_known_kind_is_passed_over(void **state)
{
	static const uint8_t header[] = {5, 0, 1, 8};
	struct image image = build_image("-g -gdwarf-5");
	uint8_t *found = memmem(image.bytes, image.size, header, sizeof(header));

	(void)state;
	assert_non_null(found);
	found[2] = 0x7f;
	assert_true(name_all(&image) > 0);
	free(image.bytes);
}

static void damaged_dwarf_4_is_survived(void **state)
{
	(void)state;
	survive_damage("-g -gdwarf-4", 1500);
}

static void damaged_compressed_sections_are_survived(void **state)
{
	(void)state;
	survive_damage("-g -gz=zlib", 1000);
}

static void damaged_symbol_tables_are_survived(void **state)
{
	(void)state;
	survive_damage("-g0", 1000);
	survive_damage("-g0 -shared -fPIC -s", 1000);
}

static void a_file_cut_anywhere_is_survived(void **state)
{
	struct image whole = build_image("-g");
	size_t size = whole.size;

	(void)state;
	for (size_t cut = 1; cut < 500; cut++) {
		whole.size = size * cut / 500;
		name_all(&whole);
	}
	free(whole.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_dwarf_5_is_survived),
		cmocka_unit_test(a_unit_of_no_known_kind_is_passed_over),
		cmocka_unit_test(damaged_dwarf_4_is_survived),
		cmocka_unit_test(damaged_compressed_sections_are_survived),
		cmocka_unit_test(damaged_symbol_tables_are_survived),
		cmocka_unit_test(a_file_cut_anywhere_is_survived),
	};

	return cmocka_run_group_tests_name("damaged_elf", tests, NULL, NULL);
}
