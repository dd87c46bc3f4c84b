/* Counts the calls that a tracer tells of. All but the fields' setting up runs in the tracer. */
#ifndef IO_PTRACE_COUNTING_H
#define IO_PTRACE_COUNTING_H

#include "io/backend.h"
#include "io/scope.h"

struct callers;
struct counted_thread;
struct io_observer;
struct trace_client;
struct tracer;

struct counting {
	struct io_backend_spec spec;
	struct io_scope scope;
	struct io_observer *observer;
	struct callers *callers; /* NULL: where calls come from is not asked */
	struct tracer *tracer;
	pid_t found_pid;                    /* whose threads are being found */
	const struct counted_thread *found; /* the first of them */
};

/* Its context is a struct counting. */
extern const struct trace_client counting_client;

#endif
