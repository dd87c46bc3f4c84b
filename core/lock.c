/* Takes names that only one process can have, and listens who else is there. */
#include "core/lock.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/perf/proc_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 128,      /* runs that may wait for the lock, or begin meanwhile, and be heard */
	LONGEST_NAME = 40,  /* of PROFILE_SCENARIO_LOCK; what is longer is cut */
	MAX_OTHERS = 1024,  /* anybody may make sockets of our names */
	MAX_ANCESTORS = 64, /* /proc may change while it is read */
};

/* "profile-scenario" and a part: the end of an abstract name. The caller frees it. */
static char *name_of(const char *part)
{
	const char *user = getenv("PROFILE_SCENARIO_LOCK");

	return xasprintf("profile-scenario.%.*s.%s", LONGEST_NAME, user ? user : "", part);
}

static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
	size_t len = strnlen(name, sizeof(address->sun_path) - 1);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path + 1, name, len); /* behind a zero: abstract */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* The descriptor of the socket that has the name now, or -errno; -EADDRINUSE: another one does. */
static int take_name(const char *name)
{
	struct sockaddr_un address;
	socklen_t len = address_of(name, &address);
	int fd = new_socket();

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, BACKLOG)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* A connection to who has the name, or -errno. */
static int connect_to(const char *name)
{
	struct sockaddr_un address;
	socklen_t len = address_of(name, &address);
	int fd = new_socket();

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* 0: not to be seen from here. */
static pid_t peer_of(int fd)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ? 0 : peer.pid;
}

/* Is it this process, or one that this runs in? */
static bool is_ancestor(pid_t pid)
{
	pid_t at = getpid();

	for (int i = 0; at > 0 && i < MAX_ANCESTORS; i++) {
		struct proc_state state;

		if (at == pid)
			return true;
		at = proc_scan_state(at, &state) ? state.parent_pid : 0;
	}
	return false;
}

struct lock {
	int fd;      /* -1: not ours */
	int wait_fd; /* a connection to who has it, closed when that ends; -1: none */
	pid_t holder;
};

struct lock *lock_new(void)
{
	struct lock *lock = xcalloc(1, sizeof(*lock));

	lock->fd = lock->wait_fd = -1;
	return lock;
}

static void stop_waiting(struct lock *lock)
{
	if (lock->wait_fd >= 0)
		close(lock->wait_fd);
	lock->wait_fd = -1;
}

void lock_free(struct lock *lock)
{
	if (!lock)
		return;
	stop_waiting(lock);
	if (lock->fd >= 0)
		close(lock->fd);
	free(lock);
}

int lock_take(struct lock *lock)
{
	char *name = name_of("measures");
	int fd = take_name(name);

	stop_waiting(lock);
	if (fd == -EADDRINUSE) {
		int connection = connect_to(name);

		lock->wait_fd = connection < 0 ? -1 : connection;
		lock->holder = connection < 0 ? 0 : peer_of(connection);
	}
	free(name);
	if (fd >= 0)
		lock->fd = fd;
	return fd == -EADDRINUSE && !is_ancestor(lock->holder) ? -EAGAIN : 0;
}

pid_t lock_holder(const struct lock *lock)
{
	return lock->holder;
}

int lock_wait_fd(const struct lock *lock)
{
	return lock->wait_fd;
}

struct presence {
	int fd;
	pid_t *others;
	size_t n_others;
	size_t others_capacity;
};

/* Who knocks at a listening socket, or answers there. */
static void add_other(struct presence *presence, int connection)
{
	pid_t pid = peer_of(connection);

	close(connection);
	if (presence->n_others < MAX_OTHERS && pid != getpid())
		*ARRAY_APPEND(presence->others, presence->n_others, presence->others_capacity) =
		    pid;
}

/* The name of a listening socket, in a line of /proc/net/unix: its end, where a zero is an `@`
 * (proc(5); the flag is the kernel's __SO_ACCEPTCON). Connections have the name too. NULL: it is
 * none, or has no such name. */
static const char *listener_of(char *line)
{
	enum { LISTENS = 1 << 16 };
	const char *name = strrchr(line, '@');
	unsigned flags;

	if (!name || sscanf(line, "%*s %*s %*s %x", &flags) != 1 || !(flags & LISTENS))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return name + 1;
}

static void greet(struct presence *presence, const char *prefix, const char *own)
{
	FILE *list = fopen("/proc/net/unix", "re");
	char *line = NULL;
	size_t room = 0;

	while (list && getline(&line, &room, list) > 0) {
		const char *name = listener_of(line);
		int connection;

		if (!name || strncmp(name, prefix, strlen(prefix)) != 0 || !strcmp(name, own))
			continue;
		connection = connect_to(name);
		if (connection >= 0)
			add_other(presence, connection);
	}
	free(line);
	if (list)
		fclose(list);
}

struct presence *presence_begin(void)
{
	struct presence *presence = xcalloc(1, sizeof(*presence));
	char *prefix = name_of("run.");
	/* Processes of several PID namespaces may have one number. */
	char *own = xasprintf("%s%d.%" PRIu64, prefix, (int)getpid(), clock_now_ns());

	presence->fd = take_name(own);
	if (presence->fd >= 0) {
		greet(presence, prefix, own);
	} else {
		free(presence);
		presence = NULL;
	}
	free(own);
	free(prefix);
	return presence;
}

void presence_end(struct presence *presence)
{
	if (!presence)
		return;
	close(presence->fd);
	free(presence->others);
	free(presence);
}

size_t presence_others(struct presence *presence, pid_t *pids, size_t room)
{
	int connection;

	while ((connection = accept4(presence->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		add_other(presence, connection);
	for (size_t i = 0; i < presence->n_others && i < room; i++)
		pids[i] = presence->others[i];
	return presence->n_others;
}
