/* Accepts connections of the preload library and sends each a sealed, sparse memory file. */
#include "mem/server.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/proc_file.h"
#include "core/target/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A connection that has not said all it has to say. */
struct connection {
	int sock;
	size_t image; /* SIZE_MAX: no hello yet */
	pid_t pid;
};

struct server {
	int epoll;
	int listener;
	int max_fd;  /* of a memory file */
	int reserve; /* an open descriptor to give up when there is no other */
	uint64_t token;
	char *variable;
	struct wire_welcome welcome;
	struct server_image *images;
	size_t n_images;
	size_t images_capacity;
	struct connection *connections; /* sock -1: closed */
	size_t n_connections;
	size_t connections_capacity;
};

enum { LISTENER = UINT32_MAX };

/* Each program keeps one until the run ends; some are for what else we do meanwhile. */
enum { ENOUGH_DESCRIPTORS = 1 << 16, SPARE_DESCRIPTORS = 32 };

static int watch(struct server *server, int fd, uint32_t number, struct diag *diag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return diag_fail(diag, errno, "cannot watch a socket: %s", strerror(errno));
	return 0;
}

static int listen_on(struct server *server, const char *name, struct diag *diag)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	memcpy(address.sun_path + 1, name, strlen(name));
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, len) < 0 ||
	    listen(server->listener, SOMAXCONN) < 0)
		return diag_fail(diag, errno, "cannot listen on the socket @%s: %s", name,
		                 strerror(errno));
	return watch(server, server->listener, (uint32_t)LISTENER, diag);
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int server_new(struct server **made, const struct wire_welcome *welcome, struct diag *diag)
{
	struct server *server = xcalloc(1, sizeof(*server));
	uint64_t random[2];
	char *name = NULL;
	int err;

	server->welcome = *welcome;
	server->listener = -1;
	server->reserve = open_reserve();
	server->max_fd = (int)descriptors_raise(ENOUGH_DESCRIPTORS) - SPARE_DESCRIPTORS;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0 || getrandom(random, sizeof(random), 0) != sizeof(random)) {
		err = diag_fail(diag, errno, "cannot set up the heap profiler's socket: %s",
		                strerror(errno));
		goto fail;
	}
	server->token = random[0];
	name = xasprintf("profile-scenario-%d-%016" PRIx64, (int)getpid(), random[1]);
	server->variable = xasprintf("PROFILE_SCENARIO=%s:%016" PRIx64, name, server->token);
	err = listen_on(server, name, diag);
	if (err)
		goto fail;
	*made = server;
	free(name);
	return 0;
fail:
	free(name);
	server_free(server);
	return err;
}

void server_forget(struct server *server)
{
	for (size_t i = 0; i < server->n_connections; i++)
		if (server->connections[i].sock >= 0)
			close(server->connections[i].sock);
	server->n_connections = 0;
	for (size_t i = 0; i < server->n_images; i++) {
		if (server->images[i].memory_fd >= 0)
			close(server->images[i].memory_fd);
		free(server->images[i].executable);
		free(server->images[i].command);
		free(server->images[i].directory);
	}
	server->n_images = 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	server_forget(server);
	if (server->listener >= 0)
		close(server->listener);
	if (server->reserve >= 0)
		close(server->reserve);
	if (server->epoll >= 0)
		close(server->epoll);
	free(server->connections);
	free(server->images);
	free(server->variable);
	free(server);
}

const char *server_variable(const struct server *server)
{
	return server->variable;
}

int server_fd(const struct server *server)
{
	return server->epoll;
}

size_t server_n_images(const struct server *server)
{
	return server->n_images;
}

const struct server_image *server_image(const struct server *server, size_t i)
{
	return &server->images[i];
}

/* What can only be asked while the process waits for us. */
static void describe(struct server_image *image)
{
	char text[4096];
	ssize_t len;

	proc_file_read(image->pid, "comm", text, sizeof(text));
	snprintf(image->comm, sizeof(image->comm), "%.*s", (int)strcspn(text, "\n"), text);
	image->executable = proc_file_link(image->pid, "exe");
	len = proc_file_read(image->pid, "cmdline", text, sizeof(text));
	if (len > 0)
		image->command = memcpy(xcalloc(1, (size_t)len + 1), text, (size_t)len);
	/* Where the link is hidden from us, as of a program that we may not read, its own word. */
	if (!image->executable && image->command)
		image->executable = xstrdup(image->command);
	for (ssize_t i = 0; i + 1 < len; i++)
		if (!image->command[i])
			image->command[i] = ' ';
	image->directory = proc_file_link(image->pid, "cwd");
}

