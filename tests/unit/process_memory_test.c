/* Other processes' memory is read by one call that works, or by one file where that is refused. */
#include "core/walk/process_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OTHER = 1, N_READS = 3 };

/* Whose memory may not be read by the call: everybody's, or that of process 1. */
static bool refuses_all;
static unsigned n_calls, n_opens;

ssize_t __real_process_vm_readv(pid_t pid, const struct iovec *local, unsigned long n_local,
                                const struct iovec *remote, unsigned long n_remote,
                                unsigned long flags);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local, unsigned long n_local,
                                const struct iovec *remote, unsigned long n_remote,
                                unsigned long flags);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local, unsigned long n_local,
                                const struct iovec *remote, unsigned long n_remote,
                                unsigned long flags)
{
	n_calls++;
	if (!refuses_all && pid != OTHER)
		return __real_process_vm_readv(pid, local, n_local, remote, n_remote, flags);
	errno = EPERM;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	n_opens++;
	return __real_open(path, flags);
}

static bool reads_own(void)
{
	char text[] = "text", copy[sizeof(text)] = "";

	return process_memory_read(getpid(), (uintptr_t)text, copy, sizeof(copy)) == sizeof(copy) &&
	       !strcmp(copy, text);
}

static bool reads_other(void)
{
	char byte;

	return process_memory_read(OTHER, (uintptr_t)&byte, &byte, 1) != 0;
}

/* What is found out once is of the process: each case has one of its own. Exits with the case's
 * answer. */
static int in_child(bool (*work)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(work());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool asks_once_of_another(void)
{
	bool is_so = reads_own();

	n_calls = n_opens = 0;
	for (int i = 0; i < N_READS; i++)
		is_so &= !reads_other();
	return is_so && reads_own() && n_calls == N_READS + 1 && !n_opens;
}

static void a_process_that_may_not_be_read_costs_one_call(void **state)
{
	(void)state;
	assert_int_equal(in_child(asks_once_of_another), 1 << 8);
}

static bool goes_on_with_the_file(void)
{
	bool is_so;

	refuses_all = true;
	is_so = reads_own();
	n_calls = n_opens = 0;
	for (int i = 0; i < N_READS; i++)
		is_so &= reads_own();
	return is_so && !n_calls && n_opens == N_READS;
}

static void where_the_call_is_refused_the_file_is_read_and_the_call_not_tried_again(void **state)
{
	(void)state;
	assert_int_equal(in_child(goes_on_with_the_file), 1 << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_that_may_not_be_read_costs_one_call),
	    cmocka_unit_test(
	        where_the_call_is_refused_the_file_is_read_and_the_call_not_tried_again),
	};

	return cmocka_run_group_tests_name("process memory", tests, NULL, NULL);
}
