/* Decoding and counting of calls: bytes, messages, buffers and descriptors from arguments, results
 * and memory. */
#include "io/counts.h"
#include "io/distribution.h"
#include "io/fd_table.h"
#include "io/latency.h"
#include "io/observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { SMALL = 512 };

/* A target whose memory is this process's own. */
struct target {
	struct io_counts *counts;
	struct io_observer *observer;
	uint32_t group;
	bool memory_is_gone;
};

static bool read_own(void *context, uint64_t addr, void *buffer, size_t len_bytes)
{
	const struct target *target = context;

	if (target->memory_is_gone || !addr)
		return false;
	memcpy(buffer, (const void *)(uintptr_t)addr, len_bytes);
	return true;
}

static bool describe(void *context, int fd, char *name, size_t name_bytes, bool *is_guess)
{
	(void)context, (void)is_guess;
	snprintf(name, name_bytes, "/file%d", fd);
	return fd < 100;
}

static int set_up(void **state)
{
	static struct target target;

	target = (struct target){.counts = io_counts_new(SMALL)};
	target.observer = io_observer_new(target.counts);
	target.group = fd_table_group_new(target.counts->fds, 1);
	io_counts_add_thread(target.counts, 1, 1, "test");
	*state = &target;
	return 0;
}

static int tear_down(void **state)
{
	struct target *target = *state;

	io_observer_free(target->observer);
	io_counts_free(target->counts);
	return 0;
}

#define ADDR(thing) ((uint64_t)(uintptr_t)(thing))

/* A call returns; its row. */
static const struct call_row *call_of(struct target *target, enum syscall_abi abi, const char *name,
                                      int64_t result, const uint64_t args[6])
{
	const struct target_view view = {target, read_own, describe};
	struct finished_call finished = {
	    .info = syscall_find_named(abi, name),
	    .result = result,
	    .now_ns = 100,
	    .pid = 1,
	    .group = &target->group,
	};
	struct io_call counted;

	assert_non_null(finished.info);
	memcpy(finished.args, args, sizeof(finished.args));
	io_observe(target->observer, &view, &finished, &counted);
	counted.time_ns = 7;
	io_counts_add(target->counts, &counted);
	for (size_t i = 0; i < target->counts->n_calls; i++)
		if (target->counts->calls[i].info == finished.info)
			return &target->counts->calls[i];
	fail_msg("no row for %s", name);
	return NULL;
}

#define CALL_OF(target, abi, name, result, ...)                                                    \
	call_of(target, abi, name, result, (const uint64_t[6]){__VA_ARGS__})
#define CALL(target, name, result, ...) CALL_OF(target, ABI_X86_64, name, result, __VA_ARGS__)

static const struct fd_descriptor *only_descriptor(const struct target *target)
{
	assert_int_equal(fd_table_count(target->counts->fds), 1);
	return fd_table_descriptor(target->counts->fds, 1);
}

static void reads_and_writes_add_up(void **state)
{
	struct target *target = *state;
	const struct call_row *row;

	CALL(target, "openat", 3, 0, 0, O_RDONLY);
	CALL(target, "read", 4096, 3, 0, 4096);
	row = CALL(target, "read", 0, 3, 0, 4096);
	assert_int_equal(row->calls, 2);
	assert_int_equal(row->bytes, 4096);
	assert_int_equal(row->time_ns, 14);
	CALL(target, "write", 100, 3, 0, 100);
	assert_int_equal(target->counts->totals.calls, 4);
	assert_int_equal(target->counts->totals.bytes[IO_READ], 4096);
	assert_int_equal(target->counts->totals.bytes[IO_WRITE], 100);
	assert_int_equal(target->counts->totals.small_calls[IO_READ], 0);
	assert_int_equal(target->counts->totals.small_calls[IO_WRITE], 1);
	assert_string_equal(
	    fd_table_name(target->counts->fds, only_descriptor(target)->description), "/file3");
	assert_int_equal(target->counts->descriptors[1].bytes[IO_READ], 4096);
	assert_int_equal(target->counts->descriptors[1].calls[IO_READ], 2);
	assert_int_equal(target->counts->threads[0].bytes_written, 100);
}

