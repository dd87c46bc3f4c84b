/* Which file a descriptor number means, at any moment of a process tree's life.
 *
 * A pure model of the kernel's descriptor tables, fed with the outcomes of system calls in the
 * order in which they happened. Three things are told apart:
 * - a group, which is a table of descriptors: of one process, or of all that share by CLONE_FILES;
 * - a descriptor, one number in one group from open to close (group, fd, generation): a row of
 * files.txt;
 * - a description, the open file behind it, shared by dup(2), fork(2) and SCM_RIGHTS: it has the
 * name and addresses.
 *
 * A descriptor that nobody uses costs no row: ids are given at first use. Id 0 is none. Not
 * thread-safe.
 */
#ifndef IO_FD_TABLE_H
#define IO_FD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fd_table;

/* How we know of a descriptor. */
enum fd_origin {
	FD_OPENED,    /* a call made it */
	FD_INHERITED, /* it was there when the measured program began */
	FD_RECEIVED,  /* it came over a socket (SCM_RIGHTS, SCM_PIDFD) */
	FD_GUESSED,   /* its name is what /proc said when it was found in use, or later */
};

struct fd_descriptor {
	pid_t pid; /* of the group, when it was made */
	int fd;
	unsigned generation; /* how often this number was opened in this group, from 1 */
	uint32_t description;
	enum fd_origin origin;
	uint64_t opened_ns; /* on the clock of the caller */
	uint64_t closed_ns; /* 0: open at the end */
};

enum fd_address { FD_LOCAL, FD_PEER };

struct fd_table *fd_table_new(void);
void fd_table_free(struct fd_table *table); /* NULL is fine */

/* Groups. A new one has one holder. */
uint32_t fd_table_group_new(struct fd_table *table, pid_t pid);
/* fork(2): the same descriptions under the same numbers. */
uint32_t fd_table_group_copy(struct fd_table *table, uint32_t group, pid_t pid, uint64_t now_ns);
/* CLONE_FILES: one more thread uses it. */
void fd_table_group_hold(struct fd_table *table, uint32_t group);
/* A thread has ended; the last holder closes what is open. 0 is fine. */
void fd_table_group_drop(struct fd_table *table, uint32_t group, uint64_t now_ns);
/* unshare(CLONE_FILES), CLOSE_RANGE_UNSHARE and exec: the holder's own group, which is the same
 * when nobody shares it. */
uint32_t fd_table_group_unshare(struct fd_table *table, uint32_t group, pid_t pid, uint64_t now_ns);

/* A number now means a new description with this name, which is copied; what it meant is closed. A
 * number below 0 is left out, here and below. */
void fd_table_open(struct fd_table *table, uint32_t group, int fd, const char *name, bool cloexec,
                   enum fd_origin origin, uint64_t now_ns);
/* `to` now means what `from` means; false: nothing is known of `from`. */
bool fd_table_dup(struct fd_table *table, uint32_t group, int from, int to, bool cloexec,
                  uint64_t now_ns);
void fd_table_set_cloexec(struct fd_table *table, uint32_t group, int fd, bool cloexec);
void fd_table_close(struct fd_table *table, uint32_t group, int fd, uint64_t now_ns);
void fd_table_close_range(struct fd_table *table, uint32_t group, unsigned first, unsigned last,
                          uint64_t now_ns);
void fd_table_range_set_cloexec(struct fd_table *table, uint32_t group, unsigned first,
                                unsigned last);
/* Closes what is marked close-on-exec. The group must not be shared any more. */
void fd_table_exec(struct fd_table *table, uint32_t group, uint64_t now_ns);

/* True when the number is known to be open. */
bool fd_table_knows(const struct fd_table *table, uint32_t group, int fd);
/* The descriptor's id, for counting; 0 when the number is not known to be open. */
uint32_t fd_table_use(struct fd_table *table, uint32_t group, int fd);

/* Addresses of a socket, copied; NULL: not known. They and names are those of the description,
 * under each number that means it. What is returned lives as long as the table. */
void fd_table_set_address(struct fd_table *table, uint32_t group, int fd, enum fd_address which,
                          const char *address);
const char *fd_table_address(const struct fd_table *table, uint32_t description,
                             enum fd_address which);
const char *fd_table_name(const struct fd_table *table, uint32_t description);
/* What /proc said when it was found in use, or later. */
bool fd_table_is_guess(const struct fd_table *table, uint32_t description);
/* 0: two descriptions have one name and the same addresses. Else which comes first in an order that
 * holds as long as nothing is entered. */
int fd_table_compare_files(const struct fd_table *table, uint32_t description, uint32_t other);
/* Their ids are 1 .. this. */
size_t fd_table_n_descriptions(const struct fd_table *table);
/* The description behind an open number, or 0. */
uint32_t fd_table_description(const struct fd_table *table, uint32_t group, int fd);

/* Ids are 1 .. fd_table_count(). What an id stands for moves when another number is used first. */
size_t fd_table_count(const struct fd_table *table);
const struct fd_descriptor *fd_table_descriptor(const struct fd_table *table, uint32_t id);

#endif
