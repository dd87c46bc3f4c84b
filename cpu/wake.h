/* One descriptor to wait for: perf rings that pass their marks, and a timer for what lies in
 * emptier ones. */
#ifndef CPU_WAKE_H
#define CPU_WAKE_H

struct diag;

struct wake {
	int timer_fd;
	int epoll_fd; /* what to poll; -1: closed */
};

/* Before wake_open() and after wake_close(). */
static const struct wake wake_closed = {-1, -1};

/* Readable when stream_fd is, and every_ns (below a second) after the last time. After an error it
 * is closed. */
int wake_open(struct wake *wake, int stream_fd, long every_ns, struct diag *diag);
/* The timer's turn is taken. */
void wake_quiet(struct wake *wake);
void wake_close(struct wake *wake);

#endif
