/* Forks the target, holds it at a gate, and lets it exec. */
#include "core/target/launch.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/diag.h"
#include "core/target/descriptors.h"
#include "core/target/libc_signals.h"
#include "core/target/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the child was when something failed; sent over the report pipe with the errno. */
enum stage {
	STAGE_READY,
	STAGE_CWD,
	STAGE_FILES,
	STAGE_PLACEMENT,
	STAGE_USER,
	STAGE_CAPABILITY,
	STAGE_HOOK,
	STAGE_EXEC
};

struct report {
	enum stage stage;
	int err;
};

struct launch {
	pid_t pid;
	int pidfd;
	int gate_fd;   /* our end: a byte opens the gate, closing it ends the child */
	int report_fd; /* read end of the child's reports; exec closes the other */
	bool released;
	struct rusage *spent; /* shared with the child, which fills it in before its exec */
	char *path;
	char *cwd;
	char *user;
	char *ambient_cap;
};

/* All that the child needs, made before fork so that it need not allocate. */
struct child_plan {
	const struct launch_spec *spec;
	char **environment;
	char **shell_argv; /* for a script without #!, as execvp(3) runs it */
	gid_t *groups;
	int n_groups;
	uid_t uid;
	gid_t gid;
	bool changes_user;
	int capability; /* -1: none */
	int gate_fd;
	int report_fd;
	struct rusage *spent;
};

static bool same_variable(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return !strncmp(a, b, len) && b[len] == '=';
}

/* The caller's environment with the variables added or replaced; texts are shared. */
static char **make_environment(const struct text_list *variables)
{
	size_t n_own = variables ? variables->n_texts : 0;
	size_t n_inherited = 0;
	size_t used = 0;
	char **environment;

	while (environ[n_inherited])
		n_inherited++;
	environment = xcalloc(n_inherited + n_own + 1, sizeof(*environment));
	for (size_t i = 0; i < n_inherited; i++) {
		bool replaced = false;

		for (size_t j = 0; j < n_own; j++)
			replaced |= same_variable(variables->texts[j], environ[i]);
		if (!replaced)
			environment[used++] = environ[i];
	}
	for (size_t j = 0; j < n_own; j++)
		environment[used++] = variables->texts[j];
	return environment;
}

static char **make_shell_argv(const struct launch_spec *spec)
{
	size_t n_words = 0;
	char **argv;

	while (spec->argv[n_words])
		n_words++;
	argv = xcalloc(n_words + 2, sizeof(*argv));
	argv[0] = (char *)"/bin/sh";
	argv[1] = (char *)spec->path;
	for (size_t i = 1; i < n_words; i++)
		argv[i + 1] = spec->argv[i];
	return argv;
}

static int plan_user(struct child_plan *plan, const char *name, struct diag *diag)
{
	struct passwd *user = getpwnam(name);

	if (!user)
		return diag_fail(diag, EINVAL, "--user %s: no such user on this machine", name);
	if (geteuid() != 0 && user->pw_uid != geteuid())
		return diag_fail(
		    diag, EPERM,
		    "--user %s: only root can run a program as somebody else; use sudo", name);
	plan->changes_user = geteuid() == 0;
	plan->uid = user->pw_uid;
	plan->gid = user->pw_gid;
	getgrouplist(name, plan->gid, NULL, &plan->n_groups);
	plan->groups = xcalloc((size_t)plan->n_groups, sizeof(*plan->groups));
	getgrouplist(name, plan->gid, plan->groups, &plan->n_groups);
	return 0;
}

static int plan_capability(struct child_plan *plan, const char *name, struct diag *diag)
{
	plan->capability = capability_number(name);
	if (plan->capability < 0)
		return diag_fail(diag, EINVAL,
		                 "--ambient-cap %s: no such capability; see capabilities(7)", name);
	if (!capability_is_held(plan->capability))
		return diag_fail(diag, EPERM,
		                 "--ambient-cap %s: this process does not hold it; use sudo", name);
	return 0;
}

static void plan_fini(struct child_plan *plan)
{
	free(plan->environment);
	free(plan->shell_argv);
	free(plan->groups);
}

static int plan_init(struct child_plan *plan, const struct launch_spec *spec, struct diag *diag)
{
	int err = 0;

	*plan = (struct child_plan){.spec = spec, .capability = -1};
	plan->environment = make_environment(spec->variables);
	plan->shell_argv = make_shell_argv(spec);
	if (spec->user)
		err = plan_user(plan, spec->user, diag);
	if (!err && spec->ambient_cap)
		err = plan_capability(plan, spec->ambient_cap, diag);
	if (err)
		plan_fini(plan);
	return err;
}

