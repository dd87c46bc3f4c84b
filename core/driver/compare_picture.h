/* The differential flame graph of two stored runs.
 */
#ifndef CORE_DRIVER_COMPARE_PICTURE_H
#define CORE_DRIVER_COMPARE_PICTURE_H

struct compare_options;
struct diag;

struct compared_runs {
	const char *base; /* run directories; NULL: the side has none, as a baseline */
	const char *new;
	const char *results; /* the tree that the picture goes to, unless a file is named */
	const char *scenario;
	const char *type;
};

/* Draws it into the file that the options name, else RESULTS/compare/SCENARIO-TYPE.svg, which is
 * replaced when it is whole. *picture gets its path, which the caller frees; NULL where the runs
 * store no stacks. -EINVAL: a file is named, and there is nothing to draw. Where no file is named,
 * one that cannot be written is no failure. */
int compare_draw(const struct compared_runs *runs, const struct compare_options *options,
                 char **picture, struct diag *diag);

#endif
