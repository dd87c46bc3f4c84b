/* Decodes arguments and results of system calls by the facts of io/syscalls.def. */
#include "io/observe.h"

#include "core/alloc.h"
#include "io/address.h"
#include "io/bpf/wire.h"
#include "io/control.h"
#include "io/fd_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	MAX_SLOTS = METER_SLOTS,
	MAX_MOVED_BYTES = INT_MAX & ~4095, /* MAX_RW_COUNT: the kernel moves no more in one call */
	NAME_BYTES = PATH_MAX,
	CONTROL_BYTES = METER_CONTROL_BYTES,
};

_Static_assert(METER_SLOTS == IOV_MAX, "what the kernel takes in one call");

struct io_observer {
	struct io_counts *counts;
	struct iovec buffers[MAX_SLOTS];
	struct mmsghdr messages[MAX_SLOTS];
	bool is_unreadable; /* of the call under observation, some of its memory */
};

/* One call under observation. */
struct observation {
	struct io_observer *observer;
	const struct target_view *view;
	const struct finished_call *finished;
	const struct syscall_facts *facts;
	struct io_call *call;
	struct fd_table *fds;
};

struct io_observer *io_observer_new(struct io_counts *counts)
{
	struct io_observer *observer = xcalloc(1, sizeof(*observer));

	observer->counts = counts;
	return observer;
}

void io_observer_free(struct io_observer *observer)
{
	free(observer);
}

static bool read_memory(const struct observation *o, uint64_t addr, void *buffer, size_t len_bytes)
{
	if (o->view->read(o->view->context, addr, buffer, len_bytes))
		return true;
	o->observer->is_unreadable = true;
	return false;
}

static int fd_argument(const struct observation *o, unsigned argument)
{
	return (int)o->finished->args[argument];
}

/* Enters a descriptor under the name that /proc has for it. */
static void enter_described(const struct observation *o, int fd, bool cloexec,
                            enum fd_origin origin)
{
	char name[NAME_BYTES];
	bool is_guess = origin == FD_GUESSED;

	if (!o->view->describe(o->view->context, fd, name, sizeof(name), &is_guess))
		return;
	fd_table_open(o->fds, *o->finished->group, fd, name, cloexec,
	              is_guess ? FD_GUESSED : origin, o->finished->now_ns);
	o->observer->counts->gaps.guessed_fds += is_guess;
}

/* A number in use that no call is known to have opened: what /proc says now is only a guess for
 * what it was before. */
static void make_known(const struct observation *o, int fd)
{
	if (fd < 0 || o->finished->result == -EBADF ||
	    fd_table_knows(o->fds, *o->finished->group, fd))
		return;
	enter_described(o, fd, false, FD_GUESSED);
}

static uint32_t use_descriptor(const struct observation *o, unsigned argument)
{
	int fd = fd_argument(o, argument);

	if (fd < 0)
		return 0;
	make_known(o, fd);
	return fd_table_use(o->fds, *o->finished->group, fd);
}

/* Does the call's flag argument ask for close-on-exec? */
static bool wants_cloexec(const struct observation *o)
{
	uint32_t bit = o->facts->cloexec;

	if (bit == 0 || bit == CLOEXEC_ALWAYS)
		return bit != 0;
	return o->finished->args[o->facts->flags] & bit;
}

/* Adds up buffer lengths, as far as the kernel goes, and finds how many of them the moved bytes
 * reached. */
static void measure_buffers(const struct observation *o, size_t n_buffers)
{
	struct io_call *call = o->call;
	uint64_t end = 0;

	call->used_slots = 0;
	for (size_t i = 0; i < n_buffers; i++) {
		uint64_t len = o->observer->buffers[i].iov_len;

		if (end < call->bytes)
			call->used_slots++;
		end += len < MAX_MOVED_BYTES - end ? len : MAX_MOVED_BYTES - end;
	}
	call->asked_bytes = end;
	call->knows_asked = call->knows_slots = true;
}

