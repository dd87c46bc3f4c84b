/* The published runs of one or several results trees, as names: nothing of them is read yet.
 *
 * A list holds a directory handle for each SCENARIO/TYPE it has runs of, so that thousands of
 * manifests are read without walking the tree again. Links below a tree are not followed.
 */
#ifndef CORE_RESULTS_RUN_LIST_H
#define CORE_RESULTS_RUN_LIST_H

#include "core/options.h"
#include "core/results/run_id.h"

#include <stddef.h>
#include <sys/types.h>

struct diag;

/* TREE/SCENARIO/TYPE, where runs are. */
struct run_folder {
	size_t tree; /* index into the trees that were asked for */
	char *path;  /* as the user would type it */
	char *scenario;
	char *type;
	int dir;
	dev_t device; /* of the directory */
	ino_t inode;
};

struct run_row {
	size_t folder;
	char id[RUN_ID_SIZE];
};

struct run_list {
	struct run_folder *folders;
	size_t n_folders, folders_capacity;
	struct run_row *runs; /* oldest first; of one start by tree, scenario and type */
	size_t n_runs, runs_capacity;
};

/* The run directories of a scenario and a type; NULL: of all, which growth is none of
 * (core/results/names.h). A tree that is named twice is read
 * once. -ENOENT: a tree is not there, or no
 * tree has the scenario or the type; the sentence names what there is. A tree without it is fine
 * where another one has it. A directory that cannot be read is an error. */
int run_list_read(struct run_list *list, const struct text_list *trees, const char *scenario,
                  const char *type, struct diag *diag);
/* As that, but one below the trees that cannot be read is passed over, and a sentence about it added
 * to `unreadable`. */
int run_list_read_rest(struct run_list *list, const struct text_list *trees, const char *scenario,
                       const char *type, struct text_list *unreadable, struct diag *diag);
void run_list_fini(struct run_list *list);

/* "TREE/SCENARIO/TYPE/RUN_ID". The caller frees it. */
char *run_list_path(const struct run_list *list, size_t run);

/* The text of run.json, ended by a zero byte that *len_bytes does not count; the caller frees it.
 * -ENOENT: there is none: the run is not whole. Any thread may call. */
int run_list_manifest(const struct run_list *list, size_t run, char **text, size_t *len_bytes);

#endif