static void errors_are_told_apart(void **state)
{
	struct target *target = *state;
	const struct call_row *row;

	CALL(target, "read", -EAGAIN, 3, 0, 1);
	CALL(target, "read", -EAGAIN, 3, 0, 1);
	row = CALL(target, "read", -EINTR, 3, 0, 1);
	assert_int_equal(row->errors, 3);
	assert_int_equal(row->n_errnos, 2);
	assert_int_equal(row->errnos[0].error, EAGAIN);
	assert_int_equal(row->errnos[0].count, 2);
	/* A failed call moved nothing, however small its buffer. */
	assert_int_equal(target->counts->totals.small_calls[IO_READ], 0);
}

/* As for the kernel and strace: rt_sigreturn(2) returns what was in a register. */
static void only_small_negative_results_are_errors(void **state)
{
	struct target *target = *state;
	const struct call_row *row;

	CALL(target, "rt_sigreturn", INT64_MIN, 0);
	CALL(target, "rt_sigreturn", -4096, 0);
	CALL(target, "rt_sigreturn", INT64_MIN + INT32_MAX, 0);
	row = CALL(target, "rt_sigreturn", -4095, 0);
	assert_int_equal(row->calls, 4);
	assert_int_equal(row->errors, 1);
	assert_int_equal(row->n_errnos, 1);
	assert_int_equal(row->errnos[0].error, 4095);
	assert_int_equal(target->counts->totals.errors, 1);
	assert_int_equal(target->counts->threads[0].errors, 1);
	assert_true(io_status_has(IO_SUCCESSFUL, INT64_MIN));
	assert_false(io_status_has(IO_FAILED, -4096));
	assert_true(io_status_has(IO_FAILED, -1));
	/* A supervisor of the target's may answer a read with it: nothing is known to be moved. */
	row = CALL(target, "read", INT64_MIN, 3, 0, 100);
	assert_int_equal(row->bytes, 0);
	assert_int_equal(row->asking_calls, 0);
}

static void vectors_count_buffers_and_how_far_data_reached(void **state)
{
	struct target *target = *state;
	struct iovec buffers[4] = {{NULL, 100}, {NULL, 100}, {NULL, 100}, {NULL, 100}};
	const struct call_row *row;

	CALL(target, "readv", 150, 3, ADDR(buffers), 4);
	row = CALL(target, "readv", 400, 3, ADDR(buffers), 4);
	assert_int_equal(row->messages, 8);
	assert_int_equal(row->slots, 8);
	assert_int_equal(row->used_slots, 6);
	assert_int_equal(row->bytes, 550);
	/* The buffers together hold 400 bytes. */
	assert_int_equal(target->counts->totals.small_calls[IO_READ], 2);
}

/* import_iovec() of the kernel cuts the lengths so that they add up to MAX_RW_COUNT. */
static void buffers_ask_for_no_more_than_the_kernel_moves(void **state)
{
	enum { MOST = 0x7ffff000 };
	struct target *target = *state;
	struct iovec buffers[3] = {{NULL, 100}, {NULL, SIZE_MAX - 50}, {NULL, 100}};
	const struct call_row *row = CALL(target, "writev", 60, 3, ADDR(buffers), 3);

	assert_int_equal(row->asked_bytes, MOST);
	assert_int_equal(row->used_slots, 1);
	assert_int_equal(target->counts->totals.small_calls[IO_WRITE], 0);
	row = CALL(target, "writev", MOST, 3, ADDR(buffers), 3);
	assert_int_equal(row->asked_bytes, 2 * (uint64_t)MOST);
	assert_int_equal(row->short_calls, 1);
}

