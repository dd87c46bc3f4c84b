/* The files that lines go to: one for each repeat, of which one becomes detail.txt, or
 * detail.txt.zst.
 */
#ifndef IO_DETAIL_FILES_H
#define IO_DETAIL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct detail_files;
struct detail_log;
struct diag;
struct results_run;

/* `packs`: detail.txt.zst, by zstd. */
struct detail_files *detail_files_new(bool packs);
/* A run that was not published may still have the file open. NULL is fine. */
void detail_files_free(struct detail_files *files);

/* A repeat begins; its log is the files'. 0 or -errno with a sentence. */
int detail_files_begin(struct detail_files *files, struct results_run *run, struct detail_log **log,
                       struct diag *diag);
/* It has ended. */
void detail_files_end(struct detail_files *files);

/* Makes the named file that of the repeat (0 is the first one), and closes it; says in quality when
 * it is not whole. Nothing when there was no repeat. 0, or -errno with a sentence. */
int detail_files_keep(struct detail_files *files, size_t repeat, struct results_run *run,
                      json_t *quality, struct diag *diag);

#endif
