/* whoami_all: prints all that a process inherits: a profiler that changes any of it changes the
 * program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void print_words(const char *title, char **words)
{
	printf("%s:\n", title);
	for (; *words; words++)
		printf("\t%s\n", *words);
}

static void print_directory(void)
{
	char path[4096];
	mode_t mask = umask(0);

	umask(mask);
	printf("cwd: %s\numask: %03o\n", getcwd(path, sizeof(path)), mask);
}

/* Every open descriptor but the one that lists them. */
static void print_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[4096];

	puts("descriptors:");
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);
		ssize_t len = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target));

		if (entry->d_name[0] != '.' && fd != dirfd(directory))
			printf("\t%d: %.*s flags %x %x at %lld\n", fd, (int)len, target,
			       fcntl(fd, F_GETFL), fcntl(fd, F_GETFD),
			       (long long)lseek(fd, 0, SEEK_CUR));
	}
	closedir(directory);
}

static void print_signals(void)
{
	sigset_t blocked, pending;
	int number;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	puts("signals that are not as at first:");
	for (number = 1; number <= SIGRTMAX; number++) {
		struct sigaction action;
		bool known = !sigaction(number, NULL, &action);

		if ((known && action.sa_handler != SIG_DFL) || sigismember(&blocked, number) == 1 ||
		    sigismember(&pending, number) == 1)
			printf("\t%d:%s%s%s\n", number,
			       known && action.sa_handler == SIG_IGN ? " ignored" : "",
			       sigismember(&blocked, number) == 1 ? " blocked" : "",
			       sigismember(&pending, number) == 1 ? " pending" : "");
	}
}

static void print_limits(void)
{
	int resource;

	puts("limits:");
	for (resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit;

		getrlimit(resource, &limit);
		printf("\t%d: %llx %llx\n", resource, (unsigned long long)limit.rlim_cur,
		       (unsigned long long)limit.rlim_max);
	}
}

static void print_ids(void)
{
	uid_t user, effective_user, saved_user;
	gid_t group, effective_group, saved_group, groups[1024];
	int n_groups = getgroups(1024, groups), i;

	getresuid(&user, &effective_user, &saved_user);
	getresgid(&group, &effective_group, &saved_group);
	printf("ids: %u %u %u, %u %u %u, groups", user, effective_user, saved_user, group,
	       effective_group, saved_group);
	for (i = 0; i < n_groups; i++)
		printf(" %u", groups[i]);
	printf("\nprocess group: %d\nsession: %d\n", getpgrp(), getsid(0));
	for (i = 0; i < 3; i++)
		printf("descriptor %d: %s, foreground group %d\n", i,
		       isatty(i) ? ttyname(i) : "no terminal", tcgetpgrp(i));
}

/* The lines of /proc/self/status that tell of rights. Seccomp is not among them: io's filter shows
 * there. */
static void print_rights(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[4096];

	puts("rights:");
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10))
			printf("\t%s", line);
	fclose(status);
}

static void print_scheduling(void)
{
	struct itimerval timer;
	cpu_set_t cpus;
	int cpu;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	getitimer(ITIMER_REAL, &timer);
	printf("policy: %d\nnice: %d\ncpus:", sched_getscheduler(0), getpriority(PRIO_PROCESS, 0));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			printf(" %d", cpu);
	printf("\npersonality: %x\ndumpable: %d\nsubreaper: ", personality(0xffffffff),
	       prctl(PR_GET_DUMPABLE));
	prctl(PR_GET_CHILD_SUBREAPER, &cpu);
	printf("%d\nparent's death: ", cpu);
	prctl(PR_GET_PDEATHSIG, &cpu);
	printf("%d\ntimer: %ld\nslack: %d ns\n", cpu, timer.it_value.tv_sec,
	       prctl(PR_GET_TIMERSLACK));
}

int main(int argc, char **argv)
{
	(void)argc;
	/* Nothing is written before the end, so that the descriptors' offsets are those inherited.
	 */
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	print_words("arguments", argv);
	print_words("environment", environ);
	print_directory();
	print_descriptors();
	print_signals();
	print_limits();
	print_ids();
	print_rights();
	print_scheduling();
	printf("children: %s\n", waitpid(-1, NULL, WNOHANG) < 0 ? strerror(errno) : "some");
	return 0;
}