static void message_vectors_count_messages_and_their_bytes(void **state)
{
	struct target *target = *state;
	struct mmsghdr messages[64] = {0};
	const struct call_row *row;

	for (int i = 0; i < 64; i++)
		messages[i].msg_len = 40;
	CALL(target, "sendmmsg", 64, 3, ADDR(messages), 64, 0);
	CALL(target, "sendmmsg", 16, 3, ADDR(messages), 64, 0);
	row = CALL(target, "sendmmsg", -EAGAIN, 3, ADDR(messages), 64, 0);
	assert_int_equal(row->calls, 3);
	assert_int_equal(row->messages, 80);
	assert_int_equal(row->bytes, 80 * 40);
	assert_int_equal(row->slots, 128);
	assert_int_equal(target->counts->totals.bytes[IO_WRITE], 80 * 40);
}

static void unreadable_memory_is_counted_not_guessed(void **state)
{
	struct target *target = *state;
	const struct call_row *row;

	target->memory_is_gone = true;
	row = CALL(target, "recvmmsg", 3, 3, 4096, 8, 0);
	assert_int_equal(row->messages, 3);
	assert_int_equal(row->bytes, 0);
	assert_int_equal(row->unknown_bytes, 1);
	assert_int_equal(target->counts->gaps.unreadable, 1);
	row = CALL(target, "recvmsg", 3, 3, 4096, 0);
	assert_int_equal(row->bytes, 3);
	assert_int_equal(row->unknown_messages, 1);
	assert_int_equal(target->counts->gaps.unreadable, 2);
}

/* Each message has a control area that cannot be read. */
static void a_call_with_much_unreadable_memory_is_one_call(void **state)
{
	struct target *target = *state;
	struct mmsghdr messages[4] = {0};

	for (int i = 0; i < 4; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_control = NULL, .msg_controllen = 64};
	CALL(target, "recvmmsg", 4, 3, ADDR(messages), 4, 0);
	assert_int_equal(target->counts->gaps.unreadable, 1);
}

/* Another thread may have written over the header since. */
static void a_length_that_cannot_be_is_not_believed(void **state)
{
	struct target *target = *state;
	struct msghdr message = {.msg_iovlen = UINT32_MAX};
	const struct call_row *row = CALL(target, "sendmsg", 5, 3, ADDR(&message), 0);

	assert_int_equal(row->bytes, 5);
	assert_int_equal(row->messages, 0);
	assert_int_equal(row->unknown_messages, 1);
	assert_int_equal(row->slots, 0);
	assert_int_equal(target->counts->gaps.unreadable, 1);
}

/* Of structures of other ABIs only what arguments and results say is known. */
static void what_is_not_decoded_is_not_zero(void **state)
{
	struct target *target = *state;
	const struct call_row *row = CALL_OF(target, ABI_I386, "sendmmsg", 3, 3, 4096, 8, 0);

	assert_int_equal(row->messages, 3);
	assert_int_equal(row->slots, 8);
	assert_int_equal(row->unknown_messages, 0);
	assert_int_equal(row->unknown_bytes, 1);
	row = CALL_OF(target, ABI_I386, "writev", 30, 3, 4096, 2);
	assert_int_equal(row->messages, 2);
	assert_int_equal(row->slots_calls, 0);
	assert_int_equal(row->bytes, 30);
	assert_int_equal(row->unknown_bytes, 0);
	row = CALL_OF(target, ABI_I386, "sendmsg", 30, 3, 4096, 0);
	assert_int_equal(row->bytes, 30);
	assert_int_equal(row->unknown_messages, 1);
	assert_int_equal(distribution_count(row->per_call, 0, UINT64_MAX), 0);
	assert_int_equal(target->counts->gaps.foreign_memory, 3);
	assert_int_equal(target->counts->gaps.unreadable, 0);
	/* A failed call has moved nothing, which is known. */
	row = CALL_OF(target, ABI_I386, "sendmsg", -EAGAIN, 3, 4096, 0);
	assert_int_equal(row->unknown_messages, 1);
}

static void received_descriptors_are_known(void **state)
{
	struct target *target = *state;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[2] = {20, 21};

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	CALL(target, "recvmsg", 0, 3, ADDR(&message), 0);
	assert_true(fd_table_knows(target->counts->fds, target->group, 20));
	assert_true(fd_table_knows(target->counts->fds, target->group, 21));
	assert_int_equal(target->counts->gaps.guessed_fds, 1); /* the socket itself, 3 */
}

