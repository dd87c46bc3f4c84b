/* Pushes run by run. */
#include "core/driver/sweep_push.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/openmetrics.h"
#include "core/push/http.h"
#include "core/push/pushgateway.h"

#include <stdio.h>
#include <stdlib.h>

/* The gateway takes no OpenMetrics, but the same text as this (core/export/openmetrics.h). */
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

int sweep_push_open(struct http **http, const char *url, struct diag *diag)
{
	int err = pushgateway_check(url, diag);

	return err ? err : http_open(http, diag);
}

static int push_run(struct http *http, const char *url, json_t *manifest, struct diag *diag)
{
	char *group = pushgateway_group(url, manifest);
	char *shown = pushgateway_shown(group);
	char *body = NULL;
	size_t body_bytes;
	FILE *out = open_memstream(&body, &body_bytes);
	int err;

	BUG(!out);
	openmetrics_write(&manifest, 1, out);
	fclose(out);
	err = http_put(http, group, shown, CONTENT_TYPE, body, body_bytes, diag);
	free(body);
	free(shown);
	free(group);
	return err;
}

int sweep_push(struct http *http, const char *url, const struct regress_state *state,
               struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < state->n_rows; i++)
		if (state->rows[i].manifest)
			err = push_run(http, url, state->rows[i].manifest, diag);
	return err;
}
