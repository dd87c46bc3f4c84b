/* Uses files in each way that a call has to name them: io_paths DIRECTORY, which has nothing but a
 * file "one". */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void by_names(void)
{
	struct stat status;

	syscall(SYS_open, "one", O_RDONLY); /* stays open: 3 */
	syscall(SYS_access, "one", R_OK);
	syscall(SYS_access, "none", R_OK);
	fstatat(AT_FDCWD, "one", &status, 0);
	syscall(SYS_link, "one", "two");
	linkat(AT_FDCWD, "two", AT_FDCWD, "three", 0);
	syscall(SYS_rename, "three", "four");
	renameat(AT_FDCWD, "four", AT_FDCWD, "one");
	syscall(SYS_symlink, "one", "five");
	symlinkat("one", AT_FDCWD, "six");
	syscall(SYS_unlink, "six");
	unlinkat(AT_FDCWD, "five", 0);
	open("one/below", O_RDONLY);
	syscall(SYS_access, (void *)1, 0);
}

static void by_descriptors(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct pollfd polled[] = {{.fd = -1}, {.fd = 0}, {.fd = fd, .events = POLLIN}};
	struct timeval at_once = {0};
	struct timespec none = {0};
	char byte;
	fd_set set;
	int epoll, pipes[2];
	void *page;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	pread(fd, &byte, 1, 0);
	read(fd, &byte, 1);
	dup2(fd, 20);
	dup3(20, 21, O_CLOEXEC);
	read(20, &byte, 1);
	read(0, &byte, 0);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	munmap(page, 4096);
	syscall(SYS_poll, polled, 3, 0);
	syscall(SYS_poll, polled, 2, 0);
	ppoll(polled, 3, &none, NULL);
	syscall(SYS_select, fd + 1, &set, NULL, NULL, &at_once);
	syscall(SYS_select, fd, &set, NULL, NULL, &at_once);
	syscall(SYS_pselect6, fd + 1, NULL, NULL, &set, &none, NULL);
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	if (pipe(pipes))
		_exit(1);
	sendfile(pipes[1], fd, NULL, 1);
	splice(fd, NULL, pipes[1], NULL, 1, 0);
	copy_file_range(fd, NULL, 20, NULL, 1, 0);
	close(20);
	close(21);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 1;
	by_names();
	by_descriptors(3);
	unlink("one");
	unlink("two");
	fsync(3); /* of a file that has no name any more */
	close(3);
	return 0;
}
