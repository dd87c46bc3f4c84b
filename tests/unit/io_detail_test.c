/* Lines of calls: known bytes in, strace's text out; what a hostile program has in memory stays
 * what it is. */
#include "io/detail/decode.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/quota.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, EFAULT_RESULT = -14 };

/* Of this process: it is its own target. The caller frees it. */
static char *line_under(enum syscall_abi abi, const char *name, int64_t result,
                        const uint64_t args[6])
{
	struct detail_line line = {0};
	const struct syscall_info *info = syscall_find_named(abi, name);
	struct detail_subject subject = {getpid(), info, info->number, args};
	char *text;

	assert_non_null(info);
	detail_begin(&line, &subject);
	detail_end(&line, &subject, result);
	text = strndup(line.text.bytes, line.text.len);
	assert_int_equal(strlen(text), line.text.len);
	detail_text_fini(&line.text);
	return text;
}

static void check(const char *expected, const char *name, int64_t result, const uint64_t args[6])
{
	char *line = line_under(ABI_X86_64, name, result, args);

	assert_string_equal(line, expected);
	free(line);
}

#define EXPECT(expected, name, result, ...)                                                        \
	check(expected, name, result, (const uint64_t[6]){__VA_ARGS__})
#define AT(object) ((uintptr_t)(object))

/* Memory that ends where nothing can be read; the address of its last len bytes. */
static char *before_nothing(size_t len)
{
	static char *pages;

	if (!pages) {
		pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		             -1, 0);
		assert_true(pages != MAP_FAILED);
		assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	}
	memset(pages, 'x', PAGE);
	return pages + PAGE - len;
}

static void known_bytes_are_written_as_strace_writes_them(void **state)
{
	struct iovec buffers[] = {{"ab", 2}, {"c\n", 2}};
	struct pollfd polled[] = {{.fd = 3, .events = POLLIN, .revents = POLLIN}, {.fd = -1}};
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0640, .resolve = RESOLVE_BENEATH};
	struct file_clone_range range = {3, 1, 2, 4};
	struct winsize size = {24, 80, 0, 0};
	int number = 5;

	(void)state;
	EXPECT("write(1, \"a\\0011\\377\\n\\\"\", 6)           = 6", "write", 6, 1,
	       AT("a\0011\377\n\""), 6);
	EXPECT("openat(AT_FDCWD, \"a\", O_WRONLY|O_CREAT, 0644) = 3", "openat", 3,
	       (uint64_t)AT_FDCWD, AT("a"), O_WRONLY | O_CREAT, 0644);
	EXPECT("writev(1, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"c\\n\", iov_len=2}], 2) = 4",
	       "writev", 4, 1, AT(buffers), 2);
	EXPECT("poll([{fd=3, events=POLLIN}, {fd=-1}], 2, 0) = 1 ([{fd=3, revents=POLLIN}])",
	       "poll", 1, AT(polled), 2, 0);
	EXPECT(
	    "openat2(4, \"a\", {flags=O_RDWR|O_CREAT, mode=0640, resolve=RESOLVE_BENEATH}, 24) = 3",
	    "openat2", 3, 4, AT("a"), AT(&how), sizeof(how));
	EXPECT("ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0",
	       "ioctl", 0, 0, TIOCGWINSZ, AT(&size));
	EXPECT("ioctl(0, FIONREAD, [5])                 = 0", "ioctl", 0, 0, FIONREAD, AT(&number));
	EXPECT("ioctl(0, BTRFS_IOC_CLONE_RANGE or FICLONERANGE, {src_fd=3, src_offset=1, "
	       "src_length=2, dest_offset=4}) = 0",
	       "ioctl", 0, 0, FICLONERANGE, AT(&range));
	EXPECT("ioctl(0, _IOC(_IOC_READ, 0xfe, 0xfd, 0x3e8), 0x7) = -1 EFAULT (Bad address)",
	       "ioctl", EFAULT_RESULT, 0, _IOC(_IOC_READ, 0xfe, 0xfd, 1000), 7);
	EXPECT("setxattr(\"a\", \"user.b\", \"c\\0d\", 3, XATTR_CREATE) = 0", "setxattr", 0,
	       AT("a"), AT("user.b"), AT("c\0d"), 3, 1);
	EXPECT("mmap(NULL, 5, PROT_READ, MAP_PRIVATE, 3, 0x1000) = 0x7000", "mmap", 0x7000, 0, 5,
	       PROT_READ, MAP_PRIVATE, 3, 0x1000);
}