/* From here to exec only async-signal-safe calls. */

static int redirect(int fd, int onto)
{
	return fd < 0 || dup2(fd, onto) >= 0 ? 0 : -errno;
}

static int become_user(const struct child_plan *plan)
{
	if (!plan->changes_user)
		return 0;
	/* Keep the permitted set over setresuid, so that one capability can become ambient, and for
	 * the hook. Exec drops what is not ambient. */
	if ((plan->capability >= 0 || plan->spec->in_child) && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return -errno;
	if (setgroups((size_t)plan->n_groups, plan->groups) ||
	    setresgid(plan->gid, plan->gid, plan->gid) ||
	    setresuid(plan->uid, plan->uid, plan->uid))
		return -errno;
	return 0;
}

static struct report child_set_up(const struct child_plan *plan)
{
	const struct launch_spec *spec = plan->spec;
	int err;

	if (spec->cwd && chdir(spec->cwd))
		return (struct report){STAGE_CWD, errno};
	err = redirect(spec->stdin_fd, STDIN_FILENO);
	if (!err)
		err = redirect(spec->stdout_fd, STDOUT_FILENO);
	if (!err)
		err = redirect(spec->stderr_fd, STDERR_FILENO);
	if (err)
		return (struct report){STAGE_FILES, -err};
	descriptors_restore();
	if (spec->placement)
		err = placement_apply(spec->placement);
	if (err)
		return (struct report){STAGE_PLACEMENT, -err};
	err = become_user(plan);
	if (err)
		return (struct report){STAGE_USER, -err};
	if (plan->capability >= 0)
		err = capability_make_ambient(plan->capability);
	return (struct report){err ? STAGE_CAPABILITY : STAGE_READY, -err};
}

static void child_report(const struct child_plan *plan, struct report report)
{
	/* A driver that has gone does not read it; the gate ends us then. */
	if (write(plan->report_fd, &report, sizeof(report)) < 0)
		_exit(125);
}

static _Noreturn void child_run(const struct child_plan *plan)
{
	struct report report = child_set_up(plan);
	char byte;
	int err;

	child_report(plan, report);
	if (report.stage != STAGE_READY || read(plan->gate_fd, &byte, 1) != 1)
		_exit(125);
	getrusage(RUSAGE_SELF, plan->spent);
	err = plan->spec->in_child ? plan->spec->in_child(plan->spec->context) : 0;
	if (err) {
		child_report(plan, (struct report){STAGE_HOOK, -err});
		_exit(125);
	}
	if (plan->spec->signal_mask)
		sigprocmask(SIG_SETMASK, plan->spec->signal_mask, NULL);
	libc_signals_restore();
	execve(plan->spec->path, plan->spec->argv, plan->environment);
	if (errno == ENOEXEC)
		execve("/bin/sh", plan->shell_argv, plan->environment);
	child_report(plan, (struct report){STAGE_EXEC, errno});
	_exit(125);
}

/* The child's next report. False: it said nothing, since exec (or its end) closed the pipe. */
static bool read_report(int fd, struct report *report)
{
	ssize_t got;

	do
		got = read(fd, report, sizeof(*report));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*report);
}

