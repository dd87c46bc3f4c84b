/* Walks, makes and removes files below a directory handle without following a symbolic link. */
#include "core/results/fdpath.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* Our own trees are three deep; a deeper one was made to exhaust us. */
#define REMOVE_DEPTH_MAX 64

#define ELSEWHERE "or give another directory with --results"

/* What an errno means for a step in the results tree, and what helps. */
static const struct advice {
	int err;
	const char *why; /* NULL: strerror() says it */
	const char *remedy;
} advices[] = {
    {EACCES, NULL, "make it writable for you, " ELSEWHERE},
    {EPERM, NULL, "make it writable for you, " ELSEWHERE},
    {EROFS, NULL, "mount it writable, " ELSEWHERE},
    {ENOSPC, NULL, "free some space there, " ELSEWHERE},
    {EDQUOT, NULL, "free some space there, " ELSEWHERE},
    {EFBIG, NULL, "raise the limit on file sizes (ulimit -f)"},
    {EMFILE, NULL, "raise the limit on open files (ulimit -n)"},
    {ENAMETOOLONG, NULL, "use a shorter name"},
    {ENOTDIR, "a file is in the way", "remove it, " ELSEWHERE},
    {ELOOP, "a symbolic link is in the way", "remove it: links among results are not followed"},
    {EEXIST, "it is there already", "move it away and run again"},
    {EXDEV, "another file system is mounted there", "unmount it"},
    {EINVAL, "that is no plain file name", "use letters, digits, `.`, `_` and `-`"},
    {0, NULL, "check the disk, " ELSEWHERE},
};

/* DIR/NAME as well as it can be told; "" never. */
static void path_below(int dir, const char *name, char *text, size_t size)
{
	char link[64];
	ssize_t len = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	if (dir >= 0)
		len = readlink(link, text, size - 1);
	if (len < 0)
		len = 0;
	snprintf(text + len, size - (size_t)len, "%s%s", len > 1 ? "/" : "", name);
}

int fdpath_fail(struct diag *diag, int err, const char *attempt, int dir, const char *name)
{
	const struct advice *advice = advices;
	char path[PATH_MAX];

	while (advice->err && advice->err != err)
		advice++;
	path_below(dir, name, path, sizeof(path));
	return diag_fail(diag, err, "cannot %s %s: %s; %s", attempt, path,
	                 advice->why ? advice->why : strerror(err), advice->remedy);
}