static void what_cannot_be_read_is_an_address(void **state)
{
	(void)state;
	EXPECT("write(1, 0x1, 5)                        = -1 EFAULT (Bad address)", "write",
	       EFAULT_RESULT, 1, 1, 5);
	EXPECT("write(1, NULL, 5)                       = -1 EFAULT (Bad address)", "write",
	       EFAULT_RESULT, 1, 0, 5);
	EXPECT("open(0x1, O_RDONLY)                     = -1 EFAULT (Bad address)", "open",
	       EFAULT_RESULT, 1, 0);
	EXPECT("writev(1, 0x1, 2)                       = -1 EFAULT (Bad address)", "writev",
	       EFAULT_RESULT, 1, 1, 2);
	EXPECT("ioctl(0, FIONBIO, 0x1)                  = -1 EFAULT (Bad address)", "ioctl",
	       EFAULT_RESULT, 0, FIONBIO, 1);
	EXPECT("statx(3, 0x1, AT_STATX_SYNC_AS_STAT, 0, 0x1) = 0", "statx", 0, 3, 1, 0, 0, 1);
	EXPECT("ioctl(0, SIOCGIFCONF, 0x1)              = 0", "ioctl", 0, 0, 0x8912, 1);
}

/* strace 6.1 does not know them, so no run of it can be asked. */
static void calls_of_newer_kernels_are_decoded(void **state)
{
	const uint64_t range[] = {0x1000, 8192}, found[] = {3, 1, 0, 2, 1};

	(void)state;
	EXPECT("cachestat(3, {off=0x1000, len=8192}, {nr_cache=3, nr_dirty=1, nr_writeback=0, "
	       "nr_evicted=2, nr_recently_evicted=1}, 0) = 0",
	       "cachestat", 0, 3, AT(range), AT(found), 0);
	EXPECT("cachestat(-1, NULL, 0x1, 0xffffffff)    = -1 EFAULT (Bad address)", "cachestat",
	       EFAULT_RESULT, -1, 0, 1, -1);
	EXPECT("fchmodat2(AT_FDCWD, \"a\", 0640, AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH|0x200) = 0",
	       "fchmodat2", 0, AT_FDCWD, AT("a"), 0640, 0x1300);
}

/* Of which a machine without quotas has no case. */
static void quotas_that_are_told_are_decoded(void **state)
{
	const struct if_nextdqblk quota = {.dqb_bhardlimit = 1, .dqb_curspace = 3, .dqb_id = 9};
	const struct fs_quota_statv status = {.qs_version = FS_QSTATV_VERSION1};
	uint32_t format = QFMT_VFS_V1;

	(void)state;
	EXPECT("quotactl(QCMD(Q_GETFMT, USRQUOTA), \"/dev/a\", [QFMT_VFS_V1]) = 0", "quotactl", 0,
	       QCMD(Q_GETFMT, USRQUOTA), AT("/dev/a"), 0, AT(&format));
	EXPECT("quotactl(QCMD(Q_GETNEXTQUOTA, GRPQUOTA), \"/dev/a\", 8, {dqb_bhardlimit=1, "
	       "dqb_bsoftlimit=0, dqb_curspace=3, dqb_ihardlimit=0, dqb_isoftlimit=0, "
	       "dqb_curinodes=0, dqb_id=9, ...}) = 0",
	       "quotactl", 0, QCMD(Q_GETNEXTQUOTA, GRPQUOTA), AT("/dev/a"), 8, AT(&quota));
	EXPECT("quotactl_fd(3, QCMD(Q_XGETQSTATV, PRJQUOTA), {qs_version=1, ...}) = 0",
	       "quotactl_fd", 0, 3, QCMD(Q_XGETQSTATV, PRJQUOTA), 0, AT(&status));
}

/* Arrays and buffers end after 32 of them, or where memory does. */
static void huge_lengths_are_cut(void **state)
{
	struct iovec buffer = {"ab", SIZE_MAX};
	char bytes[33], expected[200], *last;

	(void)state;
	memset(bytes, 'y', sizeof(bytes));
	snprintf(expected, sizeof(expected), "write(1, \"%.32s\"..., 18446744073709551615) = 5",
	         bytes);
	EXPECT(expected, "write", 5, 1, AT(bytes), UINT64_MAX);
	last = before_nothing(5);
	snprintf(expected, sizeof(expected), "write(1, %#lx, 18446744073709551615) = 5", AT(last));
	EXPECT(expected, "write", 5, 1, AT(last), UINT64_MAX);
	last = before_nothing(sizeof(buffer));
	buffer.iov_base = NULL;
	memcpy(last, &buffer, sizeof(buffer));
	snprintf(expected, sizeof(expected),
	         "writev(1, [{iov_base=NULL, iov_len=18446744073709551615}, ... /* %#lx */], "
	         "18446744073709551615) = 5",
	         AT(last + sizeof(buffer)));
	EXPECT(expected, "writev", 5, 1, AT(last), UINT64_MAX);
	last = before_nothing(2);
	memset(last, 0, 2);
	snprintf(expected, sizeof(expected),
	         "mincore(0x1000, 18446744073709551615, [0, 0, ... /* %#lx */]) = 0", AT(last + 2));
	EXPECT(expected, "mincore", 0, PAGE, UINT64_MAX, AT(last));
}

/* Its line begins so. */
static void check_begin(const char *expected, enum syscall_abi abi, const char *name,
                        const uint64_t args[6])
{
	char *line = line_under(abi, name, 3, args);

	line[strlen(expected)] = 0;
	assert_string_equal(line, expected);
	free(line);
}

