/* Hooks of the functions that execute programs: a child is to be observed also when its parent made
 * a new environment for it, and must not fail because of us when it cannot load this library. */
#include "mem/preload/environment.h"
#include "mem/preload/image.h"
#include "mem/preload/preload.h"
#include "mem/preload/real.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* True when the function behind a hook is known. A program may execute another one before it has
 * allocated anything. */
#define HAS(function) (real.function || (resolves() && real.function))

static bool resolves(void)
{
	int saved = errno;

	real_resolve();
	errno = saved;
	return true;
}

static int is_missing(void)
{
	errno = ENOSYS;
	return -1;
}

EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	enum environment_plan plan;

	if (!HAS(execve))
		return is_missing();
	plan = environment_plan(environment, image_loads_us(AT_FDCWD, path));
	return real.execve(path, argv, ENVIRONMENT_BY(plan, environment));
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[])
{
	enum environment_plan plan;

	if (!HAS(execvpe))
		return is_missing();
	plan = environment_plan(environment, image_in_path_loads_us(file));
	return real.execvpe(file, argv, ENVIRONMENT_BY(plan, environment));
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const environment[])
{
	enum environment_plan plan;

	if (!HAS(fexecve))
		return is_missing();
	plan = environment_plan(environment, image_of_fd_loads_us(fd));
	return real.fexecve(fd, argv, ENVIRONMENT_BY(plan, environment));
}

EXPORT int execveat(int directory, const char *path, char *const argv[], char *const environment[],
                    int flags)
{
	enum environment_plan plan;

	if (!HAS(execveat))
		return is_missing();
	plan = environment_plan(environment, *path ? image_loads_us(directory, path)
	                                           : image_of_fd_loads_us(directory));
	return real.execveat(directory, path, argv, ENVIRONMENT_BY(plan, environment), flags);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[],
                       char *const environment[])
{
	enum environment_plan plan;

	if (!HAS(posix_spawn))
		return ENOSYS;
	plan = environment_plan(environment, image_loads_us(AT_FDCWD, path));
	return real.posix_spawn(pid, path, actions, attributes, argv,
	                        ENVIRONMENT_BY(plan, environment));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[],
                        char *const environment[])
{
	enum environment_plan plan;

	if (!HAS(posix_spawnp))
		return ENOSYS;
	plan = environment_plan(environment, image_in_path_loads_us(file));
	return real.posix_spawnp(pid, file, actions, attributes, argv,
	                         ENVIRONMENT_BY(plan, environment));
}

static size_t count_arguments(va_list arguments)
{
	size_t n = 1;

	while (va_arg(arguments, char *))
		n++;
	return n;
}

/* execl's list as an array on this frame; the rest of the arguments stays in `arguments`. */
#define COLLECT(argv, first, arguments)                                                            \
	do {                                                                                       \
		size_t n_;                                                                         \
                                                                                                   \
		va_start(arguments, first);                                                        \
		n_ = count_arguments(arguments);                                                   \
		va_end(arguments);                                                                 \
		(argv) = alloca((n_ + 1) * sizeof(*(argv)));                                       \
		(argv)[0] = (char *)(first);                                                       \
		va_start(arguments, first);                                                        \
		for (size_t i_ = 1; i_ <= n_; i_++)                                                \
			(argv)[i_] = va_arg(arguments, char *);                                    \
	} while (0)

EXPORT int execl(const char *path, const char *first, ...)
{
	va_list arguments;
	char **argv;

	COLLECT(argv, first, arguments);
	va_end(arguments);
	return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list arguments;
	char **argv;

	COLLECT(argv, first, arguments);
	va_end(arguments);
	return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char **argv, *const *environment;
	va_list arguments;

	COLLECT(argv, first, arguments);
	environment = va_arg(arguments, char *const *);
	va_end(arguments);
	return execve(path, argv, environment);
}
