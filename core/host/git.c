/* Asks git for the commit of a directory, as nobody but its owner and within bounds. */
#include "core/host/host.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/proc_file.h"
#include "core/results/fdpath.h"
#include "core/target/program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ANSWER_MS = 3000, /* but for its waits for a processor */
	LOOK_MS = 50,     /* while it may be in one of them */
};

struct git {
	char *program;
	const char *directory;
	struct owner identity; /* -1, -1: as we are */
	char *environment[5];
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	return (int64_t)(clock_now_ns() / 1000000);
}

static struct owner choose_identity(const char *directory)
{
	struct owner identity = fdpath_invoking_user();
	struct stat status;

	if (identity.uid == (uid_t)-1 && geteuid() == 0 && stat(directory, &status) == 0 &&
	    status.st_uid != 0)
		identity = (struct owner){status.st_uid, status.st_gid};
	return identity;
}

/* The home of whom git runs as, or NULL; the caller frees it. This may be another thread than the
 * one that asks for users by getpwuid(3). */
static char *find_home(uid_t uid)
{
	struct passwd entry, *user = NULL;
	size_t size_bytes = 16;
	char *buffer, *home;

	if (uid == (uid_t)-1)
		return xstrdup(getenv("HOME"));
	/* How long an entry may be nobody says; a directory service has long ones. Any is longer
	 * than the first size, so that short ones go the same way. */
	buffer = xcalloc(1, size_bytes);
	while (getpwuid_r(uid, &entry, buffer, size_bytes, &user) == ERANGE) {
		free(buffer);
		size_bytes *= 2;
		buffer = xcalloc(1, size_bytes);
	}
	home = xstrdup(user ? user->pw_dir : NULL);
	free(buffer);
	return home;
}

/* Only what git needs: a GIT_DIR or GIT_CONFIG of the caller's would answer for another checkout.
 */
static void make_environment(struct git *git)
{
	const char *path = getenv("PATH");
	char *home = find_home(git->identity.uid);
	size_t n = 0;

	git->environment[n++] = xstrdup("LC_ALL=C");
	/* git has helpers of its own to find. */
	git->environment[n++] = xasprintf("PATH=%s", path ? path : "/usr/bin:/bin");
	/* Configuration that we cannot read would be an error to git: better a home without any. */
	git->environment[n++] = xasprintf("HOME=%s", home ? home : "/nonexistent");
	git->environment[n] = NULL;
	free(home);
}

/* In the forked child: only async-signal-safe calls. */
static _Noreturn void become_git(const struct git *git, char *const *argv, int out)
{
	const struct owner *identity = &git->identity;
	const int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	if (identity->uid != (uid_t)-1 && (setgroups(1, &identity->gid) < 0 ||
	                                   setgid(identity->gid) < 0 || setuid(identity->uid) < 0))
		_exit(127);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execve(git->program, argv, git->environment);
	_exit(127);
}

/* What of the time since git was asked is not its own: by /proc/PID/schedstat how long it has
 * waited for a processor, without a wait that has not ended. *waits: it may be in one, and has not
 * computed for as long as it may either. */
static int64_t starved_ms(pid_t git, bool *waits)
{
	uint64_t ran_ns, waited_ns;
	struct proc_state state;
	char text[128];

	*waits = false;
	if (proc_file_read(git, "schedstat", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns) != 2)
		return 0;
	*waits = proc_scan_state(git, &state) && state.is_running &&
	         ran_ns < ANSWER_MS * UINT64_C(1000000);
	return (int64_t)(waited_ns / 1000000);
}

/* Reads until the end, or until `size` - 1 bytes have come. False: it took too long. What has come
 * is read even where it was us who had no processor meanwhile. */
static bool read_answer(int fd, pid_t git, int64_t deadline_ms, char *answer, size_t size)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	size_t used = 0;
	ssize_t len;

	answer[0] = '\0';
	while (used < size - 1) {
		bool waits;
		int64_t left_ms = deadline_ms + starved_ms(git, &waits) - now_ms();

		if (left_ms <= 0)
			left_ms = waits ? LOOK_MS : 0;
		if (poll(&readable, 1, (int)left_ms) <= 0) {
			if (!left_ms)
				return false;
			continue;
		}
		len = read(fd, answer + used, size - 1 - used);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len == 0;
		used += (size_t)len;
		answer[used] = '\0';
	}
	return true;
}

/* The start of what git prints; false when it fails or does not answer. */
static bool ask(const struct git *git, char *const *words, char *answer, size_t size)
{
	/* A file system monitor is a program that the checkout names; locks would get in the user's
	 * way. */
	char *argv[16] = {"git", "--no-optional-locks", "-c", "core.fsmonitor=false",
	                  "-C",  (char *)git->directory};
	int ends[2], status;
	bool answered;
	pid_t child;

	for (size_t n = 6; *words; n++)
		argv[n] = *words++;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0)
		become_git(git, argv, ends[1]);
	close(ends[1]);
	/* Here too, lest we kill a group that the child has not made yet. */
	if (child > 0)
		setpgid(child, child);
	answered = child > 0 && read_answer(ends[0], child, git->deadline_ms, answer, size);
	close(ends[0]);
	if (child < 0)
		return false;
	/* It has said enough, or nothing in time; its helpers go with it. */
	if (!answered || strlen(answer) == size - 1)
		kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return answered && (strlen(answer) == size - 1 || status == 0);
}

static bool is_commit(const char *text)
{
	const size_t len = strspn(text, "0123456789abcdef");

	/* SHA-1 or SHA-256 */
	return (len == 40 || len == 64) && !text[len];
}

static json_t *ask_commit(const struct git *git)
{
	char *const rev_parse[] = {"rev-parse", "--verify", "HEAD", NULL};
	char *const status[] = {"status", "--porcelain", "--untracked-files=no", NULL};
	char commit[80], changed[2];
	json_t *answer;

	if (!ask(git, rev_parse, commit, sizeof(commit)))
		return json_null();
	commit[strcspn(commit, "\n")] = '\0';
	if (!is_commit(commit))
		return json_null();
	answer = json_pack("{s:s}", "commit", commit);
	if (ask(git, status, changed, sizeof(changed)))
		json_object_set_new(answer, "dirty", json_boolean(changed[0]));
	return answer;
}

json_t *git_to_json(const char *directory)
{
	struct git git = {.directory = directory ? directory : ".",
	                  .deadline_ms = now_ms() + ANSWER_MS};
	struct diag ignored;
	json_t *answer;

	if (program_find(&git.program, "git", NULL, &ignored))
		return json_null();
	git.identity = choose_identity(git.directory);
	make_environment(&git);
	answer = ask_commit(&git);
	for (size_t i = 0; git.environment[i]; i++)
		free(git.environment[i]);
	free(git.program);
	return answer;
}
