/* Watches running processes by pidfds. */
#include "core/driver/attached.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attached {
	int epoll_fd;
	int *pidfds;
	size_t n_pids;
	size_t n_ended;
};

static int add_pid(struct attached *attached, pid_t pid, struct diag *diag)
{
	struct epoll_event wanted = {.events = EPOLLIN};
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return diag_fail(diag, errno, "cannot watch process %d: %s", pid, strerror(errno));
	attached->pidfds[attached->n_pids++] = fd;
	wanted.data.fd = fd;
	if (epoll_ctl(attached->epoll_fd, EPOLL_CTL_ADD, fd, &wanted) < 0)
		return diag_fail(diag, errno, "cannot watch process %d: %s", pid, strerror(errno));
	return 0;
}

int attached_open(struct attached **attached, const pid_t *pids, size_t n_pids, struct diag *diag)
{
	struct attached *made = xcalloc(1, sizeof(*made));
	int err = 0;

	made->pidfds = xcalloc(n_pids + 1, sizeof(*made->pidfds));
	made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (made->epoll_fd < 0)
		err = diag_fail(diag, errno, "cannot watch processes: %s", strerror(errno));
	for (size_t i = 0; i < n_pids && !err; i++)
		err = add_pid(made, pids[i], diag);
	if (err) {
		attached_close(made);
		return err;
	}
	*attached = made;
	return 0;
}

void attached_close(struct attached *attached)
{
	if (!attached)
		return;
	for (size_t i = 0; i < attached->n_pids; i++)
		close(attached->pidfds[i]);
	if (attached->epoll_fd >= 0)
		close(attached->epoll_fd);
	free(attached->pidfds);
	free(attached);
}

int attached_fd(const struct attached *attached)
{
	return attached->epoll_fd;
}

bool attached_have_ended(struct attached *attached)
{
	struct epoll_event event;

	/* A pidfd stays readable once its process has ended: each is taken out as it comes. */
	while (epoll_wait(attached->epoll_fd, &event, 1, 0) > 0) {
		epoll_ctl(attached->epoll_fd, EPOLL_CTL_DEL, event.data.fd, NULL);
		attached->n_ended++;
	}
	return attached->n_pids > 0 && attached->n_ended == attached->n_pids;
}
