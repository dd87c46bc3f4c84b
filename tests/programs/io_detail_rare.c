/* Makes the calls of files, descriptors and memory that few programs make, for detail.txt, good and
 * bad ones, none of which changes the machine: io_detail_rare DIRECTORY, which is empty. */
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/quota.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <poll.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>
#include <asm/termbits.h>

#define BAD ((void *)1)

static char buffer[1000];

/* As the numbers say: libc would check, or take another call. */
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static void opened(void)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC},
	                made = {.flags = O_CREAT | O_RDWR,
	                        .mode = 0640,
	                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	struct {
		struct open_how how;
		uint64_t more;
	} longer = {made, 7};
	struct file_handle handle = {.handle_bytes = 0};
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} whole = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
	int id;

	CALL(openat2, AT_FDCWD, "file", &made, sizeof(made));
	CALL(openat2, AT_FDCWD, "file", &how, sizeof(how));
	CALL(openat2, AT_FDCWD, "file", &longer, sizeof(longer));
	CALL(openat2, AT_FDCWD, "file", &how, 5L);
	CALL(openat2, AT_FDCWD, "file", BAD, sizeof(how));
	CALL(name_to_handle_at, AT_FDCWD, "file", &handle, &id, 0);
	CALL(name_to_handle_at, AT_FDCWD, "file", &whole, BAD, AT_SYMLINK_FOLLOW);
	CALL(name_to_handle_at, AT_FDCWD, "file", BAD, &id, AT_EMPTY_PATH);
	CALL(name_to_handle_at, AT_FDCWD, "file", &whole, &id, 0);
	CALL(open_by_handle_at, -1, &whole, O_RDONLY | O_CLOEXEC);
	CALL(open_by_handle_at, -1, BAD, O_RDWR);
	CALL(open_tree, -1, "none", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	CALL(open_tree, AT_FDCWD, "none", 2);
	CALL(memfd_secret, O_CLOEXEC | 4);
	CALL(memfd_secret, 4);
	CALL(userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY | 0x100);
	CALL(pidfd_open, -1, 1);
	CALL(pidfd_open, getpid(), 0);
	CALL(pidfd_getfd, -1, 5, 1);
	CALL(pidfd_send_signal, -1, SIGUSR1, NULL, 0);
	CALL(perf_event_open, BAD, 0, -1, -1, 8L);
	CALL(mknod, "node", S_IFIFO | 0640, 0);
	CALL(mknod, "none/node", S_IFCHR | 0600, makedev(1, 3));
	CALL(mknod, "none/node", 0777, 0);
	CALL(mknodat, AT_FDCWD, "none/node", S_IFBLK | S_ISUID | 0600, makedev(300, 20));
	CALL(mknodat, AT_FDCWD, "second", S_IFREG | 0600, makedev(1, 3));
	CALL(uselib, "none");
	CALL(execveat, -1, "none", ((char *[]){"a", "b", NULL}), ((char *[]){"A=1", NULL}),
	     AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

static void facts(void)
{
	struct statx status;
	struct statfs system;
	struct timespec times[] = {{1, 2}, {.tv_nsec = UTIME_OMIT}},
	                now[] = {{.tv_nsec = UTIME_NOW}, {5, 6}};
	struct timeval micros[] = {{1, 2}, {3, 4}};
	struct utimbuf seconds = {1, 2};
	int fd = CALL(open, "file", O_RDWR | O_CREAT, 0644);

	CALL(statx, AT_FDCWD, "file", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &status);
	CALL(statx, AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_SYMLINK_NOFOLLOW, STATX_ALL,
	     &status);
	CALL(statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
	     STATX_SIZE | STATX_MODE, &status);
	CALL(statx, AT_FDCWD, "/dev/null", 0, STATX_TYPE | 0x40000000, &status);
	CALL(statx, AT_FDCWD, "/dev/null", 0, 0x10000, &status);
	CALL(statx, AT_FDCWD, "none", 0x40000, 0, &status);
	CALL(statx, AT_FDCWD, BAD, 0, 0, BAD);
	CALL(statfs, "/proc", &system);
	CALL(statfs, ".", &system);
	CALL(statfs, "none", &system);
	CALL(statfs, "/proc", BAD);
	CALL(fstatfs, fd, &system);
	CALL(fstatfs, -1, &system);
	CALL(utime, "file", &seconds);
	CALL(utime, "file", NULL);
	CALL(utime, "none", BAD);
	CALL(utimes, "file", micros);
	CALL(utimes, "none", NULL);
	CALL(utimes, "none", BAD);
	CALL(futimesat, AT_FDCWD, "file", micros);
	CALL(futimesat, fd, NULL, NULL);
	CALL(utimensat, AT_FDCWD, "file", times, 0);
	CALL(utimensat, AT_FDCWD, "file", now, AT_SYMLINK_NOFOLLOW);
	CALL(utimensat, fd, NULL, NULL, 0);
	CALL(utimensat, -1, "none", BAD, 0);
	CALL(setxattr, "file", "user.name", "a value", 7L, XATTR_CREATE);
	CALL(setxattr, "file", "user.name", "longer\0than this \1value is, by some bytes", 41L,
	     XATTR_REPLACE);
	CALL(setxattr, "none", "user.name", BAD, 7L, 0);
	CALL(lsetxattr, "none", "user.name", NULL, 0L, 9);
	CALL(fsetxattr, fd, "user.other", "", 0L, 0);
	CALL(getxattr, "file", "user.name", buffer, sizeof(buffer));
	CALL(getxattr, "file", "user.name", NULL, 0L);
	CALL(getxattr, "file", "user.name", buffer, 0L);
	CALL(getxattr, "file", "user.name", buffer, 1L);
	CALL(getxattr, "file", "user.a name that is longer than thirty-two bytes", buffer, 1L);
	CALL(lgetxattr, "none", "user.name", buffer, 10L);
	CALL(fgetxattr, fd, "user.none", BAD, 10L);
	CALL(listxattr, "file", buffer, sizeof(buffer));
	CALL(listxattr, "file", NULL, 0L);
	CALL(llistxattr, "none", buffer, 10L);
	CALL(flistxattr, fd, buffer, sizeof(buffer));
	CALL(removexattr, "file", "user.name");
	CALL(lremovexattr, "none", "user.name");
	CALL(fremovexattr, fd, BAD);
}

static void events(void)
{
	struct itimerspec timer = {{1, 2}, {3000, 4}}, old;
	struct timespec none = {0}, bad = {1, -1};
	struct epoll_event happened[2];
	struct mq_attr attributes = {.mq_flags = O_NONBLOCK, .mq_maxmsg = 5, .mq_msgsize = 100};
	struct io_uring_params parameters = {0};
	sigset_t signals;
	unsigned priority;
	int fd = CALL(timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), queue;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	CALL(timerfd_create, 99, 4);
	CALL(timerfd_settime, fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
	     &((struct itimerspec){0}), &old);
	CALL(timerfd_gettime, fd, &old);
	CALL(timerfd_settime, fd, 0, &timer, NULL);
	CALL(timerfd_settime, -1, 8, BAD, &old);
	CALL(timerfd_gettime, -1, &old);
	CALL(signalfd, -1, &signals, 8L);
	CALL(signalfd4, -1, &signals, 8L, SFD_CLOEXEC | SFD_NONBLOCK);
	CALL(signalfd4, -1, BAD, 8L, 1);
	fd = CALL(inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
	CALL(inotify_init1, 1);
	CALL(inotify_add_watch, fd, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
	CALL(inotify_add_watch, fd, "none", IN_ALL_EVENTS | IN_ONESHOT | 0x10000);
	CALL(inotify_rm_watch, fd, 1);
	CALL(inotify_rm_watch, -1, 1);
	CALL(fanotify_init, FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_CONTENT | FAN_REPORT_FID,
	     O_RDONLY | O_LARGEFILE);
	CALL(fanotify_init, 0x80000000, 3);
	CALL(fanotify_mark, -1, FAN_MARK_ADD | FAN_MARK_MOUNT,
	     FAN_OPEN | FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, "none");
	CALL(fanotify_mark, -1, 0x4000, 0x100000000000L, FAN_NOFD, NULL);
	fd = CALL(epoll_create1, 0);
	CALL(epoll_pwait2, fd, happened, 2, &none, NULL, 8L);
	CALL(epoll_pwait2, fd, happened, 2, &bad, &signals, 8L);
	CALL(epoll_pwait, -1, happened, 2, 0, &signals, 8L);
	CALL(epoll_pwait2, -1, happened, 2, NULL, BAD, 8L);
	queue = CALL(mq_open, "profile-scenario-test", O_CREAT | O_RDWR, 0600, &attributes);
	CALL(mq_unlink, "profile-scenario-test");
	CALL(mq_open, "none", O_RDONLY | O_NONBLOCK);
	CALL(mq_open, "none", O_RDONLY | O_CREAT, 0600, BAD);
	CALL(mq_timedsend, queue, "a message", 9L, 3, NULL);
	CALL(mq_timedsend, -1, BAD, 9L, 3, &none);
	CALL(mq_timedreceive, queue, buffer, 100L, &priority, &none);
	CALL(mq_timedreceive, -1, buffer, 100L, &priority, BAD);
	CALL(mq_timedreceive, -1, buffer, 100L, NULL, &none);
	CALL(mq_getsetattr, queue, &attributes, &attributes);
	CALL(mq_getsetattr, queue, NULL, &attributes);
	CALL(mq_getsetattr, -1, BAD, &attributes);
	CALL(mq_notify, queue, NULL);
	CALL(io_uring_setup, 0, &parameters);
	CALL(io_uring_setup, 0, BAD);
	CALL(io_uring_setup, 1, &parameters);
	CALL(io_uring_enter, -1, 1, 2, IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP | 0x100,
	     &signals, 8L);
	CALL(io_uring_enter, -1, 1, 0, 0, NULL, 8L);
	CALL(io_uring_register, -1, 0, BAD, 1);
}

static void quotas(void)
{
	static const unsigned commands[] = {
	    Q_SYNC,       Q_QUOTAON,    Q_QUOTAOFF,      Q_GETFMT,       Q_GETINFO,
	    Q_SETINFO,    Q_GETQUOTA,   Q_SETQUOTA,      Q_GETNEXTQUOTA, Q_XQUOTAON,
	    Q_XQUOTAOFF,  Q_XGETQUOTA,  Q_XSETQLIM,      Q_XGETQSTAT,    Q_XQUOTARM,
	    Q_XQUOTASYNC, Q_XGETQSTATV, Q_XGETNEXTQUOTA, 0x123,
	};
	static char data[1000];

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		for (unsigned type = USRQUOTA; type <= PRJQUOTA + 1; type++) {
			unsigned command = QCMD(commands[i], type);

			memset(data, type == PRJQUOTA ? 0xff : (int)type, sizeof(data));
			CALL(quotactl, command, "none", (int)type - 1, data);
			CALL(quotactl_fd, -1, command, type, type ? data : BAD);
		}
	CALL(quotactl, QCMD(Q_QUOTAON, USRQUOTA), NULL, QFMT_VFS_V1, "none/none");
}

static void systems(void)
{
	CALL(mount, "none", "none/none", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NOATIME, "size=1m");
	CALL(mount, NULL, "none/none", NULL, MS_REMOUNT | MS_BIND | MS_SILENT, NULL);
	CALL(mount, "none", "none/none", "tmpfs", MS_REC | MS_PRIVATE, BAD);
	CALL(mount, "none", "none/none", BAD, 0xC0ED0000UL | MS_NODEV, NULL);
	CALL(umount2, "none", 2 | 8);
	CALL(umount2, "none", 0);
	CALL(pivot_root, "none", "none/none");
	CALL(swapon, "none", 0x8000 | 5 | 0x10000);
	CALL(swapon, "none", 0);
	CALL(swapoff, "none");
	CALL(acct, "none/none");
	CALL(fsopen, "none", FSOPEN_CLOEXEC);
	CALL(fsopen, BAD, 2);
	CALL(fsmount, -1, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	CALL(fsmount, -1, 2, 0);
	CALL(fspick, AT_FDCWD, "none", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	CALL(fsconfig, -1, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	CALL(fsconfig, -1, FSCONFIG_SET_STRING, "source", "there", 0);
	CALL(fsconfig, -1, FSCONFIG_SET_BINARY, "key", "\1\2\3", 3);
	CALL(fsconfig, -1, FSCONFIG_SET_PATH, "key", "none", AT_FDCWD);
	CALL(fsconfig, -1, FSCONFIG_SET_PATH_EMPTY, "key", "", 4);
	CALL(fsconfig, -1, FSCONFIG_SET_FD, "key", NULL, -1);
	CALL(fsconfig, -1, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	CALL(fsconfig, -1, 77, "key", BAD, 5);
	CALL(move_mount, -1, "", AT_FDCWD, "none", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
	CALL(mount_setattr, -1, "none", AT_RECURSIVE, BAD, 32L);
	CALL(setns, -1, CLONE_NEWNET);
	CALL(setns, -1, 0);
	CALL(setns, -1, 5);
	CALL(finit_module, -1, "arguments", 1);
	CALL(finit_module, -1, BAD, 8);
	CALL(kexec_file_load, -1, -1, 5L, "line", 0x80000000UL);
	CALL(bpf, 9999, BAD, 8);
	CALL(landlock_create_ruleset, NULL, 0L, LANDLOCK_CREATE_RULESET_VERSION);
	CALL(landlock_create_ruleset,
	     &((struct landlock_ruleset_attr){LANDLOCK_ACCESS_FS_READ_FILE |
	                                      LANDLOCK_ACCESS_FS_EXECUTE}),
	     8L, 0);
	CALL(landlock_create_ruleset, BAD, 8L, 0);
	CALL(landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH,
	     &((struct landlock_path_beneath_attr){LANDLOCK_ACCESS_FS_READ_FILE, 5}), 0);
	CALL(landlock_add_rule, -1, 77, BAD, 1);
	CALL(landlock_restrict_self, -1, 0);
}

#define LONG "this text is longer than thirty-two bytes"

/* Flags without names, texts that are too long, arguments that another one makes mean something
 * else. */
static void edges(void)
{
	struct mount_attr change = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME,
	                            1 << 18, 3},
	                  none = {0};
	struct termios attributes = {
	    .c_cflag = B115200 | CS7 | PARENB | CSTOPB | HUPCL | CLOCAL | CRTSCTS,
	    .c_oflag = NL1 | CR2 | TAB3 | BS1 | VT1 | FF1 | OLCUC | 0x100000,
	    .c_iflag = 0x80000000};
	struct timespec times[] = {{0, 0}, {-1, 0}}, odd[] = {{5, 2000000000}, {0, 7}};
	struct timeval micros[] = {{0, 0}, {1, 5000000}};
	struct utimbuf seconds = {0, -1};
	struct open_how how = {.flags = 1UL << 40, .resolve = 0xff};

	CALL(mount_setattr, -1, "none", AT_RECURSIVE | AT_EMPTY_PATH, &change, sizeof(change));
	CALL(mount_setattr, -1, "none", 0, &none, sizeof(none));
	CALL(mount_setattr, -1, "none", 0, &none, 5L);
	CALL(fsopen, LONG, 0);
	CALL(fsconfig, -1, FSCONFIG_SET_STRING, LONG, LONG, 0);
	CALL(fsconfig, -1, FSCONFIG_SET_PATH, LONG, LONG, 0);
	CALL(fsconfig, -1, FSCONFIG_SET_BINARY, LONG, LONG, 33);
	CALL(fsconfig, -1, FSCONFIG_SET_FD, BAD, BAD, 33);
	CALL(fsconfig, -1, FSCONFIG_CMD_RECONFIGURE, "key", "value", 33);
	CALL(fsconfig, -1, FSCONFIG_SET_FLAG, "key", "value", 33);
	CALL(finit_module, -1, LONG, 7);
	CALL(mount, LONG, LONG, LONG, 0, LONG);
	CALL(mount, "a", "none/b", "c", 1 << 30, "x");
	CALL(mount, "a", "none/b", "c", MS_MOVE, "x");
	CALL(mount, "a", "none/b", "c", MS_SLAVE | MS_SYNCHRONOUS, "x");
	CALL(umount2, "none", 0x100);
	CALL(swapon, "none", 0x20000 | 0x80000);
	CALL(swapon, "none", 0x100000 | 0x8000);
	CALL(swapon, "none", 0x100000);
	CALL(setxattr, "none", LONG, LONG, 41L, 0);
	CALL(memfd_create, LONG, 0);
	CALL(ioctl, -1, TCSETS, &attributes);
	attributes.c_cflag = CS5 | B9600 << IBSHIFT | CBAUD;
	attributes.c_iflag = IGNBRK | IUTF8;
	attributes.c_oflag = 0;
	CALL(ioctl, -1, TCSETS, &attributes);
	CALL(ioctl, -1, TCFLSH, 77);
	CALL(ioctl, -1, TCXONC, 77);
	CALL(ioctl, -1, TIOCMSET, &(int){0x1006});
	CALL(ioctl, -1, FS_IOC_SETFLAGS, &(int){0x70000001});
	CALL(utimensat, -1, "none", times, 0);
	CALL(utimensat, -1, "none", odd, 0x8000);
	CALL(utimes, "none", micros);
	CALL(utime, "none", &seconds);
	CALL(pidfd_send_signal, -1, 77, NULL, 1);
	CALL(pidfd_send_signal, -1, 34, NULL, 0);
	CALL(set_mempolicy, -1, NULL, 5L);
	CALL(mbind, 4096L, 4096L, MPOL_PREFERRED | MPOL_F_NUMA_BALANCING, BAD, 0L, 0);
	CALL(landlock_create_ruleset, BAD, 8L, 7);
	CALL(fanotify_mark, -1, FAN_MARK_ADD | FAN_MARK_FLUSH, 0L, -5, "x");
	CALL(fanotify_init, FAN_CLASS_PRE_CONTENT | FAN_REPORT_FID, 0x80000 | 0100000);
	CALL(openat2, AT_FDCWD, "none", &how, sizeof(how));
	CALL(name_to_handle_at, -1, "none", NULL, NULL, 7);
	CALL(open_by_handle_at, -1, NULL, O_CREAT);
	CALL(io_uring_register, -1, 77, NULL, 1);
	CALL(shmat, -1, NULL, 0xa00000);
	CALL(move_mount, -1, "a", -1, "b", 0x1000);
	CALL(fspick, -1, "a", 0x100);
	CALL(userfaultfd, 4);
	CALL(setns, -1, 0x2c020480);
	CALL(statx, -1, "none", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, BAD);
	CALL(mknod, "none/node", 0150644, 0);
	CALL(ioctl, -1, SIOCGIFNAME, &(struct ifreq){.ifr_ifindex = 5});
	CALL(ioctl, -1, SIOCGIFCONF, &(struct ifconf){.ifc_len = 45, .ifc_buf = BAD});
}

static void terminals(void)
{
	struct termios attributes;
	struct winsize size = {24, 80, 1, 2};
	int master = CALL(open, "/dev/ptmx", O_RDWR | O_NOCTTY), slave, number = 0;

	CALL(ioctl, master, TIOCSPTLCK, &number);
	slave = CALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CALL(ioctl, slave, TCGETS, &attributes);
	CALL(ioctl, slave, TCSETS, &attributes);
	CALL(ioctl, slave, TCSETSW, &attributes);
	CALL(ioctl, slave, TCSETSF, &attributes);
	CALL(ioctl, -1, TCGETS, &attributes);
	CALL(ioctl, slave, TCGETS, BAD);
	CALL(ioctl, slave, TCSETS, BAD);
	CALL(ioctl, slave, TIOCSWINSZ, &size);
	CALL(ioctl, slave, TIOCGWINSZ, &size);
	CALL(ioctl, -1, TIOCGWINSZ, &size);
	CALL(ioctl, slave, TIOCGPGRP, &number);
	CALL(ioctl, -1, TIOCSPGRP, &number);
	CALL(ioctl, -1, TIOCGSID, &number);
	CALL(ioctl, slave, TIOCOUTQ, &number);
	CALL(ioctl, slave, FIONREAD, &number);
	CALL(ioctl, slave, TIOCGETD, &number);
	CALL(ioctl, -1, TIOCSETD, &number);
	CALL(ioctl, slave, TIOCMGET, &number);
	CALL(ioctl, slave, TCSBRK, 1);
	CALL(ioctl, slave, TCSBRKP, 1);
	CALL(ioctl, slave, TCFLSH, TCIOFLUSH);
	CALL(ioctl, slave, TCXONC, TCOON);
	CALL(ioctl, -1, TIOCSCTTY, 1);
	CALL(ioctl, -1, TIOCNOTTY, 0);
	CALL(ioctl, -1, TIOCEXCL, 0);
	CALL(ioctl, -1, TIOCNXCL, 0);
	CALL(ioctl, -1, TIOCSTI, "x");
	CALL(ioctl, -1, TIOCGPTN, &number);
	CALL(ioctl, slave, TIOCGSOFTCAR, &number);
	CALL(ioctl, -1, TIOCGEXCL, &number);
	CALL(ioctl, -1, TIOCPKT, &number);
	CALL(ioctl, -1, TIOCCONS, 0);
	CALL(ioctl, -1, TIOCVHANGUP, 0);
}

static void requests(void)
{
	struct ifreq one = {.ifr_name = "lo"}, many[4], nobody = {.ifr_name = "none"};
	struct ifconf all = {.ifc_len = sizeof(many), .ifc_req = many}, length = {0};
	struct file_clone_range range = {-1, 1, 2, 3};
	int fd = CALL(open, "file", O_RDWR), value = 1, udp = CALL(socket, AF_INET, SOCK_DGRAM, 0),
	    pair[2];
	uint64_t size;

	CALL(pipe, pair);
	CALL(write, pair[1], "12345", 5);
	CALL(ioctl, pair[0], FIONREAD, &value);
	CALL(ioctl, -1, FIONREAD, &value);
	CALL(ioctl, pair[0], FIONREAD, BAD);
	value = 1;
	CALL(ioctl, pair[0], FIONBIO, &value);
	CALL(ioctl, pair[0], FIOASYNC, &value);
	CALL(ioctl, pair[0], FIONBIO, BAD);
	CALL(ioctl, pair[0], FIOCLEX);
	CALL(ioctl, pair[0], FIONCLEX, 7);
	CALL(ioctl, fd, FIOQSIZE, &size);
	CALL(ioctl, fd, FICLONE, -1);
	CALL(ioctl, fd, FICLONERANGE, &range);
	CALL(ioctl, fd, FICLONERANGE, BAD);
	CALL(ioctl, -1, FIDEDUPERANGE, BAD);
	CALL(ioctl, fd, FS_IOC_GETFLAGS, &value);
	CALL(ioctl, -1, FS_IOC_SETFLAGS, &value);
	CALL(ioctl, -1, FS_IOC_GETVERSION, &value);
	CALL(ioctl, -1, FS_IOC_FSGETXATTR, BAD);
	CALL(ioctl, -1, FIBMAP, &value);
	CALL(ioctl, -1, FIGETBSZ, &value);
	CALL(ioctl, fd, FIGETBSZ, &value);
	CALL(ioctl, -1, FIFREEZE, 0);
	CALL(ioctl, -1, FITHAW, 0);
	CALL(ioctl, -1, FITRIM, BAD);
	CALL(ioctl, -1, FS_IOC_FIEMAP, BAD);
	CALL(ioctl, -1, BLKGETSIZE64, &size);
	CALL(ioctl, -1, BLKGETSIZE, &size);
	CALL(ioctl, -1, BLKSSZGET, &value);
	CALL(ioctl, -1, BLKPBSZGET, &value);
	CALL(ioctl, -1, BLKBSZGET, &value);
	CALL(ioctl, -1, BLKROGET, &value);
	CALL(ioctl, -1, BLKROTATIONAL, &value);
	CALL(ioctl, -1, BLKRRPART, 0);
	CALL(ioctl, -1, BLKFLSBUF, 0);
	CALL(ioctl, -1, BLKDISCARD, ((uint64_t[]){1, 2}));
	CALL(ioctl, udp, SIOCGIFCONF, &all);
	CALL(ioctl, udp, SIOCGIFCONF, &length);
	CALL(ioctl, -1, SIOCGIFCONF, &all);
	CALL(ioctl, udp, SIOCGIFINDEX, &one);
	one.ifr_ifindex = 1;
	CALL(ioctl, udp, SIOCGIFNAME, &one);
	CALL(ioctl, udp, SIOCGIFFLAGS, &one);
	CALL(ioctl, udp, SIOCGIFADDR, &one);
	CALL(ioctl, udp, SIOCGIFNETMASK, &one);
	CALL(ioctl, udp, SIOCGIFBRDADDR, &one);
	CALL(ioctl, udp, SIOCGIFDSTADDR, &one);
	CALL(ioctl, udp, SIOCGIFMTU, &one);
	CALL(ioctl, udp, SIOCGIFHWADDR, &one);
	CALL(ioctl, udp, SIOCGIFMETRIC, &one);
	CALL(ioctl, udp, SIOCGIFTXQLEN, &one);
	CALL(ioctl, udp, SIOCGIFMAP, &one);
	CALL(ioctl, -1, SIOCSIFFLAGS, &one);
	CALL(ioctl, -1, SIOCSIFMTU, &one);
	CALL(ioctl, -1, SIOCSIFADDR, &one);
	CALL(ioctl, udp, SIOCGIFINDEX, &nobody);
	CALL(ioctl, udp, SIOCGIFADDR, BAD);
	CALL(ioctl, -1, SIOCATMARK, &value);
	CALL(ioctl, -1, SIOCGPGRP, &value);
	CALL(ioctl, -1, SIOCSPGRP, &value);
	CALL(ioctl, -1, SIOCGSTAMP, &size);
	CALL(ioctl, -1, SIOCINQ, &value);
	CALL(ioctl, -1, SIOCOUTQ, &value);
	CALL(ioctl, -1, SIOCETHTOOL, &one);
	CALL(ioctl, -1, SIOCGARP, BAD);
	CALL(ioctl, -1, SIOCADDRT, BAD);
	CALL(ioctl, -1, 0, 0);
	CALL(ioctl, -1, 0x12345678, 0x9abc);
	CALL(ioctl, -1, _IOC(_IOC_READ, 0xfe, 0xfe, 1000), BAD);
	CALL(ioctl, -1, _IOC(_IOC_READ | _IOC_WRITE, 0xfe, 0xfe, 0), 0);
	CALL(ioctl, -1, _IOC(_IOC_NONE, 0xfe, 0xfe, 0), 5);
	CALL(ioctl, -1, 0xfffffffffeUL, 5);
}

static void memory(void)
{
	char *pages = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long nodes[64] = {1}, context = 0;
	void *addresses[] = {pages, pages + 4096};
	int status[2], mode;
	struct iovec vector[] = {{pages, 4096}, {pages + 4096, 4096}};

	CALL(mincore, pages, 8192L, buffer);
	CALL(mincore, pages + 1, 8192L, buffer);
	CALL(mincore, pages, 1UL << 40, buffer);
	CALL(pkey_mprotect, pages, 4096L, PROT_READ, -1);
	CALL(pkey_mprotect, pages, 4096L, PROT_READ | PROT_WRITE, 15);
	CALL(remap_file_pages, pages, 4096L, 0, 1L, MAP_NONBLOCK);
	CALL(mbind, pages, 4096L, MPOL_PREFERRED, nodes, 64L, MPOL_MF_STRICT | MPOL_MF_MOVE);
	CALL(mbind, pages, 4096L, MPOL_BIND | MPOL_F_STATIC_NODES, BAD, 64L, 0x100);
	CALL(mbind, pages, 4096L, 99, NULL, 0L, 0);
	CALL(set_mempolicy, MPOL_DEFAULT, NULL, 0L);
	CALL(set_mempolicy, 99, nodes, 100L);
	CALL(set_mempolicy, 99, nodes, 65L);
	CALL(set_mempolicy, 99, nodes, 66L);
	CALL(set_mempolicy, 99, nodes, 1L);
	CALL(get_mempolicy, &mode, nodes, 64L, NULL, 0);
	CALL(get_mempolicy, NULL, nodes, 4096L, NULL, MPOL_F_MEMS_ALLOWED);
	CALL(get_mempolicy, &mode, NULL, 0L, BAD, MPOL_F_ADDR | MPOL_F_NODE);
	CALL(get_mempolicy, BAD, NULL, 0L, NULL, 0);
	CALL(migrate_pages, -1, 64L, nodes, BAD);
	CALL(move_pages, 0, 2L, addresses, NULL, status, 0);
	CALL(move_pages, 0, 2L, addresses, ((int[]){0, 5}), status, MPOL_MF_MOVE_ALL);
	CALL(move_pages, 0, 0L, addresses, NULL, status, 0);
	CALL(move_pages, -1, 2L, BAD, BAD, BAD, 0x10);
	CALL(set_mempolicy_home_node, pages, 4096L, 0L, 1L);
	CALL(process_madvise, -1, vector, 2L, MADV_COLD, 0);
	CALL(process_madvise, -1, BAD, 2L, 99, 1);
	CALL(process_mrelease, -1, 1);
	CALL(io_setup, 0, &context);
	CALL(io_setup, 2, &context);
	CALL(io_setup, 2, BAD);
	CALL(io_destroy, context);
	CALL(io_destroy, 1L);
	CALL(shmat, -1, NULL, SHM_RDONLY | SHM_RND);
	CALL(shmdt, BAD);
	CALL(getpmsg, 1, 2, 3, 4, 5);
	CALL(putpmsg, 1, 2, 3, 4, 5);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 1;
	opened();
	facts();
	events();
	systems();
	quotas();
	edges();
	terminals();
	requests();
	memory();
	return 0;
}