static bool is_plain(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool is_link(int dir, const char *name)
{
	struct stat status;

	return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

static bool read_id(const char *variable, unsigned *id)
{
	const char *text = getenv(variable);
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*id = (unsigned)value;
	return !*end && !errno && value < UINT_MAX;
}

struct owner fdpath_invoking_user(void)
{
	struct owner owner;

	if (geteuid() == 0 && read_id("SUDO_UID", &owner.uid) && read_id("SUDO_GID", &owner.gid))
		return owner;
	return (struct owner){(uid_t)-1, (gid_t)-1};
}

/* Some file systems know no owners (vfat, many FUSE ones), and a user unmapped in our namespace
 * cannot own: the results are still good. */
static bool has_no_owners(int err)
{
	return err == EPERM || err == EINVAL || err == ENOSYS;
}

/* Gives away what was just created. */
static int give_to(int fd, struct owner owner)
{
	struct stat status;

	if (owner.uid == (uid_t)-1)
		return 0;
	if (fstat(fd, &status) < 0)
		return -errno;
	/* Somebody put another file in the place of ours: theirs is not for us to give. */
	if (status.st_uid != geteuid())
		return 0;
	return fchown(fd, owner.uid, owner.gid) == 0 || has_no_owners(errno) ? 0 : -errno;
}

int fdpath_enter_dir(int dir, const char *name, struct diag *diag)
{
	int fd;

	if (!is_plain(name))
		return fdpath_fail(diag, EINVAL, "open", dir, name);
	fd = openat(dir, name, OPEN_DIRECTORY | O_NOFOLLOW);
	if (fd >= 0)
		return fd;
	/* O_DIRECTORY makes a link ENOTDIR, which would send the user looking for a file. */
	return fdpath_fail(diag, errno == ENOTDIR && is_link(dir, name) ? ELOOP : errno, "open",
	                   dir, name);
}

int fdpath_make_dir(int dir, const char *name, struct owner owner, struct diag *diag)
{
	int fd, err;

	if (!is_plain(name))
		return fdpath_fail(diag, EINVAL, "make", dir, name);
	if (mkdirat(dir, name, 0755) < 0)
		return fdpath_fail(diag, errno, "make", dir, name);
	fd = fdpath_enter_dir(dir, name, diag);
	if (fd < 0)
		return fd;
	err = give_to(fd, owner);
	if (err) {
		close(fd);
		return fdpath_fail(diag, -err, "give away", dir, name);
	}
	return fd;
}

int fdpath_open_dir(int dir, const char *name, struct owner owner, struct diag *diag)
{
	int fd = fdpath_make_dir(dir, name, owner, diag);

	if (fd == -EEXIST)
		fd = fdpath_enter_dir(dir, name, diag);
	return fd;
}

/* The next step of a path that the user named: links are followed, `fd` is used up. */
static int step(int fd, const char *name, struct owner owner, bool *made, struct diag *diag)
{
	int next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*made = next < 0 && errno == ENOENT;
	if (*made)
		next = fdpath_make_dir(fd, name, owner, diag);
	else if (next < 0)
		next = fdpath_fail(diag, errno, "open", fd, name);
	if (next == -EEXIST) {
		/* Another process made it meanwhile, or a link there leads nowhere. */
		*made = false;
		next = openat(fd, name, OPEN_DIRECTORY);
		if (next < 0)
			next =
			    diag_fail(diag, errno,
			              "cannot make %s: it is a link to what does not exist; make "
			              "that, or remove the link",
			              name);
	}
	if (fd != AT_FDCWD)
		close(fd);
	return next;
}

int fdpath_open_root(const char *path, struct owner owner, bool *made, struct diag *diag)
{
	char *steps = xstrdup(path), *rest = steps, *name;
	bool is_new = false;
	int fd = open(path, OPEN_DIRECTORY);

	if (fd >= 0)
		goto out;
	if (!*path) {
		fd = diag_fail(diag, ENOENT,
		               "cannot open a directory without a name; give one with --results");
		goto out;
	}
	if (errno != ENOENT) {
		fd = fdpath_fail(diag, errno, "open", AT_FDCWD, path);
		goto out;
	}
	fd = *path == '/' ? open("/", O_PATH | O_CLOEXEC) : AT_FDCWD;
	while ((name = strsep(&rest, "/")) && (fd >= 0 || fd == AT_FDCWD)) {
		if (*name && strcmp(name, ".") != 0)
			fd = step(fd, name, owner, &is_new, diag);
	}
out:
	if (made)
		*made = is_new;
	free(steps);
	return fd;
}

int fdpath_create(int dir, const char *name, struct owner owner, struct diag *diag)
{
	int fd, err;

	if (!is_plain(name))
		return fdpath_fail(diag, EINVAL, "create", dir, name);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fdpath_fail(diag, errno == EEXIST && is_link(dir, name) ? ELOOP : errno,
		                   "create", dir, name);
	err = give_to(fd, owner);
	if (err) {
		close(fd);
		return fdpath_fail(diag, -err, "give away", dir, name);
	}
	return fd;
}

int fdpath_scratch(int dir, struct diag *diag)
{
	static const char name[] = ".scratch";
	int fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* A file system without O_TMPFILE (NFS): a name for a moment. */
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fdpath_fail(diag, errno, "create", dir, name);
	unlinkat(dir, name, 0);
	return fd;
}

int fdpath_replace_link(int dir, const char *name, const char *target, struct owner owner,
                        struct diag *diag)
{
	char temporary[NAME_MAX + 1];
	struct stat status;

	if (!is_plain(name))
		return fdpath_fail(diag, EINVAL, "link", dir, name);
	if ((size_t)snprintf(temporary, sizeof(temporary), ".%s.tmp", name) >= sizeof(temporary))
		return fdpath_fail(diag, ENAMETOOLONG, "link", dir, name);
	if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(status.st_mode))
		return fdpath_fail(diag, EEXIST, "link", dir, name);
	/* One that a killed process left. */
	unlinkat(dir, temporary, 0);
	if (symlinkat(target, dir, temporary) < 0)
		return fdpath_fail(diag, errno, "link", dir, name);
	if (owner.uid != (uid_t)-1 &&
	    fchownat(dir, temporary, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    !has_no_owners(errno))
		return fdpath_fail(diag, errno, "link", dir, name);
	if (renameat(dir, temporary, dir, name) < 0)
		return fdpath_fail(diag, errno, "link", dir, name);
	return 0;
}

static int remove_below(int dir, const char *name, dev_t device, unsigned depth, struct diag *diag);

/* Takes over `fd`, an open directory. */
static int remove_entries(int fd, dev_t device, unsigned depth, struct diag *diag)
{
	DIR *list = fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (!list) {
		err = errno;
		close(fd);
		return diag_fail(diag, err, "cannot list a directory: %s", strerror(err));
	}
	while (!err && (entry = readdir(list))) {
		if (is_plain(entry->d_name))
			err = remove_below(fd, entry->d_name, device, depth, diag);
	}
	closedir(list);
	return err;
}

static int remove_below(int dir, const char *name, dev_t device, unsigned depth, struct diag *diag)
{
	struct stat status;
	int fd, err;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return fdpath_fail(diag, errno, "remove", dir, name);
	fd = fdpath_enter_dir(dir, name, diag);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0 || status.st_dev != device || depth == REMOVE_DEPTH_MAX) {
		close(fd);
		return fdpath_fail(diag, depth == REMOVE_DEPTH_MAX ? ENAMETOOLONG : EXDEV, "remove",
		                   dir, name);
	}
	err = remove_entries(fd, device, depth + 1, diag);
	if (err)
		return err;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fdpath_fail(diag, errno, "remove", dir, name);
	return 0;
}

int fdpath_remove_tree(int dir, const char *name, struct diag *diag)
{
	struct stat status;

	if (!is_plain(name))
		return fdpath_fail(diag, EINVAL, "remove", dir, name);
	if (fstat(dir, &status) < 0)
		return fdpath_fail(diag, errno, "remove", dir, name);
	return remove_below(dir, name, status.st_dev, 0, diag);
}

int fdpath_rename_new(int dir, const char *from, const char *to)
{
	int err;

	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: the file system cannot (NFS, some FUSE ones); ENOSYS: a sandbox forbids. */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* An empty directory takes the name, or finds it taken; rename(2) replaces it only while it
	 * is empty. */
	if (mkdirat(dir, to, 0755) < 0)
		return -errno;
	if (renameat(dir, from, dir, to) == 0)
		return 0;
	err = errno == ENOTEMPTY ? EEXIST : errno;
	unlinkat(dir, to, AT_REMOVEDIR);
	return -err;
}

size_t fdpath_trimmed_len(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}