/* Structures of other ABIs are not decoded. */
static bool has_layout(const struct observation *o)
{
	if (o->finished->info->abi == ABI_X86_64)
		return true;
	o->observer->counts->gaps.foreign_memory++;
	return false;
}

static void read_buffers(const struct observation *o, uint64_t addr, size_t n_buffers)
{
	if (n_buffers == 0 ||
	    read_memory(o, addr, o->observer->buffers, n_buffers * sizeof(o->observer->buffers[0])))
		measure_buffers(o, n_buffers);
}

/* The kernel takes no more: somebody else has written there since. */
static bool can_be(const struct observation *o, uint64_t n_slots)
{
	if (n_slots <= MAX_SLOTS)
		return true;
	o->observer->is_unreadable = true;
	return false;
}

static void enter_passed_fds(const struct observation *o, const struct msghdr *message);

static void measure_size(const struct observation *o)
{
	uint64_t asked = o->finished->args[o->facts->count];

	o->call->asked_bytes = asked < MAX_MOVED_BYTES ? asked : MAX_MOVED_BYTES;
	o->call->knows_asked = true;
}

static void set_messages(const struct observation *o, uint64_t n_messages, uint64_t n_slots)
{
	o->call->messages = (uint32_t)n_messages;
	o->call->slots = (uint32_t)n_slots;
	o->call->misses_messages = false;
}

static void measure_iovec(const struct observation *o)
{
	unsigned n_buffers = (unsigned)o->finished->args[o->facts->count];

	if (!can_be(o, n_buffers))
		return;
	set_messages(o, n_buffers, n_buffers);
	if (has_layout(o))
		read_buffers(o, o->finished->args[o->facts->memory], n_buffers);
}

static void measure_message(const struct observation *o)
{
	struct msghdr message;

	if (!has_layout(o) ||
	    !read_memory(o, o->finished->args[o->facts->memory], &message, sizeof(message)))
		return;
	if (can_be(o, message.msg_iovlen)) {
		set_messages(o, message.msg_iovlen, message.msg_iovlen);
		read_buffers(o, (uintptr_t)message.msg_iov, message.msg_iovlen);
	}
	enter_passed_fds(o, &message);
}

static void measure_messages(const struct observation *o)
{
	struct io_call *call = o->call;
	uint64_t n_messages = (uint64_t)o->finished->result;
	uint32_t n_slots = (uint32_t)o->finished->args[o->facts->count];
	const struct mmsghdr *messages = o->observer->messages;

	if (!can_be(o, n_messages))
		return;
	/* The kernel cuts a longer vector to this. */
	set_messages(o, n_messages, n_slots < MAX_SLOTS ? n_slots : MAX_SLOTS);
	call->used_slots = call->messages;
	call->knows_slots = true;
	if (!has_layout(o) ||
	    (n_messages && !read_memory(o, o->finished->args[o->facts->memory],
	                                o->observer->messages, n_messages * sizeof(messages[0]))))
		return;
	call->misses_bytes = false;
	for (size_t i = 0; i < n_messages; i++) {
		call->bytes += messages[i].msg_len;
		enter_passed_fds(o, &messages[i].msg_hdr);
	}
}

static void measure_entries(const struct observation *o)
{
	uint64_t n_entries = (uint64_t)o->finished->result;

	set_messages(o, n_entries, o->finished->args[o->facts->count]);
	o->call->used_slots = (uint32_t)n_entries;
	o->call->knows_slots = true;
	o->call->bytes = 0;
}

/* By extent. A failed call has moved nothing, and its memory may be the reason. */
static void measure(const struct observation *o)
{
	static void (*const measures[])(const struct observation *) = {
	    [EXTENT_SIZE] = measure_size,       [EXTENT_BUFFERS] = measure_iovec,
	    [EXTENT_MESSAGE] = measure_message, [EXTENT_MESSAGES] = measure_messages,
	    [EXTENT_ENTRIES] = measure_entries,
	};
	enum syscall_extent extent = o->facts->extent;

	if (syscall_failed(o->finished->result) || extent == EXTENT_NONE)
		return;
	/* Known by what follows, but for bytes that are the result. */
	o->call->misses_messages = extent != EXTENT_SIZE;
	o->call->misses_bytes = extent == EXTENT_MESSAGES || o->finished->result < 0;
	if (o->finished->result < 0)
		return;
	if (extent != EXTENT_MESSAGES)
		o->call->bytes = (uint64_t)o->finished->result;
	measures[extent](o);
}