/* -errno when there is none. Its size is sealed: were it cut, the target would get SIGBUS. */
static int make_memory(int max_fd)
{
	struct wire_image head = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};
	int fd = memfd_create("profile-scenario", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)WIRE_FILE_BYTES) < 0 ||
	    pwrite(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 || fd > max_fd) {
		int err = fd > max_fd ? -EMFILE : -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	return fd;
}

static bool send_welcome(const struct server *server, int sock, int memory_fd)
{
	struct wire_welcome welcome = server->welcome;
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = ""};
	struct iovec part = {.iov_base = &welcome, .iov_len = sizeof(welcome)};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof(control)};

	control.head = (struct cmsghdr){
	    .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(&control.head), &memory_fd, sizeof(memory_fd));
	return sendmsg(sock, &message, MSG_NOSIGNAL) == sizeof(welcome);
}

static void close_connection(struct connection *connection)
{
	close(connection->sock);
	connection->sock = -1;
}

/* fd: its memory file, or -errno of why it has none. */
static void add_image(struct server *server, pid_t pid, int fd)
{
	struct server_image *image =
	    ARRAY_APPEND(server->images, server->n_images, server->images_capacity);

	*image = (struct server_image){.pid = pid,
	                               .connected_ns = clock_now_ns(),
	                               .memory_fd = fd < 0 ? -1 : fd,
	                               .refusal = fd < 0 ? -fd : 0,
	                               .error = -1};
	describe(image);
}

/* Without a descriptor for the connection it would wait for us: that it is closed tells it enough.
 */
static void turn_away(struct server *server)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	int sock;

	close(server->reserve);
	sock = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock >= 0) {
		getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		add_image(server, peer.pid, -EMFILE);
		close(sock);
	}
	server->reserve = open_reserve();
}

static int accept_one(struct server *server, struct diag *diag)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int sock = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock < 0 && (errno == EMFILE || errno == ENFILE)) {
		turn_away(server);
		return 0;
	}
	if (sock < 0)
		return -errno;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		close(sock);
		return 0;
	}
	*ARRAY_APPEND(server->connections, server->n_connections, server->connections_capacity) =
	    (struct connection){.sock = sock, .image = SIZE_MAX, .pid = peer.pid};
	return watch(server, sock, (uint32_t)(server->n_connections - 1), diag);
}

/* The first message. Who does not know the token is not our target. */
static void answer_hello(struct server *server, struct connection *connection)
{
	struct wire_hello hello;
	int fd;

	if (recv(connection->sock, &hello, sizeof(hello), 0) != sizeof(hello) ||
	    hello.magic != WIRE_MAGIC || hello.version != WIRE_VERSION ||
	    hello.token != server->token) {
		close_connection(connection);
		return;
	}
	fd = make_memory(server->max_fd);
	connection->image = server->n_images;
	add_image(server, connection->pid, fd);
	if (fd < 0 || !send_welcome(server, connection->sock, fd))
		close_connection(connection);
}

static void serve(struct server *server, struct connection *connection)
{
	struct wire_attached attached;

	if (connection->sock < 0)
		return;
	if (connection->image == SIZE_MAX) {
		answer_hello(server, connection);
		return;
	}
	if (recv(connection->sock, &attached, sizeof(attached), 0) == sizeof(attached) &&
	    attached.version == WIRE_VERSION)
		server->images[connection->image].error = attached.error > 0 ? attached.error : 0;
	close_connection(connection);
}

int server_step(struct server *server, struct diag *diag)
{
	struct epoll_event events[16];
	int n, err = 0;

	do {
		n = epoll_wait(server->epoll, events, ARRAY_SIZE(events), 0);
		for (int i = 0; i < n && !err; i++) {
			uint32_t number = events[i].data.u32;

			if (number != (uint32_t)LISTENER)
				serve(server, &server->connections[number]);
			else
				err = accept_one(server, diag);
			if (err == -EAGAIN || err == -ECONNABORTED || err == -EINTR)
				err = 0;
		}
	} while (n > 0 && !err);
	return err;
}