/* The sender's pidfd, or what the kernel says in its place. */
static void a_received_pidfd_is_known(void **state)
{
	struct target *target = *state;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[] = {22, -ESRCH};

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = 4; /* SCM_PIDFD */
	header->cmsg_len = CMSG_LEN(sizeof(int));
	for (size_t i = 0; i < 2; i++) {
		memcpy(CMSG_DATA(header), &fds[i], sizeof(int));
		CALL(target, "recvmsg", 0, 3, ADDR(&message), 0);
	}
	assert_true(fd_table_knows(target->counts->fds, target->group, 22));
	assert_int_equal(target->counts->gaps.guessed_fds, 1); /* the socket itself, 3 */
	fd_table_exec(target->counts->fds, target->group, 1);
	assert_false(fd_table_knows(target->counts->fds, target->group, 22));
}

static void sockets_have_their_addresses(void **state)
{
	struct target *target = *state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	socklen_t length = sizeof(address);
	struct fd_table *fds = target->counts->fds;
	uint32_t description;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CALL(target, "socket", 3, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CALL(target, "bind", 0, 3, ADDR(&address), length);
	address.sin_port = htons(5000);
	CALL(target, "accept4", 4, 3, ADDR(&address), ADDR(&length), 0);
	description = fd_table_description(fds, target->group, 4);
	assert_string_equal(fd_table_name(fds, description), "tcp");
	assert_string_equal(fd_table_address(fds, description, FD_LOCAL), "127.0.0.1:80");
	assert_string_equal(fd_table_address(fds, description, FD_PEER), "127.0.0.1:5000");
	fd_table_exec(fds, target->group, 1);
	assert_false(fd_table_knows(fds, target->group, 3));
	assert_true(fd_table_knows(fds, target->group, 4));
}

static const char *accepted_local(struct target *target, int domain, const void *address,
                                  socklen_t length)
{
	struct fd_table *fds = target->counts->fds;
	struct sockaddr_storage peer = {0};
	socklen_t peer_length = 0;

	CALL(target, "socket", 3, domain, SOCK_STREAM, 0);
	CALL(target, "bind", 0, 3, (uintptr_t)address, length);
	CALL(target, "accept", 4, 3, ADDR(&peer), ADDR(&peer_length));
	return fd_table_address(fds, fd_table_description(fds, target->group, 4), FD_LOCAL);
}

/* What a listener is bound to need not be the address of a connection. */
static void of_an_accepted_address_what_is_known_is_told(void **state)
{
	struct target *target = *state;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7431)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "0.0.0.0:0"};

	assert_string_equal(accepted_local(target, AF_INET, &in, sizeof(in)), ":7431");
	assert_string_equal(accepted_local(target, AF_INET6, &in6, sizeof(in6)), ":80");
	in.sin_port = 0;
	assert_null(accepted_local(target, AF_INET, &in, sizeof(in)));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_null(accepted_local(target, AF_INET, &in, sizeof(in)));
	assert_string_equal(accepted_local(target, AF_UNIX, &un, sizeof(un)), "0.0.0.0:0");
}

/* What only they have counts as what it is, or is told of. */
static void calls_of_i386_alone_are_no_others(void **state)
{
	struct target *target = *state;

	CALL_OF(target, ABI_I386, "sendfile64", 5000, 4, 3, 0, 8000);
	assert_int_equal(target->counts->totals.bytes[IO_READ], 5000);
	assert_int_equal(target->counts->totals.bytes[IO_WRITE], 5000);
	assert_int_equal(target->counts->gaps.foreign_memory, 0);
	assert_int_equal(CALL_OF(target, ABI_I386, "recvmmsg_time64", 3, 3, 4096, 8)->messages, 3);
	assert_int_equal(target->counts->gaps.foreign_memory, 1);
	CALL_OF(target, ABI_I386, "socketcall", 100, 9, 4096);
	assert_int_equal(target->counts->gaps.foreign_memory, 2);
	CALL_OF(target, ABI_I386, "socketcall", -EAGAIN, 9, 4096);
	assert_int_equal(target->counts->gaps.foreign_memory, 2);
}