static void texts_without_an_end_are_cut_or_addresses(void **state)
{
	char expected[200], *last = before_nothing(40);

	(void)state;
	snprintf(expected, sizeof(expected), "open(%#lx, O_RDONLY)", AT(last));
	check_begin(expected, ABI_X86_64, "open", (const uint64_t[6]){AT(last)});
	check_begin("memfd_create(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., 0)", ABI_X86_64,
	            "memfd_create", (const uint64_t[6]){AT(last)});
	last = before_nothing(8);
	snprintf(expected, sizeof(expected), "memfd_create(%#lx, 0)", AT(last));
	check_begin(expected, ABI_X86_64, "memfd_create", (const uint64_t[6]){AT(last)});
}

static void calls_of_other_tables_have_numbers(void **state)
{
	(void)state;
	check_begin("write(0x1, 0x20, 0x2, 0, 0, 0)", ABI_I386, "write",
	            (const uint64_t[6]){1, 32, 2});
}

#define CALL(name, ...) {#name, true},
#define NEWER CALL
#define PLAIN(name, ...) {#name, false},
static const struct {
	const char *name;
	bool is_decoded;
} rows[] = {
#include "io/detail/calls.def"
};
#undef CALL
#undef NEWER
#undef PLAIN

static bool is_decoded(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].is_decoded;
	return false;
}

/* Whatever the bytes and the numbers are: a line of its name, of some length, and a result. */
static void no_call_with_hostile_arguments_runs_away(void **state)
{
	static const int64_t results[] = {0, 1, EFAULT_RESULT, -4096, INT64_MAX, -1};
	static const unsigned char fills[] = {0, 1, 0x7f, 0xff, 'x'};
	enum { MOST = 1 << 20 };

	(void)state;
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++)
		for (size_t fill = 0; fill < ARRAY_SIZE(fills); fill++)
			for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
				char *tail = before_nothing(i % 2 ? PAGE : 100), *line;
				uint64_t at = AT(tail);
				const uint64_t args[][6] = {
				    {at, at, at, at, at, at},
				    {1, at, UINT64_MAX, UINT64_MAX, at, at},
				    {UINT64_MAX, at, at, UINT64_MAX, UINT64_MAX, at},
				    {at, UINT64_MAX, at, at, at, UINT64_MAX},
				    {fill, fill, at, fill, at, fill},
				    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
				     UINT64_MAX},
				};

				memset(tail, fills[fill], i % 2 ? PAGE : 100);
				for (size_t j = 0; j < ARRAY_SIZE(args); j++) {
					line = line_under(ABI_X86_64, rows[row].name, results[i],
					                  args[j]);
					assert_memory_equal(line, rows[row].name,
					                    strlen(rows[row].name));
					assert_non_null(strstr(line, ") "));
					assert_true(strlen(line) < MOST);
					assert_null(strchr(line, '\n'));
					free(line);
				}
			}
}

static void every_request_with_hostile_values_has_a_line(void **state)
{
#define REQUEST(name, kind) name,
#define NAMED(value, name, kind) value,
	static const uint32_t requests[] = {
#include "io/detail/requests.def"
	};
#undef REQUEST
#undef NAMED
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		for (int64_t result = EFAULT_RESULT; result <= 0; result -= EFAULT_RESULT)
			for (unsigned len = 0; len <= 256; len += 32) {
				char *tail = before_nothing(len), *line;

				memset(tail, 0xff, len);
				line = line_under(ABI_X86_64, "ioctl", result,
				                  (const uint64_t[6]){3, requests[i], AT(tail)});
				assert_null(strstr(line, "_IOC("));
				assert_true(strlen(line) < PAGE);
				free(line);
			}
}

static void every_call_of_files_descriptors_the_network_and_memory_is_decoded(void **state)
{
	enum { FOUR = IN_DESC | IN_FILE | IN_NETWORK | IN_MEMORY };

	(void)state;
	for (const struct syscall_facts *facts = syscall_facts; facts->name; facts++) {
		if (facts->classes & FOUR && syscall_find_named(ABI_X86_64, facts->name) &&
		    !is_decoded(facts->name))
			fail_msg("%s", facts->name);
	}
}

static void no_call_has_two_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rows[i].name, rows[j].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_of_newer_kernels_are_decoded),
	    cmocka_unit_test(quotas_that_are_told_are_decoded),
	    cmocka_unit_test(known_bytes_are_written_as_strace_writes_them),
	    cmocka_unit_test(what_cannot_be_read_is_an_address),
	    cmocka_unit_test(huge_lengths_are_cut),
	    cmocka_unit_test(texts_without_an_end_are_cut_or_addresses),
	    cmocka_unit_test(calls_of_other_tables_have_numbers),
	    cmocka_unit_test(no_call_with_hostile_arguments_runs_away),
	    cmocka_unit_test(every_request_with_hostile_values_has_a_line),
	    cmocka_unit_test(every_call_of_files_descriptors_the_network_and_memory_is_decoded),
	    cmocka_unit_test(no_call_has_two_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
