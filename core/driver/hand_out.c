/* Links, copies and prints a published run. */
#include "core/driver/hand_out.h"

#include "core/driver/output.h"
#include "core/driver/request.h"
#include "core/driver/scan.h"
#include "core/driver/summary.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/results/results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What --output-dir links beside the tree, under the names of older wrappers. */
static const struct {
	const char *type;
	const char *group;
	const char *suffix;
	const char *artifact;
} links[] = {
    {"cpu", "flamegraphs", "flamegraph.svg", "flamegraph.svg"},
    {"memory", "massif", "massif.out", "massif.out"},
    {"memory", "massif", "massif-report.txt", "massif-report.txt"},
    {"io", "strace", "strace-summary.txt", "summary.txt"},
    {"io", "strace", "strace-detail.txt", "detail.txt"},
    {"io", "strace", "strace-detail.txt.zst", "detail.txt.zst"},
};

static bool has_artifact(const struct results_run *run, const char *name)
{
	const char *artifact;

	for (size_t i = 0; (artifact = results_artifact(run, i)); i++)
		if (!strcmp(artifact, name))
			return true;
	return false;
}

static int link_old_names(const struct hand_out *hand, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(links); i++) {
		char *name;

		if (strcmp(links[i].type, hand->result->type) != 0 ||
		    !has_artifact(hand->run, links[i].artifact))
			continue;
		name = xasprintf("%s-%s", hand->request->name, links[i].suffix);
		err = results_link(hand->run, links[i].group, name, links[i].artifact, diag);
		free(name);
	}
	return err;
}

static int copy_stream(FILE *in, FILE *out)
{
	char buffer[65536];
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		if (fwrite(buffer, 1, n, out) != n)
			return -errno;
	return ferror(in) ? -EIO : 0;
}

static int copy_file(const char *from, const char *to, struct diag *diag)
{
	FILE *in = fopen(from, "re");
	FILE *out = NULL;
	int err = 0;

	if (in)
		out = output_is_stdout(to) ? stdout : fopen(to, "we");
	if (!out)
		err = -errno;
	else
		err = copy_stream(in, out);
	if (out && (out == stdout ? fflush(out) : fclose(out)) && !err)
		err = -errno;
	if (in)
		fclose(in);
	return err ? diag_fail(diag, -err, "cannot copy %s to %s: %s", from,
	                       output_is_stdout(to) ? "stdout" : to, strerror(-err))
	           : 0;
}

static int copy_artifact(const struct hand_out *hand, const char *artifact, const char *to,
                         struct diag *diag)
{
	char *from = xasprintf("%s/%s", results_path(hand->run), artifact);
	int err = copy_file(from, to, diag);

	free(from);
	return err;
}

/* A usable run is the latest one now, and that name is the shorter. */
static void print_summary(const struct hand_out *hand)
{
	char *latest = xasprintf("%s/%s/%s/latest", hand->request->results, hand->request->name,
	                         hand->result->type);

	summary_print(hand->manifest, hand->result->unusable ? results_path(hand->run) : latest,
	              hand->max_lines, stderr);
	free(latest);
}

/* Of a scan's run: what all of them come to is shown at its end. */
static void print_point(const struct hand_out *hand, const struct scan_point *point)
{
	char *label = scan_plan_label(point->plan, point->number, -1);

	fprintf(stderr, "%s  ", label);
	summary_print_headline(hand->manifest, stderr);
	free(label);
}

int hand_out(const struct hand_out *hand, struct diag *diag)
{
	const struct run_options *options = hand->options;
	const char *json = options->json;
	int err = 0;

	if (options->output_dir)
		err = link_old_names(hand, diag);
	if (options->copy_to && hand->result->page && !err)
		err = copy_artifact(hand, hand->result->page, options->copy_to, diag);
	if (json && !err)
		err = copy_artifact(hand, "run.json", json, diag);
	if (options->quiet || hand->request->is_unattended)
		return err;
	if (hand->request->line->point) {
		print_point(hand, hand->request->line->point);
	} else if (hand->reason_follows) {
		summary_print_verdict(hand->manifest, stderr);
		fputc('\n', stderr);
	} else {
		print_summary(hand);
	}
	return err;
}
