/* Reads the profiles of two runs and draws one against the other. */
#include "core/driver/compare_picture.h"

#include "core/driver/compare_options.h"
#include "core/driver/output.h"
#include "core/driver/stored_run.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/profile.h"
#include "core/results/fdpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct drawing {
	const struct compared_runs *runs;
	const struct compare_options *options;
	struct stored_run base;
	struct stored_run new;
};

/* -ENOENT, -ENODATA: it has no stacks. */
static int read_profile(struct stored_run *run, const char *directory, const char *value,
                        struct diag *diag)
{
	int err = stored_run_open_directory(run, directory, diag);

	if (!err)
		err = stored_run_read(run, &(struct selection){.end_ns = UINT64_MAX}, diag);
	if (!err)
		err = stored_run_choose_value(run, value, diag);
	if (!err)
		stored_run_name(run);
	return err;
}

static int draw(const struct drawing *drawing, FILE *out, struct diag *diag)
{
	struct export_options described = stored_run_describe(&drawing->new);
	const struct stored_run *base = &drawing->base;
	const char *value = profile_type(drawing->new.profile, described.type)->name;
	int type = profile_find_type(base->profile, value);
	struct export_base compared = {
	    .profile = base->profile, .type = type < 0 ? 0 : (size_t)type, .name = base->title};

	if (type < 0)
		return diag_fail(diag, EINVAL, "%s has no %s to compare", base->name, value);
	described.base = &compared;
	described.picture = &drawing->options->picture;
	return flamegraph_exporter.write(drawing->new.profile, &described, out, diag);
}

static int draw_named(const struct drawing *drawing, struct diag *diag)
{
	struct output out;
	int err = output_open(&out, drawing->options->file, diag);

	if (err)
		return err;
	return output_close(&out, draw(drawing, out.stream, diag), diag);
}

/* Below the results, as carefully as runs are written there: the tree may be somebody else's. */
static int draw_into(const struct drawing *drawing, int folder, const char *name, struct diag *diag)
{
	char *temporary = xasprintf(".%s.%d.tmp", name, (int)getpid());
	int fd = fdpath_create(folder, temporary, fdpath_invoking_user(), diag);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int err = fd < 0 ? fd : out ? 0 : -errno;

	if (!err)
		err = draw(drawing, out, diag);
	if (out && (ferror(out) | fclose(out)) && !err)
		err = -EIO;
	if (!err && renameat(folder, temporary, folder, name))
		err = -errno;
	if (err && fd >= 0)
		unlinkat(folder, temporary, 0);
	free(temporary);
	return err;
}

/* *picture stays NULL where that is not to be. */
static void draw_below(const struct drawing *drawing, char **picture)
{
	const struct compared_runs *runs = drawing->runs;
	char *name = xasprintf("%s-%s.svg", runs->scenario, runs->type);
	struct owner owner = fdpath_invoking_user();
	struct diag ignored;
	int root = open(runs->results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int folder = root < 0 ? -1 : fdpath_open_dir(root, "compare", owner, &ignored);

	if (folder >= 0 && !draw_into(drawing, folder, name, &ignored))
		*picture = xasprintf("%.*s/compare/%s", (int)fdpath_trimmed_len(runs->results),
		                     runs->results, name);
	if (folder >= 0)
		close(folder);
	if (root >= 0)
		close(root);
	free(name);
}

static int refuse_without_stacks(const struct drawing *drawing, struct diag *diag)
{
	return drawing->options->file
	           ? diag_fail(diag, EINVAL,
	                       "-o: there is no flame graph to draw, since runs of type %s %s",
	                       drawing->runs->type,
	                       drawing->runs->base ? "store no stacks here"
	                                           : "are compared with a baseline")
	           : 0;
}

int compare_draw(const struct compared_runs *runs, const struct compare_options *options,
                 char **picture, struct diag *diag)
{
	struct drawing drawing = {.runs = runs, .options = options};
	int err;

	*picture = NULL;
	if (!runs->base || !runs->new)
		return refuse_without_stacks(&drawing, diag);
	err = read_profile(&drawing.base, runs->base, options->value, diag);
	if (!err)
		err = read_profile(&drawing.new, runs->new, options->value, diag);
	if (err == -ENOENT || err == -ENODATA)
		err = refuse_without_stacks(&drawing, diag);
	else if (!err && options->file)
		err = draw_named(&drawing, diag);
	else if (!err)
		draw_below(&drawing, picture);
	if (!err && options->file)
		*picture = xstrdup(options->file);
	stored_run_fini(&drawing.base);
	stored_run_fini(&drawing.new);
	return err;
}
