/* Reads the records of a BPF ring buffer, in order; only one that the end of the ring cuts is
 * copied.
 *
 * Not libbpf's: that one's mappings are inherited by what we fork, whose resident set would begin
 * with the whole ring, and it tells the kernel of each record by itself, on a line of cache that
 * the writers use.
 */
#ifndef IO_BPF_READER_H
#define IO_BPF_READER_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_reader;

/* The record is gone when it returns. */
typedef void bpf_reader_take_fn(void *context, const void *record, size_t len_bytes);

/* -errno: it cannot be mapped. */
int bpf_reader_new(struct bpf_reader **reader, int map_fd, size_t ring_bytes);
void bpf_reader_free(struct bpf_reader *reader); /* NULL is fine */

/* Hands over what is there; at most so many records, 0: all. True: there is more. */
bool bpf_reader_read(struct bpf_reader *reader, size_t n_records, bpf_reader_take_fn *take,
                     void *context);

#endif