/* After it was made by this call it is open; after an exec it may be closed. */
static void makes_descriptor(struct target *target, bool cloexec, const char *name, uint64_t a,
                             uint64_t b, uint64_t c, uint64_t d)
{
	enum { FD = 30 };

	CALL(target, name, FD, a, b, c, d);
	if (!fd_table_knows(target->counts->fds, target->group, FD))
		fail_msg("%s makes none", name);
	fd_table_exec(target->counts->fds, target->group, 100);
	if (fd_table_knows(target->counts->fds, target->group, FD) == cloexec)
		fail_msg("%s: after an exec", name);
	fd_table_close(target->counts->fds, target->group, FD, 100);
}

static void descriptors_of_all_kinds_are_known_as_made(void **state)
{
	struct target *target = *state;

	makes_descriptor(target, false, "signalfd", UINT64_MAX, 4096, 8, 0);
	makes_descriptor(target, false, "signalfd4", UINT32_MAX, 4096, 8, 0);
	makes_descriptor(target, true, "signalfd4", UINT64_MAX, 4096, 8, SFD_CLOEXEC);
	makes_descriptor(target, false, "fsopen", 4096, 0, 0, 0);
	makes_descriptor(target, true, "fsopen", 4096, 1, 0, 0);
	makes_descriptor(target, false, "fspick", 3, 4096, 0, 0);
	makes_descriptor(target, true, "fspick", 3, 4096, 1, 0);
	makes_descriptor(target, false, "fsmount", 3, 0, 0, 0);
	makes_descriptor(target, true, "fsmount", 3, 1, 0, 0);
	makes_descriptor(target, true, "open_tree", 3, 4096, O_CLOEXEC, 0);
	makes_descriptor(target, false, "open_tree", 3, 4096, 0, 0);
	makes_descriptor(target, true, "landlock_create_ruleset", 4096, 8, 0, 0);
	makes_descriptor(target, true, "bpf", 0 /* BPF_MAP_CREATE */, 4096, 8, 0);
	makes_descriptor(target, true, "seccomp", 1 /* SECCOMP_SET_MODE_FILTER */,
	                 1 << 3 /* SECCOMP_FILTER_FLAG_NEW_LISTENER */, 4096, 0);
	/* What these return is no descriptor, or one that was there. */
	CALL(target, "signalfd4", 7, 7, 4096, 8, 0);
	CALL(target, "landlock_create_ruleset", 7, 0, 0, 1);
	CALL(target, "bpf", 7, 10 /* BPF_PROG_TEST_RUN */, 4096, 8);
	CALL(target, "seccomp", 7, 1, 0, 4096);
	assert_false(fd_table_knows(target->counts->fds, target->group, 7));
	assert_int_equal(target->counts->gaps.guessed_fds, 0);
}

static void an_unseen_descriptor_is_marked_as_guessed(void **state)
{
	struct target *target = *state;

	CALL(target, "read", 10, 50, 0, 4096);
	assert_int_equal(only_descriptor(target)->origin, FD_GUESSED);
	assert_int_equal(target->counts->gaps.guessed_fds, 1);
	/* Not open: nothing to guess. */
	CALL(target, "read", -EBADF, 51, 0, 4096);
	only_descriptor(target);
}

static void a_close_that_fails_still_closes(void **state)
{
	struct target *target = *state;

	CALL(target, "openat", 3, 0, 0, 0);
	CALL(target, "close", -EIO, 3);
	assert_false(fd_table_knows(target->counts->fds, target->group, 3));
	CALL(target, "openat", 3, 0, 0, 0);
	CALL(target, "close", -EBADF, 4);
	assert_true(fd_table_knows(target->counts->fds, target->group, 3));
}

