/* The files of a sweep, RESULTS/regress/: state.json while it goes on, SWEEP_ID/ when it is over
 * (docs/formats.md).
 */
#ifndef CORE_DRIVER_SWEEP_FILES_H
#define CORE_DRIVER_SWEEP_FILES_H

#include <stdbool.h>
#include <stdio.h>

struct diag;
struct regress_state;

struct sweep_files {
	int dir_fd; /* RESULTS/regress, locked; -1: not open */
	char *path; /* as the user would type it */
};

/* Opens (and makes) the directory, and removes what a killed prune left. -EBUSY: another sweep goes
 * on there. To be ended in any case. */
int sweep_files_open(struct sweep_files *files, const char *results, struct diag *diag);
void sweep_files_close(struct sweep_files *files);

/* For those who only look into RESULTS/regress: whether no sweep goes on there now, and the id of
 * the one that state.json has, which may be gone on with (NULL: none; the caller frees it). */
bool sweep_files_is_idle(int dir_fd);
char *sweep_files_going_on(int dir_fd);

/* Reads state.json into a zeroed state. -ENOENT without a sentence: there is none. -EINVAL: it is
 * damaged. */
int sweep_files_load(const struct sweep_files *files, struct regress_state *state,
                     struct diag *diag);
/* Writes it, whole or not at all. */
int sweep_files_save(const struct sweep_files *files, const struct regress_state *state,
                     struct diag *diag);

/* One document of a sweep that is over. */
struct sweep_document {
	const char *name; /* "junit.xml"; NULL ends a table */
	void (*write)(const void *sweep, FILE *out);
};

/* Writes SWEEP_ID/ with all documents and `latest`, and removes state.json. */
int sweep_files_publish(const struct sweep_files *files, const struct regress_state *state,
                        const struct sweep_document *documents, const void *sweep,
                        struct diag *diag);

#endif
