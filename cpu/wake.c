/* An epoll descriptor of a perf stream and a timer. */
#include "cpu/wake.h"

#include "core/diag.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

int wake_open(struct wake *wake, int stream_fd, long every_ns, struct diag *diag)
{
	struct itimerspec every = {.it_interval.tv_nsec = every_ns, .it_value.tv_nsec = every_ns};
	struct epoll_event wanted = {.events = EPOLLIN};
	int err;

	wake->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	wake->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (wake->timer_fd >= 0 && wake->epoll_fd >= 0 &&
	    timerfd_settime(wake->timer_fd, 0, &every, NULL) == 0 &&
	    epoll_ctl(wake->epoll_fd, EPOLL_CTL_ADD, wake->timer_fd, &wanted) == 0 &&
	    epoll_ctl(wake->epoll_fd, EPOLL_CTL_ADD, stream_fd, &wanted) == 0)
		return 0;
	err = errno;
	wake_close(wake);
	return diag_fail(diag, err, "cannot wait for samples: %s", strerror(err));
}

void wake_quiet(struct wake *wake)
{
	uint64_t n_ticks;
	ssize_t n_bytes = read(wake->timer_fd, &n_ticks, sizeof(n_ticks));

	(void)n_bytes; /* how often it fired is nothing to us */
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void wake_close(struct wake *wake)
{
	close_fd(&wake->timer_fd);
	close_fd(&wake->epoll_fd);
}