static void copies_count_on_both_sides(void **state)
{
	struct target *target = *state;

	CALL(target, "openat", 3, 0, 0, 0);
	CALL(target, "openat", 4, 0, 0, 0);
	CALL(target, "sendfile", 5000, 4, 3, 0, 8000);
	assert_int_equal(target->counts->totals.bytes[IO_READ], 5000);
	assert_int_equal(target->counts->totals.bytes[IO_WRITE], 5000);
	assert_int_equal(fd_table_count(target->counts->fds), 2);
	assert_int_equal(target->counts->descriptors[1].bytes[IO_READ], 5000);
	assert_int_equal(target->counts->descriptors[2].bytes[IO_WRITE], 5000);
	assert_int_equal(target->counts->n_uses, 0);
}

static void calls_of_another_abi_have_their_own_rows(void **state)
{
	struct target *target = *state;
	/* 3 is read for int 0x80 and close for syscall. */
	const struct syscall_info *read32 = syscall_find(ABI_I386, 3);
	const struct io_call counted = {.info = read32, .result = 0};

	assert_string_equal(read32->name, "read");
	assert_string_equal(syscall_find(ABI_X86_64, 3)->name, "close");
	assert_string_equal(syscall_find(ABI_X86_64, 599)->name, "syscall_0x257");
	/* Which socketcall(2) and ipc(2) make, too. */
	assert_int_equal(syscall_find_named(ABI_I386, "sendmsg")->number, 370);
	assert_int_equal(syscall_find_named(ABI_I386, "shmget")->number, 395);
	assert_null(syscall_find_named(ABI_I386, "msgbox"));
	assert_null(syscall_find_named(ABI_X86_64, "socketcall"));
	io_counts_add(target->counts, &counted);
	CALL(target, "read", 0, 3, 0, 1);
	assert_int_equal(target->counts->n_calls, 2);
}

/* 130 small writes, or reads that find nothing, by themselves and at once. */
static void count_alike(struct io_counts *counts, int64_t result, bool at_once)
{
	uint32_t times_ns[130];
	const struct io_repetition repetition = {130, times_ns};
	const struct io_call alike = {
	    .info = syscall_find_named(ABI_X86_64, result < 0 ? "read" : "write"),
	    .result = result,
	    .time_ns = at_once ? 130 * 7 : 7,
	    .asked_bytes = 10,
	    .knows_asked = true,
	    .bytes = result < 0 ? 0 : 10,
	    .from = result < 0 ? 1 : 0,
	    .to = result < 0 ? 0 : 1,
	};

	for (size_t i = 0; i < 130; i++)
		times_ns[i] = 7;
	if (at_once)
		io_counts_add_repeated(counts, &alike, &repetition);
	for (int i = 0; i < 130 && !at_once; i++)
		io_counts_add(counts, &alike);
}

/* A program may try all numbers: they are no row each. */
static void numbers_beyond_all_tables_are_one_row_of_each_abi(void **state)
{
	struct target *target = *state;

	for (uint32_t number = SYSCALL_NUMBERS; number < SYSCALL_NUMBERS + 1000; number++) {
		struct io_call call = {.info = syscall_find(ABI_X86_64, number), .result = -ENOSYS};

		io_counts_add(target->counts, &call);
		call.info = syscall_find(ABI_I386, UINT32_MAX - number);
		io_counts_add(target->counts, &call);
	}
	assert_int_equal(target->counts->n_calls, 2);
	assert_int_equal(target->counts->calls[0].calls, 1000);
	assert_int_equal(target->counts->calls[1].calls, 1000);
	assert_int_equal(target->counts->calls[1].info->abi, ABI_I386);
	assert_string_equal(target->counts->calls[1].info->name, "syscall_0x258_or_more");
	assert_false(target->counts->calls[0].info->is_named);
	assert_null(target->counts->calls[0].info->facts);
	/* libseccomp's own numbers for what i386 has in socketcall(2) alone. */
	assert_false(syscall_find(ABI_I386, (uint32_t)-101)->is_named);
}