#ifndef SCM_PIDFD /* Linux 6.5 */
#define SCM_PIDFD 4
#endif

static bool passes_fds(const struct cmsghdr *header)
{
	return header->cmsg_level == SOL_SOCKET &&
	       (header->cmsg_type == SCM_RIGHTS || header->cmsg_type == SCM_PIDFD);
}

/* Descriptors that came in control messages. The kernel may have an error in a pidfd's place. */
static void enter_passed_fds(const struct observation *o, const struct msghdr *message)
{
	_Alignas(struct cmsghdr) char control[CONTROL_BYTES];
	size_t len = message->msg_controllen;
	struct control_walk walk = {.around.msg_control = control};
	bool cloexec = o->finished->args[o->facts->flags] & MSG_CMSG_CLOEXEC;
	int fd;

	if (o->facts->effect != EFFECT_READ || !len)
		return;
	walk.around.msg_controllen = len < sizeof(control) ? len : sizeof(control);
	if (!read_memory(o, (uintptr_t)message->msg_control, control, walk.around.msg_controllen))
		return;
	while (control_next(&walk)) {
		const struct cmsghdr *header = walk.header;
		bool is_pidfd = header->cmsg_type == SCM_PIDFD;

		for (size_t at = 0; passes_fds(header) && at + sizeof(fd) <= walk.data_bytes;
		     at += sizeof(fd)) {
			memcpy(&fd, walk.data + at, sizeof(fd));
			if (fd >= 0)
				enter_described(o, fd, cloexec || is_pidfd, FD_RECEIVED);
		}
	}
}

/* The text of a socket address in the target's memory; false: none. */
static bool read_address(const struct observation *o, uint64_t addr, uint64_t len_bytes, char *text,
                         size_t text_bytes)
{
	struct sockaddr_storage address;

	if (!addr || !len_bytes)
		return false;
	if (len_bytes > sizeof(address))
		len_bytes = sizeof(address);
	if (!read_memory(o, addr, &address, len_bytes))
		return false;
	address_format(&address, len_bytes, text, text_bytes);
	return true;
}

/* Takes argument 1 as an address whose length is argument 2, or what argument 2 points to. */
static void note_address(const struct observation *o, int fd, enum fd_address which,
                         bool length_in_memory)
{
	uint64_t len_bytes = o->finished->args[2];
	char text[NAME_BYTES];
	socklen_t length;

	if (!o->finished->args[1])
		return;
	if (length_in_memory) {
		if (!read_memory(o, o->finished->args[2], &length, sizeof(length)))
			return;
		len_bytes = length;
	}
	if (read_address(o, o->finished->args[1], len_bytes, text, sizeof(text)))
		fd_table_set_address(o->fds, *o->finished->group, fd, which, text);
}

static void do_move(const struct observation *o)
{
	if (o->facts->effect == EFFECT_WRITE)
		o->call->to = use_descriptor(o, o->facts->fd);
	else
		o->call->from = use_descriptor(o, o->facts->fd);
	if (o->facts->effect == EFFECT_COPY)
		o->call->to = use_descriptor(o, o->facts->to);
	o->call->never_waits = o->facts->effect == EFFECT_READ && o->facts->flags &&
	                       o->finished->args[o->facts->flags] & MSG_DONTWAIT;
	measure(o);
}

static void do_use(const struct observation *o)
{
	o->call->from = use_descriptor(o, o->facts->fd);
	measure(o);
}

static void do_foreign(const struct observation *o)
{
	o->observer->counts->gaps.foreign_memory++;
}

/* The call is about the file that the number means. */
static void note_file(const struct observation *o, int fd)
{
	o->call->file = fd_table_description(o->fds, *o->finished->group, fd);
}

