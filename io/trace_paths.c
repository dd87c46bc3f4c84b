/* Finds out whether a call is of a chosen path. */
#include "io/trace_paths.h"

#include "core/alloc.h"
#include "core/trace/tracee.h"
#include "io/descriptor_limit.h"

#include <limits.h>
#include <linux/mount.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct trace_paths {
	struct text_list texts;
};

/* One call under question. */
struct question {
	const struct trace_paths *paths;
	pid_t tid;
	const struct syscall_info *info;
	const uint64_t *args;
};

#define A(n) (1u << (n))

/* Calls that name other things than a path (file calls) or a descriptor (others) in argument 0. */
static const struct {
	const char *name;
	unsigned fds, paths; /* arguments, or'ed */
} rows[] = {
    {"dup2", A(0) | A(1), 0},
    {"dup3", A(0) | A(1), 0},
    {"kexec_file_load", A(0) | A(1), 0},
    {"sendfile", A(0) | A(1), 0},
    {"sendfile64", A(0) | A(1), 0},
    {"tee", A(0) | A(1), 0},
    {"copy_file_range", A(0) | A(2), 0},
    {"splice", A(0) | A(2), 0},
    {"epoll_ctl", A(2), 0},
    {"mmap", A(4), 0},
    {"mmap2", A(4), 0},
    {"execveat", A(0), A(1)},
    {"faccessat", A(0), A(1)},
    {"faccessat2", A(0), A(1)},
    {"fchmodat", A(0), A(1)},
    {"fchownat", A(0), A(1)},
    {"fspick", A(0), A(1)},
    {"fstatat64", A(0), A(1)},
    {"futimesat", A(0), A(1)},
    {"inotify_add_watch", A(0), A(1)},
    {"mkdirat", A(0), A(1)},
    {"mknodat", A(0), A(1)},
    {"mount_setattr", A(0), A(1)},
    {"name_to_handle_at", A(0), A(1)},
    {"newfstatat", A(0), A(1)},
    {"open_tree", A(0), A(1)},
    {"openat", A(0), A(1)},
    {"openat2", A(0), A(1)},
    {"readlinkat", A(0), A(1)},
    {"statx", A(0), A(1)},
    {"unlinkat", A(0), A(1)},
    {"utimensat", A(0), A(1)},
    {"utimensat_time64", A(0), A(1)},
    {"fanotify_mark", A(3), A(4)},
    {"symlinkat", A(1), A(2)},
    {"linkat", A(0) | A(2), A(1) | A(3)},
    {"move_mount", A(0) | A(2), A(1) | A(3)},
    {"renameat", A(0) | A(2), A(1) | A(3)},
    {"renameat2", A(0) | A(2), A(1) | A(3)},
    {"link", 0, A(0) | A(1)},
    {"mount", 0, A(0) | A(1)},
    {"pivot_root", 0, A(0) | A(1)},
    {"quotactl", 0, A(1)},
    {"symlink", 0, A(1)},
    /* What these make is not there yet. */
    {"bpf", 0, 0},
    {"epoll_create", 0, 0},
    {"epoll_create1", 0, 0},
    {"eventfd", 0, 0},
    {"eventfd2", 0, 0},
    {"fanotify_init", 0, 0},
    {"fsopen", 0, 0},
    {"inotify_init", 0, 0},
    {"inotify_init1", 0, 0},
    {"io_uring_setup", 0, 0},
    {"landlock_create_ruleset", 0, 0},
    {"memfd_create", 0, 0},
    {"memfd_secret", 0, 0},
    {"mq_open", 0, 0},
    {"perf_event_open", 0, 0},
    {"pidfd_open", 0, 0},
    {"pipe", 0, 0},
    {"pipe2", 0, 0},
    {"socket", 0, 0},
    {"socketcall", 0, 0},
    {"socketpair", 0, 0},
    {"timerfd_create", 0, 0},
    {"userfaultfd", 0, 0},
};

static bool is_chosen(const struct trace_paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->texts.n_texts; i++)
		if (!strcmp(paths->texts.texts[i], path))
			return true;
	return false;
}

struct trace_paths *trace_paths_new(const struct text_list *list)
{
	struct trace_paths *paths;

	if (!list->n_texts)
		return NULL;
	paths = xcalloc(1, sizeof(*paths));
	for (size_t i = 0; i < list->n_texts; i++) {
		char *real = realpath(list->texts[i], NULL);

		text_list_add(&paths->texts, list->texts[i]);
		if (real && !is_chosen(paths, real))
			text_list_add(&paths->texts, real);
		free(real);
	}
	return paths;
}

