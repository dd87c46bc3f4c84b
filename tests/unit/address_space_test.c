/* Address spaces: addresses lead to the object that was mapped there at that time, numbered as its
 * file numbers them. */
#include "core/walk/address_space.h"

#include "core/walk/elf_image.h"
#include "core/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct value_type samples = {"samples", "count"};

struct fixture {
	struct recording *recording;
	struct address_spaces *spaces;
	char directory[64];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->recording = recording_new(&samples, 1);
	fixture->spaces = address_spaces_new(fixture->recording);
	strcpy(fixture->directory, "/tmp/address-space-test.XXXXXX");
	*state = fixture;
	return mkdtemp(fixture->directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	address_spaces_free(fixture->spaces);
	recording_free(fixture->recording);
	snprintf(command, sizeof(command), "rm -rf %s", fixture->directory);
	if (system(command))
		return -1;
	free(fixture);
	return 0;
}

static void map_anonymous(struct fixture *fixture, pid_t pid, uint64_t start, uint64_t size,
                          uint64_t off)
{
	address_spaces_map(fixture->spaces, pid, start, size, off, "//anon", 0, 0, true);
}

static uint64_t file_off_at(struct fixture *fixture, pid_t pid, uint64_t addr)
{
	const struct mapping *mapping = address_spaces_find(fixture->spaces, pid, addr);

	return mapping ? mapping->file_off + (addr - mapping->start) : UINT64_MAX;
}

static void a_new_mapping_replaces_what_it_overlaps(void **state)
{
	struct fixture *fixture = *state;

	map_anonymous(fixture, 1, 0x1000, 0x5000, 0x100000);
	map_anonymous(fixture, 1, 0x8000, 0x2000, 0x200000);
	map_anonymous(fixture, 1, 0x2000, 0x1000, 0x300000); /* inside the first */
	assert_int_equal(file_off_at(fixture, 1, 0x1fff), 0x100fff);
	assert_int_equal(file_off_at(fixture, 1, 0x2000), 0x300000);
	assert_int_equal(file_off_at(fixture, 1, 0x3000), 0x102000);
	map_anonymous(fixture, 1, 0x5000, 0x4000,
	              0x400000); /* over the end of one and the start of another */
	assert_int_equal(file_off_at(fixture, 1, 0x4fff), 0x103fff);
	assert_int_equal(file_off_at(fixture, 1, 0x5000), 0x400000);
	assert_int_equal(file_off_at(fixture, 1, 0x8fff), 0x403fff);
	assert_int_equal(file_off_at(fixture, 1, 0x9000), 0x201000);
	map_anonymous(fixture, 1, 0, 0x100000, 0x500000); /* over all */
	assert_int_equal(file_off_at(fixture, 1, 0x2000), 0x502000);
	assert_int_equal(address_spaces_find(fixture->spaces, 1, 0x2000)->end, 0x100000);
	address_spaces_map(fixture->spaces, 1, 0x3000, 0x1000, 0, "//anon", 0, 0, false);
	assert_null(address_spaces_find(fixture->spaces, 1, 0x3000)); /* code became data */
	assert_int_equal(file_off_at(fixture, 1, 0x4000), 0x504000);
}

/* Random mappings against an array that says for each page who owns it. */
static void mappings_agree_with_a_page_by_page_model(void **state)
{
	enum { N_PAGES = 64 };
	struct fixture *fixture = *state;
	uint64_t model[N_PAGES];

	srand(7);
	memset(model, 0xff, sizeof(model));
	for (uint64_t i = 1; i < 2000; i++) {
		uint64_t first = (uint64_t)rand() % N_PAGES;
		uint64_t count = 1 + (uint64_t)rand() % (N_PAGES - first);
		bool executable = rand() % 4;

		if (count > 12)
			count = 1 + count % 12;
		address_spaces_map(fixture->spaces, 2, first << 12, count << 12, i << 32, "", 0, 0,
		                   executable);
		for (uint64_t page = first; page < first + count; page++)
			model[page] = executable ? (i << 32) + ((page - first) << 12) : UINT64_MAX;
		for (uint64_t page = 0; page < N_PAGES; page++)
			assert_true(file_off_at(fixture, 2, page << 12) == model[page]);
	}
}

static void a_forked_child_begins_with_its_parents_mappings(void **state)
{
	struct fixture *fixture = *state;

	map_anonymous(fixture, 1, 0x1000, 0x1000, 0x10000);
	address_spaces_fork(fixture->spaces, 1, 2);
	address_spaces_fork(fixture->spaces, 2, 3);
	map_anonymous(fixture, 2, 0x1000, 0x1000, 0x20000);
	map_anonymous(fixture, 1, 0x3000, 0x1000, 0x30000);
	assert_int_equal(file_off_at(fixture, 1, 0x1000), 0x10000);
	assert_int_equal(file_off_at(fixture, 2, 0x1000), 0x20000);
	assert_int_equal(file_off_at(fixture, 3, 0x1000), 0x10000);
	assert_null(address_spaces_find(fixture->spaces, 3, 0x3000));
	address_spaces_exit(fixture->spaces, 1);
	assert_null(address_spaces_find(fixture->spaces, 1, 0x1000));
	assert_int_equal(file_off_at(fixture, 3, 0x1000), 0x10000);
}

static void exec_forgets_all_mappings(void **state)
{
	struct fixture *fixture = *state;

	map_anonymous(fixture, 1, 0x1000, 0x1000, 0);
	address_spaces_exec(fixture->spaces, 1);
	assert_null(address_spaces_find(fixture->spaces, 1, 0x1000));
	map_anonymous(fixture, 1, 0x1000, 0x1000, 0x7000);
	assert_int_equal(file_off_at(fixture, 1, 0x1000), 0x7000);
}

struct loaded {
	struct fixture *fixture;
	size_t n_checked;
	bool saw_vdso;
};

static const Elf64_Phdr *segment_of(const struct dl_phdr_info *info, uint32_t type)
{
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == type &&
		    (type != PT_LOAD || info->dlpi_phdr[i].p_flags & PF_X))
			return &info->dlpi_phdr[i];
	return NULL;
}

