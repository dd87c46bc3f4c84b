/* Packs pieces of a file with zstd, each as a frame of its own with a checksum (RFC 8878): frames
 * one after the other are a file that zstd -d reads, and one that ends too early is read up to the
 * end of its last whole frame. */
#ifndef IO_DETAIL_PACK_H
#define IO_DETAIL_PACK_H

#include <stddef.h>

struct detail_packer;

/* NULL: no memory. */
struct detail_packer *detail_packer_new(void);
void detail_packer_free(struct detail_packer *packer); /* NULL is fine */

/* Makes a frame of the bytes, which is the packer's until the next one. 0 or -ENOMEM. */
int detail_pack(struct detail_packer *packer, const char *bytes, size_t len, const char **frame,
                size_t *frame_len);

#endif
