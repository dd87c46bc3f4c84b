/* 24 threads allocate and free 2,000 blocks each in a sandbox that kills whoever makes a system
 * call that malloc does not make. */
#include <limits.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 24, ROUNDS = 2000 };

static atomic_int n_ready, n_done, is_closed, all_done;

/* glibc's malloc makes these; the last two end the program. */
static const int allowed[] = {SYS_brk,      SYS_mmap,  SYS_munmap, SYS_mremap,    SYS_madvise,
                              SYS_mprotect, SYS_futex, SYS_write,  SYS_exit_group};

static int close_sandbox(void)
{
	enum { N = sizeof(allowed) / sizeof(allowed[0]) };
	struct sock_filter filter[N + 3] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {.len = N + 3, .filter = filter};

	for (int i = 0; i < N; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		                                             (unsigned)allowed[i], N - i, 0);
	filter[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
	                    &program);
}

/* Not optimised away. */
static void allocate_once(size_t size)
{
	void *volatile block = malloc(size);

	free(block);
}

/* Waiting must not be a system call of another kind, nor keep the CPUs from those who work. */
static void wait_while(atomic_int *word, int value)
{
	while (atomic_load(word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void set_and_wake(atomic_int *word, int value)
{
	atomic_store(word, value);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void *work(void *unused)
{
	/* A thread's first allocation may ask for the number of CPUs. */
	allocate_once(10);
	atomic_fetch_add(&n_ready, 1);
	wait_while(&is_closed, 0);
	for (int i = 0; i < ROUNDS; i++)
		allocate_once((size_t)(i % 100) * (i % 50 ? 10 : 5000));
	if (atomic_fetch_add(&n_done, 1) + 1 == THREADS)
		set_and_wake(&all_done, 1);
	for (;;)
		wait_while(&is_closed, 1);
	return unused;
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, work, NULL))
			return 1;
	while (atomic_load(&n_ready) < THREADS)
		usleep(1000);
	if (close_sandbox())
		return 2;
	set_and_wake(&is_closed, 1);
	wait_while(&all_done, 0);
	_exit(0);
}
