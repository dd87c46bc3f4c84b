/* How the tables call system calls, descriptors and numbers that are not known. */
#ifndef IO_NAMES_H
#define IO_NAMES_H

#include "io/counts.h"
#include "io/fd_table.h"
#include "io/syscalls.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes a text that the target chose, a path or a name: what would end the line or act on a
 * terminal, and the backslash, as \ooo, as /proc/PID/mounts has it. Returns how many bytes it
 * wrote. */
int io_write_text(FILE *out, const char *text);

/* "readv", "readv (32 bit)": calls of other ABIs are other calls. */
struct io_call_name {
	char text[64];
};
struct io_call_name io_call_name_of(const struct syscall_info *info);

/* "/etc/passwd", "tcp 127.0.0.1:5000 -> 127.0.0.1:80", of a description (io/fd_table.h). */
void io_write_file_name(FILE *out, const struct fd_table *fds, uint32_t description);
/* The same of a descriptor, with how we know of it where no call was seen to open it. */
void io_write_descriptor_name(FILE *out, const struct fd_table *fds, uint32_t descriptor);

struct io_cell {
	char text[24];
};

/* The number, or "-" where calls of that status, of which it is, are not counted. */
struct io_cell io_cell_of(const struct io_counts *counts, enum io_status status, uint64_t number);

/* Bytes moved: likewise, or "?" where they are known of no call; of `unknown_calls` they are not.
 */
struct io_cell io_moved_cell_of(const struct io_counts *counts, uint64_t n_bytes,
                                uint64_t unknown_calls);

/* Does the socket keep messages apart? False for all that is no socket. */
bool io_is_datagram(const struct fd_table *fds, uint32_t descriptor);

/* Is somebody at its other end, who may answer: a pipe, a socket, a terminal? A named pipe is not
 * told from a file. */
bool io_is_channel(const struct fd_table *fds, uint32_t descriptor);

#endif
