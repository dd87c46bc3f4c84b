/* Remembers which of the C library's own signals were ignored, and has them ignored again. */
#include "core/target/libc_signals.h"

#include "core/alloc.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int signals[] = {32, 33};
static bool was_ignored[ARRAY_SIZE(signals)];

/* As rt_sigaction(2) has it on x86-64: sigaction(3) refuses these signals. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static long change_action(int signal, const struct kernel_action *wanted,
                          struct kernel_action *found)
{
	return syscall(SYS_rt_sigaction, signal, wanted, found, sizeof(wanted->mask));
}

void libc_signals_note(void)
{
	struct kernel_action found;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		was_ignored[i] =
		    !change_action(signals[i], NULL, &found) && found.handler == SIG_IGN;
}

void libc_signals_restore(void)
{
	const struct kernel_action ignored = {.handler = SIG_IGN};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (was_ignored[i])
			change_action(signals[i], &ignored, NULL);
}