static int report_to_diag(const struct launch *launch, struct report report, struct diag *diag)
{
	const char *why = strerror(report.err);

	switch (report.stage) {
	case STAGE_READY:
		return 0;
	case STAGE_CWD:
		return diag_fail(diag, report.err, "cannot enter directory %s: %s", launch->cwd,
		                 why);
	case STAGE_FILES:
		return diag_fail(diag, report.err, "cannot redirect the target's files: %s", why);
	case STAGE_PLACEMENT:
		return diag_fail(diag, report.err,
		                 "cannot bind the target to its CPUs and memory: %s; a cpuset or a "
		                 "container may allow fewer than the machine has",
		                 why);
	case STAGE_USER:
		return diag_fail(diag, report.err, "cannot become user %s: %s", launch->user, why);
	case STAGE_CAPABILITY:
		return diag_fail(diag, report.err, "cannot hand on %s: %s", launch->ambient_cap,
		                 why);
	case STAGE_HOOK:
		return diag_fail(diag, report.err, "cannot prepare the target for measuring: %s",
		                 why);
	case STAGE_EXEC:
		return diag_fail(diag, report.err, "cannot execute %s: %s", launch->path, why);
	}
	BUG(true);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int wait_until_held(struct launch *launch, struct diag *diag)
{
	struct report report;

	if (!read_report(launch->report_fd, &report))
		return diag_fail(diag, ECHILD, "the target was killed before it began");
	return report_to_diag(launch, report, diag);
}

static int fork_child(struct launch *launch, struct child_plan *plan, struct diag *diag)
{
	int gate[2] = {-1, -1};
	int reports[2] = {-1, -1};
	int err = 0;

	/* The gate is a socket, since writing to it must not raise SIGPIPE when the child is gone.
	 */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) || pipe2(reports, O_CLOEXEC)) {
		err = diag_fail(diag, errno, "cannot make a gate for the target: %s",
		                strerror(errno));
		goto out;
	}
	launch->spent = mmap(NULL, sizeof(*launch->spent), PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (launch->spent == MAP_FAILED) {
		err = diag_fail(diag, errno, "cannot share memory with the target: %s",
		                strerror(errno));
		launch->spent = NULL;
		goto out;
	}
	plan->gate_fd = gate[0];
	plan->report_fd = reports[1];
	plan->spent = launch->spent;
	launch->pid = fork();
	if (launch->pid < 0) {
		err = diag_fail(diag, errno, "cannot fork: %s", strerror(errno));
		goto out;
	}
	if (!launch->pid) {
		/* Only the driver may hold the gate open. */
		close(gate[1]);
		child_run(plan);
	}
	launch->gate_fd = gate[1];
	launch->report_fd = reports[0];
	gate[1] = reports[0] = -1;
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	if (launch->pidfd < 0)
		err = diag_fail(diag, errno, "cannot watch the target (pidfd_open): %s",
		                strerror(errno));
out:
	for (int i = 0; i < 2; i++) {
		close_fd(&gate[i]);
		close_fd(&reports[i]);
	}
	return err;
}

/* Nothing else tells of the target's end, and of how it ended. We are no child of ours: where the
 * call is not refused it says so. */
static int check_waiting(struct diag *diag)
{
	if (waitpid(getpid(), NULL, WNOHANG) < 0 && errno == ECHILD)
		return 0;
	return diag_fail(diag, EPERM,
	                 "cannot wait for the target: wait4(2): %s; run profile-scenario outside "
	                 "of the seccomp filter that refuses it",
	                 strerror(errno));
}

int launch_hold(struct launch **result, const struct launch_spec *spec, struct diag *diag)
{
	struct launch *launch;
	struct child_plan plan;
	int err = check_waiting(diag);

	*result = NULL;
	if (!err)
		err = plan_init(&plan, spec, diag);
	if (err)
		return err;
	launch = xcalloc(1, sizeof(*launch));
	*launch = (struct launch){.pid = -1, .pidfd = -1, .gate_fd = -1, .report_fd = -1};
	launch->path = xstrdup(spec->path);
	launch->cwd = xstrdup(spec->cwd);
	launch->user = xstrdup(spec->user);
	launch->ambient_cap = xstrdup(spec->ambient_cap);
	err = fork_child(launch, &plan, diag);
	if (!err)
		err = wait_until_held(launch, diag);
	plan_fini(&plan);
	if (err)
		launch_free(launch);
	else
		*result = launch;
	return err;
}

pid_t launch_pid(const struct launch *launch)
{
	return launch->pid;
}

int launch_pidfd(const struct launch *launch)
{
	return launch->pidfd;
}

const struct rusage *launch_spent(const struct launch *launch)
{
	return launch->spent;
}

int launch_release(struct launch *launch, struct diag *diag)
{
	struct report report;

	if (send(launch->gate_fd, "", 1, MSG_NOSIGNAL) != 1)
		return diag_fail(diag, ECHILD, "the target was killed before it began");
	launch->released = !read_report(launch->report_fd, &report);
	return launch->released ? 0 : report_to_diag(launch, report, diag);
}

void launch_free(struct launch *launch)
{
	if (!launch)
		return;
	close_fd(&launch->gate_fd);
	if (launch->pid > 0 && !launch->released)
		while (waitpid(launch->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	close_fd(&launch->report_fd);
	close_fd(&launch->pidfd);
	if (launch->spent)
		munmap(launch->spent, sizeof(*launch->spent));
	free(launch->path);
	free(launch->cwd);
	free(launch->user);
	free(launch->ambient_cap);
	free(launch);
}
