/* Reads /proc and asks copies of sockets. */
#include "io/found.h"

#include "core/trace/tracee.h"
#include "io/address.h"
#include "io/fd_table.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COMPARE_FILES = 2 /* KCMP_FILES of linux/kcmp.h */ };

struct visit {
	struct fd_table *fds;
	uint32_t group;
	pid_t tid;
	pid_t pid;
};

typedef int get_name_fn(int fd, struct sockaddr *address, socklen_t *len_bytes);

static void note_address(const struct visit *visit, int fd, int socket, enum fd_address which,
                         get_name_fn *get_name)
{
	struct sockaddr_storage address = {0};
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
	socklen_t len_bytes = sizeof(address);
	bool is_inet;
	char text[TRACEE_TEXT_BYTES];

	if (get_name(socket, (struct sockaddr *)&address, &len_bytes))
		return;
	is_inet = address.ss_family == AF_INET || address.ss_family == AF_INET6;
	if (is_inet && !in->sin_port) /* both have it there: of one that is not bound */
		return;
	address_format(&address, len_bytes, text, sizeof(text));
	if (text[0])
		fd_table_set_address(visit->fds, visit->group, fd, which, text);
}

static bool get_int(int socket, int option, int *value)
{
	socklen_t len_bytes = sizeof(*value);

	return !getsockopt(socket, SOL_SOCKET, option, value, &len_bytes);
}

/* False: it is no socket, or cannot be asked. */
static bool enter_socket(const struct visit *visit, int fd, const char *link, bool cloexec)
{
	int socket, family, type;
	bool is_known;
	char name[TRACEE_TEXT_BYTES];

	if (strncmp(link, "socket:", strlen("socket:")) != 0)
		return false;
	socket = tracee_copy_fd(visit->pid, fd);
	if (socket < 0)
		return false;
	is_known = get_int(socket, SO_DOMAIN, &family) && get_int(socket, SO_TYPE, &type);
	if (is_known) {
		address_format_socket(family, type, name, sizeof(name));
		fd_table_open(visit->fds, visit->group, fd, name, cloexec, FD_INHERITED, 0);
		note_address(visit, fd, socket, FD_LOCAL, getsockname);
		note_address(visit, fd, socket, FD_PEER, getpeername);
	}
	close(socket);
	return is_known;
}

static void enter_fd(void *context, int fd, bool cloexec)
{
	const struct visit *visit = context;
	char link[TRACEE_NAME_BYTES];

	if (tracee_describe_fd(visit->tid, fd, link, sizeof(link)) &&
	    !enter_socket(visit, fd, link, cloexec))
		fd_table_open(visit->fds, visit->group, fd, link, cloexec, FD_INHERITED, 0);
}

/* Where the kernel cannot tell, threads of one process do. */
static bool share_files(pid_t tid, pid_t other_tid)
{
	return syscall(SYS_kcmp, tid, other_tid, COMPARE_FILES, 0, 0) <= 0;
}

void io_found_orphan(struct io_counts *counts, struct io_member *member,
                     const struct io_identity *identity)
{
	char comm[TRACEE_TEXT_BYTES], command[TRACEE_TEXT_BYTES];

	tracee_read_command(identity->pid, command);
	tracee_read_comm(identity->tid, comm, sizeof(comm));
	io_family_begin(counts, member, identity, command, comm);
}

void io_found_enter(struct io_counts *counts, const struct io_member *sibling,
                    struct io_member *member, pid_t tid, pid_t pid)
{
	struct io_identity identity = {.tid = tid, .pid = pid};
	struct visit visit = {.fds = counts->fds, .tid = tid, .pid = pid};
	char comm[TRACEE_TEXT_BYTES];
	bool shares = sibling && share_files(counts->threads[sibling->thread].tid, tid);
	pid_t same_pid;

	if (sibling) {
		tracee_read_comm(tid, comm, sizeof(comm));
		io_family_join(counts, sibling, member, &identity, comm, shares);
	} else {
		tracee_read_family(tid, &same_pid, &identity.parent_pid);
		io_found_orphan(counts, member, &identity);
	}
	visit.group = member->group;
	if (!shares)
		tracee_each_fd(tid, enter_fd, &visit);
}
