/* Tests that tables in .debug_frame give the rules that they describe, whatever their version and
 * packing, and that no bytes do harm. */
#include "core/walk/debug_frame.h"
#include "core/walk/unwind_index.h"

#include "core/alloc.h"
#include "core/unwind/fde.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { START = 0x1000, PROGRAM_BYTES = 4 };

/* A CIE and an FDE of 16 bytes of code: CFA = RSP + 8, from the second byte on RSP + 16. */
static size_t make_section(uint8_t *bytes, uint8_t version)
{
	static const uint8_t initial[] = {0x0c, 7, 8, 0x90, 1}; /* def_cfa rsp 8; offset rip 1 */
	static const uint8_t program[PROGRAM_BYTES] = {0x41, 0x0e, 16, 0}; /* advance 1, ... */
	const uint64_t range[2] = {START, 16};
	uint8_t *at = bytes;
	uint32_t length;

	memcpy(at + 4, "\xff\xff\xff\xff", 4);
	at[8] = version;
	at[9] = 0;
	at += 10;
	if (version == 4) {
		*at++ = 8;
		*at++ = 0;
	}
	*at++ = 1;    /* code alignment */
	*at++ = 0x78; /* data alignment: -8 */
	*at++ = 16;   /* RIP */
	memcpy(at, initial, sizeof(initial));
	at += sizeof(initial);
	length = (uint32_t)(at - bytes - 4);
	memcpy(bytes, &length, 4);

	length = 4 + sizeof(range) + PROGRAM_BYTES;
	memcpy(at, &length, 4);
	memset(at + 4, 0, 4); /* the CIE is at 0 */
	memcpy(at + 8, range, sizeof(range));
	memcpy(at + 8 + sizeof(range), program, PROGRAM_BYTES);
	return (size_t)(at + 4 + length - bytes);
}

struct file {
	uint8_t bytes[4096] __attribute__((aligned(8)));
	size_t size_bytes;
	struct elf_image elf;
};

/* An ELF file of one section and the names. */
static void make_file(struct file *file, const uint8_t *section, size_t size_bytes, bool compressed)
{
	static const char names[] = "\0.debug_frame";
	enum { NAMES_AT = 64, SECTIONS_AT = 128, DATA_AT = 512 };
	const Elf64_Ehdr header = {
	    .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	    .e_machine = EM_X86_64,
	    .e_phoff = NAMES_AT,
	    .e_phentsize = sizeof(Elf64_Phdr),
	    .e_shoff = SECTIONS_AT,
	    .e_shentsize = sizeof(Elf64_Shdr),
	    .e_shnum = 2,
	    .e_shstrndx = 0};
	const Elf64_Shdr sections[] = {
	    {.sh_type = SHT_STRTAB, .sh_offset = NAMES_AT, .sh_size = sizeof(names)},
	    {.sh_name = 1,
	     .sh_type = SHT_PROGBITS,
	     .sh_flags = compressed ? SHF_COMPRESSED : 0,
	     .sh_offset = DATA_AT,
	     .sh_size = size_bytes},
	};

	memset(file, 0, sizeof(*file));
	memcpy(file->bytes, &header, sizeof(header));
	memcpy(file->bytes + NAMES_AT, names, sizeof(names));
	memcpy(file->bytes + SECTIONS_AT, sections, sizeof(sections));
	memcpy(file->bytes + DATA_AT, section, size_bytes);
	file->size_bytes = DATA_AT + size_bytes;
	assert_int_equal(elf_image_parse(&file->elf, file->bytes, file->size_bytes), 0);
}

static void assert_rules(const struct file *file)
{
	struct unwind_index *index = unwind_index_new();
	struct unwind_tables tables = unwind_index_debug_tables(index, 1, &file->elf);
	struct unwind_rule first = unwind_rule_decode(&tables, START);
	struct unwind_rule second = unwind_rule_decode(&tables, START + 1);

	assert_int_equal(first.kind, UNWIND_RULE_RSP);
	assert_int_equal(first.cfa_offset, 1);
	assert_int_equal(second.kind, UNWIND_RULE_RSP);
	assert_int_equal(second.cfa_offset, 2);
	assert_int_equal(unwind_rule_decode(&tables, START + 16).kind, UNWIND_RULE_NONE);
	assert_int_equal(unwind_rule_decode(&tables, START - 1).kind, UNWIND_RULE_NONE);
	unwind_index_free(index);
}