/* The dynamic linker's own view of one loaded object is the oracle. */
static int check_loaded(struct dl_phdr_info *info, size_t size, void *context)
{
	struct loaded *loaded = context;
	const Elf64_Phdr *code = segment_of(info, PT_LOAD);
	const Elf64_Phdr *table = segment_of(info, PT_GNU_EH_FRAME);
	const struct mapping *mapping;
	struct recorded_frame frame;
	uint64_t addr;

	(void)size;
	assert_non_null(code);
	addr = info->dlpi_addr + code->p_vaddr + code->p_filesz / 2;
	mapping = address_spaces_find(loaded->fixture->spaces, getpid(), addr);
	assert_non_null(mapping);
	frame = address_spaces_frame(loaded->fixture->spaces, getpid(), addr, false);
	assert_int_equal(frame.object, mapping->object);
	assert_int_equal(frame.vaddr, addr - info->dlpi_addr);
	assert_non_null(table);
	assert_int_equal(mapping->tables.eh_frame_hdr.vaddr, table->p_vaddr);
	assert_int_equal(mapping->tables.eh_frame_hdr.size_bytes, table->p_filesz);
	assert_memory_equal(mapping->tables.eh_frame_hdr.data,
	                    (const void *)(info->dlpi_addr + table->p_vaddr), table->p_filesz);
	/* .eh_frame is read-only too: what is in the file is what is in memory. */
	assert_true(mapping->tables.eh_frame.size_bytes > 0);
	assert_memory_equal(mapping->tables.eh_frame.data,
	                    (const void *)(info->dlpi_addr + mapping->tables.eh_frame.vaddr), 64);
	loaded->n_checked++;
	if (recording_object(loaded->fixture->recording, frame.object)->kind == OBJECT_VDSO)
		loaded->saw_vdso = true;
	return 0;
}