static void do_open(const struct observation *o)
{
	if (o->facts->opens && !o->facts->opens(o->finished->args))
		return;
	enter_described(o, (int)o->finished->result, wants_cloexec(o), FD_OPENED);
	note_file(o, (int)o->finished->result);
}

static void do_socket(const struct observation *o)
{
	char name[NAME_BYTES];

	address_format_socket((int)o->finished->args[0], (int)o->finished->args[1], name,
	                      sizeof(name));
	fd_table_open(o->fds, *o->finished->group, (int)o->finished->result, name, wants_cloexec(o),
	              FD_OPENED, o->finished->now_ns);
	note_file(o, (int)o->finished->result);
}

/* That of the listener, where it says what the connection's is. Bound to any address it knows the
 * port alone, ":80", and not even that where the kernel was to choose it; the program may ask
 * later. (An accepted Unix socket has the listener's path.) */
static const char *accepted_address(const char *name, const char *listening)
{
	static const char *const any[] = {"0.0.0.0:", "[::]:"};
	const char *port = listening ? strrchr(listening, ':') : NULL;

	if (!port || strncmp(name, "unix", 4) == 0)
		return listening;
	if (!strcmp(port, ":0"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(any); i++)
		if (!strncmp(listening, any[i], strlen(any[i])))
			return port;
	return listening;
}

static void do_accept(const struct observation *o)
{
	uint32_t group = *o->finished->group, listener;
	int fd = (int)o->finished->result;
	const char *name, *listening;

	make_known(o, fd_argument(o, 0));
	note_file(o, fd_argument(o, 0));
	listener = fd_table_description(o->fds, group, fd_argument(o, 0));
	name = listener ? fd_table_name(o->fds, listener) : "socket";
	listening = listener ? fd_table_address(o->fds, listener, FD_LOCAL) : NULL;
	fd_table_open(o->fds, group, fd, name, wants_cloexec(o), FD_OPENED, o->finished->now_ns);
	fd_table_set_address(o->fds, group, fd, FD_LOCAL, accepted_address(name, listening));
	note_address(o, fd, FD_PEER, true);
}

static void do_pair(const struct observation *o)
{
	char name[NAME_BYTES];
	int pair[2];

	if (!read_memory(o, o->finished->args[o->facts->memory], pair, sizeof(pair)))
		return;
	for (int i = 0; i < 2; i++) {
		if (o->facts->memory == 0) { /* a pipe: both ends have one name, its inode */
			enter_described(o, pair[i], wants_cloexec(o), FD_OPENED);
			continue;
		}
		address_format_socket((int)o->finished->args[0], (int)o->finished->args[1], name,
		                      sizeof(name));
		fd_table_open(o->fds, *o->finished->group, pair[i], name, wants_cloexec(o),
		              FD_OPENED, o->finished->now_ns);
	}
	note_file(o, pair[0]);
}

static void name_socket(const struct observation *o, enum fd_address which, bool length_in_memory)
{
	int fd = fd_argument(o, 0);

	make_known(o, fd);
	note_file(o, fd);
	note_address(o, fd, which, length_in_memory);
}

static void do_bind(const struct observation *o)
{
	name_socket(o, FD_LOCAL, false);
}

static void do_connect(const struct observation *o)
{
	name_socket(o, FD_PEER, false);
}

static void do_getsockname(const struct observation *o)
{
	name_socket(o, FD_LOCAL, true);
}

static void do_getpeername(const struct observation *o)
{
	name_socket(o, FD_PEER, true);
}

static void duplicate(const struct observation *o, bool cloexec)
{
	int from = fd_argument(o, 0), to = (int)o->finished->result;

	make_known(o, from);
	note_file(o, from);
	fd_table_dup(o->fds, *o->finished->group, from, to, cloexec, o->finished->now_ns);
}

static void do_dup(const struct observation *o)
{
	duplicate(o, wants_cloexec(o));
}

static void do_fcntl(const struct observation *o)
{
	int command = fd_argument(o, 1);

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
		duplicate(o, command == F_DUPFD_CLOEXEC);
	} else if (command == F_SETFD) {
		note_file(o, fd_argument(o, 0));
		fd_table_set_cloexec(o->fds, *o->finished->group, fd_argument(o, 0),
		                     o->finished->args[2] & FD_CLOEXEC);
	} else {
		do_use(o);
	}
}