static void each_version_gives_its_rules(void **state)
{
	static const uint8_t versions[] = {1, 3, 4};
	uint8_t section[256];
	struct file file;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		make_file(&file, section, make_section(section, versions[i]), false);
		assert_rules(&file);
	}
}

static void a_compressed_section_is_read(void **state)
{
	uint8_t section[256], packed[512];
	size_t size_bytes = make_section(section, 4);
	const Elf64_Chdr header = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = size_bytes};
	uLongf n_packed = sizeof(packed) - sizeof(header);
	struct file file;

	(void)state;
	memcpy(packed, &header, sizeof(header));
	assert_int_equal(compress(packed + sizeof(header), &n_packed, section, size_bytes), Z_OK);
	make_file(&file, packed, sizeof(header) + n_packed, true);
	assert_rules(&file);
}

static void what_is_behind_a_malformed_entry_is_left_out(void **state)
{
	uint8_t section[256], *bytes;
	size_t size_bytes = make_section(section, 4);
	struct file file;

	(void)state;
	memset(section + size_bytes, 0xff, 16); /* a 64-bit length */
	make_file(&file, section, size_bytes + 16, false);
	assert_int_equal(debug_frame_as_eh_frame(&file.elf, &bytes).size_bytes, size_bytes);
	free(bytes);
	assert_rules(&file);
}

static struct unwind_tables tables_of_program(struct unwind_index *index, uint32_t object,
                                              const char *name)
{
	struct elf_image *elf = xcalloc(1, sizeof(*elf));
	struct unwind_tables tables;
	struct stat status;
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	void *bytes;
	int fd;

	assert_true(n > 0);
	path[n] = 0;
	sprintf(strrchr(path, '/'), "/../programs/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_int_equal(elf_image_parse(elf, bytes, (size_t)status.st_size), 0);
	tables = unwind_index_debug_tables(index, object, elf);
	munmap(bytes, (size_t)status.st_size);
	free(elf);
	return tables;
}

static void a_programs_section_is_the_same_packed_and_not(void **state)
{
	struct unwind_index *index = unwind_index_new();
	struct unwind_tables plain = tables_of_program(index, 1, "stack-debug-frame");
	struct unwind_tables packed = tables_of_program(index, 2, "stack-debug-frame-z");
	struct unwind_fde fde = {0};
	size_t offset = 0, n = 0;

	(void)state;
	assert_int_equal(plain.eh_frame.size_bytes, packed.eh_frame.size_bytes);
	assert_memory_equal(plain.eh_frame.data, packed.eh_frame.data, plain.eh_frame.size_bytes);
	for (; unwind_fde_next(&plain.eh_frame, &offset, &fde) == FDE_FOUND; n++)
		assert_true(unwind_rule_decode(&plain, fde.start).kind == UNWIND_RULE_RSP);
	assert_true(n > 20);
	unwind_index_free(index);
}

/* With sanitizers this looks for accesses out of bounds. */
static void no_bytes_do_harm(void **state)
{
	uint8_t section[256];
	size_t size_bytes = make_section(section, 4);
	struct file good, file;

	(void)state;
	make_file(&good, section, size_bytes, false);
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct unwind_index *index = unwind_index_new();
		struct unwind_tables tables;

		file = good;
		for (unsigned i = 0; i < 1 + round % 4; i++)
			file.bytes[64 + (size_t)rand() % (good.size_bytes - 64)] = (uint8_t)rand();
		if (elf_image_parse(&file.elf, file.bytes, file.size_bytes) == 0) {
			tables = unwind_index_debug_tables(index, 1, &file.elf);
			unwind_rule_decode(&tables, START + 1);
		}
		unwind_index_free(index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_version_gives_its_rules),
	    cmocka_unit_test(a_compressed_section_is_read),
	    cmocka_unit_test(what_is_behind_a_malformed_entry_is_left_out),
	    cmocka_unit_test(a_programs_section_is_the_same_packed_and_not),
	    cmocka_unit_test(no_bytes_do_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