static void repeated_calls_count_as_each_by_itself(void **state)
{
	const struct target *target = *state;
	struct io_counts *each = target->counts, *at_once = io_counts_new(SMALL);

	io_counts_add_thread(at_once, 1, 1, "test");
	for (int i = 0; i < 2; i++) {
		struct io_counts *counts = i ? at_once : each;
		uint32_t group = fd_table_group_new(counts->fds, 1);

		fd_table_open(counts->fds, group, 30, "/file", false, FD_OPENED, 1);
		assert_int_equal(fd_table_use(counts->fds, group, 30), 1);
	}
	for (int i = 0; i < 2; i++) {
		count_alike(i ? at_once : each, 10, i);
		count_alike(i ? at_once : each, -EAGAIN, i);
		count_alike(i ? at_once : each, 10, i);
	}
	assert_int_equal(each->totals.calls, 390);
	assert_memory_equal(&each->totals, &at_once->totals, sizeof(each->totals));
	assert_int_equal(each->n_uses, 1);
	assert_memory_equal(each->uses, at_once->uses, sizeof(*each->uses));
	assert_memory_equal(each->descriptors, at_once->descriptors,
	                    2 * sizeof(*each->descriptors));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(each->calls[i].calls, at_once->calls[i].calls);
		assert_int_equal(each->calls[i].errors, at_once->calls[i].errors);
		assert_int_equal(each->calls[i].asked_bytes, at_once->calls[i].asked_bytes);
		assert_memory_equal(each->calls[i].latency, at_once->calls[i].latency,
		                    sizeof(*each->calls[i].latency));
		assert_int_equal(each->threads[0].by_call[i].calls,
		                 at_once->threads[0].by_call[i].calls);
	}
	io_counts_free(at_once);
}

static void a_thread_may_have_the_name_of_another_row(void **state)
{
	struct target *target = *state;

	for (int tid = 2; tid <= 100; tid++) {
		uint32_t row =
		    io_counts_add_thread(target->counts, tid, 1, target->counts->threads[0].comm);

		assert_string_equal(target->counts->threads[row].comm, "test");
	}
}

static void every_row_of_facts_names_a_call(void **state)
{
	(void)state;
	for (const struct syscall_facts *facts = syscall_facts; facts->name; facts++) {
		const struct syscall_info *info = syscall_find_named(ABI_X86_64, facts->name);
		bool is_of_i386 = syscall_find_named(ABI_I386, facts->name) != NULL;

		if (info ? info->facts != facts : !is_of_i386)
			fail_msg("%s is no call of x86-64 or i386", facts->name);
	}
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(reads_and_writes_add_up),
	    PROMISE(errors_are_told_apart),
	    PROMISE(only_small_negative_results_are_errors),
	    PROMISE(vectors_count_buffers_and_how_far_data_reached),
	    PROMISE(buffers_ask_for_no_more_than_the_kernel_moves),
	    PROMISE(message_vectors_count_messages_and_their_bytes),
	    PROMISE(unreadable_memory_is_counted_not_guessed),
	    PROMISE(a_call_with_much_unreadable_memory_is_one_call),
	    PROMISE(a_length_that_cannot_be_is_not_believed),
	    PROMISE(what_is_not_decoded_is_not_zero),
	    PROMISE(received_descriptors_are_known),
	    PROMISE(a_received_pidfd_is_known),
	    PROMISE(sockets_have_their_addresses),
	    PROMISE(of_an_accepted_address_what_is_known_is_told),
	    PROMISE(descriptors_of_all_kinds_are_known_as_made),
	    PROMISE(an_unseen_descriptor_is_marked_as_guessed),
	    PROMISE(a_close_that_fails_still_closes),
	    PROMISE(copies_count_on_both_sides),
	    PROMISE(calls_of_i386_alone_are_no_others),
	    PROMISE(calls_of_another_abi_have_their_own_rows),
	    PROMISE(numbers_beyond_all_tables_are_one_row_of_each_abi),
	    PROMISE(repeated_calls_count_as_each_by_itself),
	    PROMISE(a_thread_may_have_the_name_of_another_row),
	    PROMISE(every_row_of_facts_names_a_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