void trace_paths_free(struct trace_paths *paths)
{
	if (!paths)
		return;
	text_list_fini(&paths->texts);
	free(paths);
}

static bool names_path(const struct question *q, uint64_t addr)
{
	char path[PATH_MAX + 1];

	return tracee_read_text(q->tid, addr, path, sizeof(path)) > 0 && is_chosen(q->paths, path);
}

static bool is_open_there(const struct question *q, int fd)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_MAX + sizeof(deleted)];
	size_t len;

	if (fd < 0 || !tracee_describe_fd(q->tid, fd, path, sizeof(path)))
		return false;
	if (is_chosen(q->paths, path))
		return true;
	len = strlen(path);
	if (len < sizeof(deleted) || strcmp(path + len - strlen(deleted), deleted) != 0)
		return false;
	path[len - strlen(deleted)] = '\0';
	return is_chosen(q->paths, path);
}

static bool has_argument(const struct question *q, unsigned fds, unsigned paths)
{
	for (unsigned i = 0; i < 6; i++)
		if ((fds & A(i) && is_open_there(q, (int)q->args[i])) ||
		    (paths & A(i) && names_path(q, q->args[i])))
			return true;
	return false;
}

/* The kernel reads whole words, and so many bits of them as argument 0 says. */
static bool is_selected(const struct question *q, uint64_t addr, int n_fds)
{
	enum { WORD_BITS = 64 };
	uint64_t word = 0;

	for (int fd = 0; fd < n_fds; fd++) {
		if (fd % WORD_BITS == 0 &&
		    !tracee_read_memory(q->tid, addr + (uint64_t)fd / 8, &word, sizeof(word)))
			return false;
		if (word >> fd % WORD_BITS & 1 && is_open_there(q, fd))
			return true;
	}
	return false;
}

static bool selects(const struct question *q)
{
	int n_fds = descriptor_limit((int)q->args[0]);

	for (int i = 1; i <= 3; i++)
		if (q->args[i] && is_selected(q, q->args[i], n_fds))
			return true;
	return false;
}

static bool polls(const struct question *q)
{
	int n_fds = descriptor_limit((uint32_t)q->args[1]);
	struct pollfd polled;

	for (int i = 0; i < n_fds; i++) {
		if (!tracee_read_memory(q->tid, q->args[0] + (unsigned)i * sizeof(polled), &polled,
		                        sizeof(polled)))
			return false;
		if (is_open_there(q, polled.fd))
			return true;
	}
	return false;
}

static bool configures(const struct question *q)
{
	switch ((unsigned)q->args[1]) {
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		return has_argument(q, A(4), A(3));
	case FSCONFIG_SET_FD:
		return has_argument(q, A(4), 0);
	default:
		return false;
	}
}

/* Those whose arguments lie in memory, or depend on others. */
static const struct {
	const char *name;
	bool (*asks)(const struct question *);
} special[] = {
    {"select", selects},          {"_newselect", selects},  {"pselect6", selects},
    {"pselect6_time64", selects}, {"poll", polls},          {"ppoll", polls},
    {"ppoll_time64", polls},      {"fsconfig", configures},
};

static bool is_of_files(const struct syscall_info *info)
{
	if (!info->facts || !(info->facts->classes & (IN_FILE | IN_DESC | IN_NETWORK)))
		return false;
	return info->abi != ABI_I386 ||
	       (strcmp(info->name, "mmap") != 0 && strcmp(info->name, "select") != 0);
}

/* Of a call that is of files, and not special. */
static void find_arguments(const struct syscall_info *info, unsigned *fds, unsigned *paths)
{
	bool names_file = info->facts->classes & IN_FILE;

	*fds = names_file ? 0 : A(0);
	*paths = names_file ? A(0) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(info->name, rows[i].name)) {
			*fds = rows[i].fds;
			*paths = rows[i].paths;
		}
}

bool trace_paths_has_call(const struct trace_paths *paths, pid_t tid,
                          const struct syscall_info *info, const uint64_t args[6])
{
	const struct question q = {paths, tid, info, args};
	unsigned fd_arguments, path_arguments;

	if (!is_of_files(info))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (!strcmp(info->name, special[i].name))
			return special[i].asks(&q);
	find_arguments(info, &fd_arguments, &path_arguments);
	return has_argument(&q, fd_arguments, path_arguments);
}

void trace_paths_arguments(const struct syscall_info *info, int *fd, int *path)
{
	unsigned fds, paths;

	*fd = *path = -1;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (!strcmp(info->name, special[i].name))
			return;
	if (!is_of_files(info))
		return;
	find_arguments(info, &fds, &paths);
	*fd = ffs((int)fds) - 1;
	*path = ffs((int)paths) - 1;
}
