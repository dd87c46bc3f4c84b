/* For tests of what follows a target: a child that is held before it does anything. To be included
 * after cmocka.h. */
#ifndef TESTS_UNIT_HELD_H
#define TESTS_UNIT_HELD_H

#include <stdlib.h>
#include <unistd.h>

struct held {
	pid_t pid;
	int gate;
};

/* Forks a child that waits at its gate and then calls the function, which ends it or becomes
 * another program. Closing the gate ends it too. */
static inline struct held hold_for(void (*run)(const char *text), const char *text)
{
	int ends[2];
	struct held held;
	char byte;

	assert_int_equal(pipe(ends), 0);
	held.pid = fork();
	assert_true(held.pid >= 0);
	if (held.pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1)
			run(text);
		_exit(127);
	}
	close(ends[0]);
	held.gate = ends[1];
	return held;
}

static inline void let_go(struct held held)
{
	assert_int_equal(write(held.gate, "g", 1), 1);
	close(held.gate);
}

/* For hold_for: becomes the test itself, with that word as its argument. A sanitizer that it may
 * have leaves its end alone: looking for leaks does not work under a tracer. */
static inline void become_this_program(const char *word)
{
	setenv("ASAN_OPTIONS", "detect_leaks=0:handle_segv=0:handle_abort=0", 1);
	execl("/proc/self/exe", "test", word, NULL);
}

#endif