static void our_own_objects_are_where_the_dynamic_linker_put_them(void **state)
{
	struct fixture *fixture = *state;
	struct loaded loaded = {.fixture = fixture};
	char program[256] = "";
	const struct object *object;

	assert_int_equal(address_spaces_read_proc(fixture->spaces, getpid()), 0);
	dl_iterate_phdr(check_loaded, &loaded);
	assert_true(loaded.n_checked >= 4); /* program, vdso, libc, ld.so */
	assert_true(loaded.saw_vdso);
	object = recording_object(
	    fixture->recording,
	    address_spaces_frame(fixture->spaces, getpid(), (uint64_t)set_up, false).object);
	assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	assert_int_equal(object->kind, OBJECT_FILE);
	assert_string_equal(object->path, program);
	assert_true(object->fd >= 0);
	assert_int_equal(object->build_id_len, 20);
}

static void addresses_without_a_mapping_stay_as_they_are(void **state)
{
	struct fixture *fixture = *state;
	struct recorded_frame kernel =
	    address_spaces_frame(fixture->spaces, 1, 0xffffffff81000000, false);
	struct recorded_frame unknown = address_spaces_frame(fixture->spaces, 5, 0x1234, true);
	struct recorded_frame other = address_spaces_frame(fixture->spaces, 6, 0x1234, true);

	assert_int_equal(recording_object(fixture->recording, kernel.object)->kind, OBJECT_KERNEL);
	assert_true(kernel.vaddr == 0xffffffff81000000);
	assert_int_equal(recording_object(fixture->recording, unknown.object)->kind,
	                 OBJECT_ANONYMOUS);
	assert_int_equal(recording_object(fixture->recording, unknown.object)->pid, 5);
	assert_int_equal(unknown.vaddr, 0x1234);
	assert_true(unknown.is_return);
	assert_int_not_equal(unknown.object,
	                     other.object); /* two processes share no anonymous code */
}

static void jit_code_keeps_its_address(void **state)
{
	struct fixture *fixture = *state;
	void *code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct recorded_frame frame;

	assert_int_equal(address_spaces_read_proc(fixture->spaces, getpid()), 0);
	frame = address_spaces_frame(fixture->spaces, getpid(), (uint64_t)code + 16, false);
	assert_int_equal(frame.vaddr, (uint64_t)code + 16);
	assert_int_equal(recording_object(fixture->recording, frame.object)->kind,
	                 OBJECT_ANONYMOUS);
	munmap(code, 8192);
}

static void copy_file(const char *from, const char *to)
{
	char command[300];

	snprintf(command, sizeof(command), "cat %s > %s", from, to);
	assert_int_equal(system(command), 0);
}

static const struct object *map_file(struct fixture *fixture, pid_t pid, const char *path,
                                     uint64_t inode)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	address_spaces_map(fixture->spaces, pid, 0x400000, 0x1000, 0, path, status.st_dev,
	                   inode ? inode : status.st_ino, true);
	return recording_object(fixture->recording,
	                        address_spaces_find(fixture->spaces, pid, 0x400000)->object);
}

/* Pids above the kernel's largest: the process has ended, its path is all that is left. */
enum { GONE = 0x7fffff00 };

static void another_file_at_the_path_is_not_taken_for_the_mapped_one(void **state)
{
	struct fixture *fixture = *state;
	const struct object *object;
	char path[128];

	snprintf(path, sizeof(path), "%s/program", fixture->directory);
	copy_file("/bin/true", path);
	object = map_file(fixture, GONE, path, 1);
	assert_int_equal(object->fd, -1);
	assert_int_equal(object->build_id_len, 0);
	assert_int_equal(
	    address_spaces_find(fixture->spaces, GONE, 0x400000)->tables.eh_frame.size_bytes, 0);
	object = map_file(fixture, GONE, path, 0);
	assert_true(object->fd >= 0);
	assert_int_equal(object->build_id_len, 20);
}

