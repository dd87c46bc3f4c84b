/* Judges how a target ended. */
#include "core/driver/ending.h"

#include "core/driver/exit_status.h"
#include "core/driver/repeat.h"

#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* As sh gives it in $?: 128+N for signal N. */
static int shell_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? STATUS_SIGNAL + WTERMSIG(wait_status)
	                                : WEXITSTATUS(wait_status);
}

/* Takes one status off the list; false at its end, and where it is malformed. */
static bool next_code(const char **codes, long *code)
{
	char *end;

	if (**codes < '0' || **codes > '9')
		return false;
	*code = strtol(*codes, &end, 10);
	*codes = *end == ',' && end[1] ? end + 1 : end;
	return *code <= 255;
}

int ending_check_ignored(const char *ignored, struct diag *diag)
{
	const char *rest = ignored;
	long code;

	while (rest && *rest)
		if (!next_code(&rest, &code))
			return diag_fail(diag, EINVAL,
			                 "--ignore-failure takes exit statuses such as 1,137, not "
			                 "'%s'",
			                 ignored);
	return 0;
}

static bool is_ignored(const char *codes, int code)
{
	long ignored;

	if (!codes || !*codes)
		return codes != NULL;
	while (next_code(&codes, &ignored))
		if (ignored == code)
			return true;
	return false;
}

bool ending_is_good(const struct ending_rules *rules, const struct repeat_result *end)
{
	int code = shell_code(end->end.wait_status);

	if (end->timed_out)
		return false;
	if (!end->end.is_known)
		return true;
	return end->by == ENDED_BY_DURATION || end->by == ENDED_BY_LOAD ||
	       code == rules->good_code || is_ignored(rules->ignored, code);
}

int ending_status(const struct ending_rules *rules, const struct repeat_result *end,
                  struct diag *diag)
{
	int code = shell_code(end->end.wait_status);
	int signal = WTERMSIG(end->end.wait_status);

	if (end->timed_out) {
		diag_fail(diag, ETIMEDOUT, "%s did not end within %g s (--timeout)", rules->program,
		          (double)rules->timeout_ns / 1e9);
		return STATUS_TIMED_OUT;
	}
	if (signal)
		diag_fail(diag, ECANCELED, "%s was killed by signal %d (%s)", rules->program,
		          signal, strsignal(signal));
	else if (rules->good_code)
		diag_fail(diag, ECANCELED, "%s ended with status %d, and exit = %d is expected",
		          rules->program, code, rules->good_code);
	else
		diag_fail(diag, ECANCELED, "%s ended with status %d", rules->program, code);
	/* `exit = 1` and an end with 0: the target failed, though its own status is that of
	 * success. */
	return code ? code : STATUS_GATE_FAILED;
}
