/* Opens what a verb writes to, finds a full disk when it is closed, and publishes what is whole. */
#include "core/driver/output.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_is_stdout(const char *file)
{
	return !file || !*file || !strcmp(file, "-");
}

static int cannot_write(const char *file, int err, struct diag *diag)
{
	return diag_fail(diag, err, "cannot write %s: %s",
	                 output_is_stdout(file) ? "to stdout" : file, strerror(err));
}

/* Makes it what fopen() would have, or what the file was that it replaces. */
static int take_after(int fd, const struct stat *before)
{
	mode_t mask;

	if (!before) {
		mask = umask(0);
		umask(mask);
		return fchmod(fd, 0666 & ~mask);
	}
	if ((before->st_uid != geteuid() || before->st_gid != getegid()) &&
	    fchown(fd, before->st_uid, before->st_gid) < 0)
		return -1;
	return fchmod(fd, before->st_mode & 0777);
}

static int open_beside(struct output *output, const struct stat *before)
{
	const char *slash = strrchr(output->path, '/');
	int dir_len = slash ? (int)(slash + 1 - output->path) : 0;
	int fd, err;

	output->temporary = xasprintf("%.*s.profile-scenario.XXXXXX", dir_len, output->path);
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (take_after(fd, before) == 0)
		output->stream = fdopen(fd, "w");
	if (output->stream)
		return 0;
	err = -errno;
	close(fd);
	unlink(output->temporary);
	return err;
}

static void forget_temporary(struct output *output)
{
	free(output->path);
	free(output->temporary);
	output->path = output->temporary = NULL;
}

/* 0 also where the file is to be written as it is: there is no stream then. */
static int open_temporary(struct output *output)
{
	struct stat status;
	bool is_there = stat(output->file, &status) == 0;
	int err;

	/* A link that leads nowhere makes what it leads to. */
	if (is_there ? !S_ISREG(status.st_mode) : lstat(output->file, &status) == 0)
		return 0;
	/* What must not be written is not to be replaced either. */
	if (is_there && access(output->file, W_OK) < 0)
		return -errno;
	output->path = is_there ? realpath(output->file, NULL) : xstrdup(output->file);
	err = output->path ? open_beside(output, is_there ? &status : NULL) : -errno;
	if (err)
		forget_temporary(output);
	return is_there && (err == -EACCES || err == -EPERM) ? 0 : err;
}

/* Could a file be made where the path leads? Returns an errno, or 0. */
static int check_place(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *directory = slash ? xstrndup(file, (size_t)(slash + 1 - file)) : xstrdup(".");
	int err = !slash || slash[1] ? 0 : EISDIR;

	/* A folder that is missing may be there by then: --prepare, the target or we make it. */
	if (!err && eaccess(directory, W_OK | X_OK) < 0 && errno != ENOENT)
		err = errno;
	free(directory);
	return err;
}

int output_check(const char *file, struct diag *diag)
{
	struct stat status;
	int err = 0;

	if (output_is_stdout(file))
		return 0;
	if (!stat(file, &status))
		err = S_ISDIR(status.st_mode) ? EISDIR : eaccess(file, W_OK) ? errno : 0;
	else if (errno != ENOENT)
		err = errno;
	/* A link that leads nowhere makes what it leads to: whether it can is seen then. */
	else if (lstat(file, &status))
		err = check_place(file);
	return err ? cannot_write(file, err, diag) : 0;
}

int output_open(struct output *output, const char *file, struct diag *diag)
{
	int err;

	*output = (struct output){.file = file};
	if (output_is_stdout(file)) {
		output->stream = stdout;
		return 0;
	}
	/* A limit on file sizes is an error to be said, not an end. */
	signal(SIGXFSZ, SIG_IGN);
	err = open_temporary(output);
	if (!err && !output->stream) {
		output->stream = fopen(file, "we");
		err = output->stream ? 0 : -errno;
	}
	return err ? cannot_write(file, -err, diag) : 0;
}

int output_flush(int err, struct diag *diag)
{
	/* An earlier write may have failed where the last one does not: its reason is gone. */
	int write_err = ferror(stdout) ? EIO : 0;

	if (fflush(stdout))
		write_err = errno;
	return !err && write_err ? cannot_write(NULL, write_err, diag) : err;
}

/* Returns an errno, or 0. */
static int finish(struct output *output)
{
	int err = ferror(output->stream) ? EIO : 0;

	if (fflush(output->stream))
		err = errno;
	else if (!err && output->temporary && fsync(fileno(output->stream)) && errno != EINVAL)
		err = errno; /* EINVAL: the file system has nothing to sync */
	if (fclose(output->stream) && !err)
		err = errno;
	return err;
}

int output_close(struct output *output, int err, struct diag *diag)
{
	int write_err;

	if (output->stream == stdout)
		return output_flush(err, diag);
	write_err = finish(output);
	if (output->temporary && !err && !write_err && rename(output->temporary, output->path))
		write_err = errno;
	if (output->temporary && (err || write_err))
		unlink(output->temporary);
	forget_temporary(output);
	return !err && write_err ? cannot_write(output->file, write_err, diag) : err;
}