static void a_file_written_anew_in_the_same_inode_is_another_object(void **state)
{
	struct fixture *fixture = *state;
	struct timespec pause = {.tv_nsec = 20000000}; /* two ticks: file times are that coarse */
	const struct object *first, *second;
	char path[128];

	snprintf(path, sizeof(path), "%s/conftest", fixture->directory);
	copy_file("/bin/true", path);
	first = map_file(fixture, GONE, path, 0);
	nanosleep(&pause, NULL);
	copy_file("/bin/false", path);
	second = map_file(fixture, GONE + 1, path, 0);
	assert_int_equal(first->inode, second->inode);
	assert_memory_not_equal(first->build_id, second->build_id, 20);
}

static void a_deleted_file_is_read_through_its_mapping(void **state)
{
	struct fixture *fixture = *state;
	const struct mapping *mapping;
	char path[128];
	void *mapped;
	int fd;

	if (geteuid() != 0) {
		print_message("map_files takes CAP_CHECKPOINT_RESTORE\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/library", fixture->directory);
	copy_file("/bin/true", path);
	fd = open(path, O_RDONLY);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	unlink(path);
	assert_int_equal(address_spaces_read_proc(fixture->spaces, getpid()), 0);
	mapping = address_spaces_find(fixture->spaces, getpid(), (uint64_t)mapped);
	assert_non_null(mapping);
	assert_true(mapping->tables.eh_frame.size_bytes > 0);
	munmap(mapped, 4096);
}

static void check_section(const struct elf_image *image, const struct unwind_section *section)
{
	if (section->size_bytes == 0)
		return;
	assert_true(section->data >= image->bytes);
	assert_true(section->data + section->size_bytes <= image->bytes + image->size_bytes);
}

/* Damages the headers of a real file that ends where unreadable memory begins. */
static void damaged_elf_files_never_lead_outside_themselves(void **state)
{
	enum { HEAD_BYTES = 4096 };
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open("/bin/true", O_RDONLY);
	struct stat status;
	uint8_t *pages, *file;
	uint8_t head[HEAD_BYTES];
	size_t room;

	(void)state;
	assert_int_equal(fstat(fd, &status), 0);
	room = ((size_t)status.st_size + page_bytes - 1) & ~(page_bytes - 1);
	pages = mmap(NULL, room + page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	             -1, 0);
	assert_int_equal(mprotect(pages + room, page_bytes, PROT_NONE), 0);
	file = pages + ((room - (size_t)status.st_size) & ~(size_t)7);
	assert_int_equal(read(fd, file, (size_t)status.st_size), status.st_size);
	close(fd);
	memcpy(head, file, sizeof(head));
	srand(3);
	for (unsigned i = 0; i < 20000; i++) {
		struct elf_image image;
		uint64_t bias;

		memcpy(file, head, sizeof(head));
		for (int n = 1 + rand() % 3; n > 0; n--)
			file[(size_t)rand() % (n > 1 ? 64 : 1024)] = (uint8_t)rand();
		if (elf_image_parse(&image, file, (size_t)status.st_size))
			continue;
		check_section(&image, &image.tables.eh_frame_hdr);
		check_section(&image, &image.tables.eh_frame);
		if (image.build_id) {
			assert_true(image.build_id >= file);
			assert_true(image.build_id + image.build_id_len <= file + status.st_size);
		}
		elf_image_load_bias(&image, 0x555555554000, 0x1000, true, &bias);
	}
	munmap(pages, room + page_bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_mapping_replaces_what_it_overlaps),
	    TEST(mappings_agree_with_a_page_by_page_model),
	    TEST(a_forked_child_begins_with_its_parents_mappings),
	    TEST(exec_forgets_all_mappings),
	    TEST(our_own_objects_are_where_the_dynamic_linker_put_them),
	    TEST(addresses_without_a_mapping_stay_as_they_are),
	    TEST(jit_code_keeps_its_address),
	    TEST(another_file_at_the_path_is_not_taken_for_the_mapped_one),
	    TEST(a_file_written_anew_in_the_same_inode_is_another_object),
	    TEST(a_deleted_file_is_read_through_its_mapping),
	    TEST(damaged_elf_files_never_lead_outside_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