static void do_close(const struct observation *o)
{
	note_file(o, fd_argument(o, 0));
	fd_table_close(o->fds, *o->finished->group, fd_argument(o, 0), o->finished->now_ns);
}

static void do_unshare_files(const struct observation *o)
{
	*o->finished->group = fd_table_group_unshare(o->fds, *o->finished->group, o->finished->pid,
	                                             o->finished->now_ns);
}

static void do_close_range(const struct observation *o)
{
	unsigned first = (unsigned)o->finished->args[0], last = (unsigned)o->finished->args[1];
	unsigned flags = (unsigned)o->finished->args[2];

	if (flags & CLOSE_RANGE_UNSHARE)
		do_unshare_files(o);
	if (flags & CLOSE_RANGE_CLOEXEC)
		fd_table_range_set_cloexec(o->fds, *o->finished->group, first, last);
	else
		fd_table_close_range(o->fds, *o->finished->group, first, last, o->finished->now_ns);
}

static void do_unshare(const struct observation *o)
{
	if (o->finished->args[0] & CLONE_FILES)
		do_unshare_files(o);
}

/* What a call does when it succeeds, and whether it counts on a descriptor when it fails. */
static const struct {
	void (*run)(const struct observation *);
	bool on_failure;
} effects[] = {
    [EFFECT_USE] = {do_use, true},
    [EFFECT_SEEK] = {do_use, true},
    [EFFECT_READ] = {do_move, true},
    [EFFECT_WRITE] = {do_move, true},
    [EFFECT_COPY] = {do_move, true},
    [EFFECT_SUBMIT] = {do_move, true},
    [EFFECT_FOREIGN] = {do_foreign, false},
    [EFFECT_OPEN] = {do_open, false},
    [EFFECT_SOCKET] = {do_socket, false},
    [EFFECT_ACCEPT] = {do_accept, false},
    [EFFECT_PAIR] = {do_pair, false},
    [EFFECT_BIND] = {do_bind, false},
    [EFFECT_CONNECT] = {do_connect, false},
    [EFFECT_GETSOCKNAME] = {do_getsockname, false},
    [EFFECT_GETPEERNAME] = {do_getpeername, false},
    [EFFECT_DUP] = {do_dup, false},
    [EFFECT_FCNTL] = {do_fcntl, false},
    [EFFECT_CLOSE] = {do_close, false},
    [EFFECT_CLOSE_RANGE] = {do_close_range, false},
    [EFFECT_UNSHARE] = {do_unshare, false},
    [EFFECT_PTRACE] = {NULL, false},
};

/* Linux closes the number even when close(2) fails, but for EBADF; a connect(2) may be under way.
 */
static bool took_effect(const struct finished_call *finished, enum syscall_effect effect)
{
	if (finished->result >= 0)
		return true;
	if (effect == EFFECT_CLOSE)
		return finished->result != -EBADF;
	if (effect == EFFECT_CONNECT)
		return finished->result == -EINPROGRESS;
	return false;
}

void io_observe(struct io_observer *observer, const struct target_view *view,
                const struct finished_call *finished, struct io_call *call)
{
	const struct syscall_facts *facts = finished->info->facts;
	struct observation o = {
	    .observer = observer,
	    .view = view,
	    .finished = finished,
	    .facts = facts,
	    .call = call,
	    .fds = observer->counts->fds,
	};

	*call = (struct io_call){
	    .info = finished->info, .result = finished->result, .ended_ns = finished->now_ns};
	if (!facts || finished->was_kept_off)
		return;
	if (effects[facts->effect].run &&
	    (effects[facts->effect].on_failure || took_effect(finished, facts->effect)))
		effects[facts->effect].run(&o);
	observer->counts->gaps.unreadable += observer->is_unreadable;
	observer->is_unreadable = false;
}
