/* The members of run.json (docs/formats.md) that a trend needs, out of the text of one.
 *
 * Pure. Texts are ids of the caller's pool; id 0 is "".
 */
#ifndef CORE_TREND_MANIFEST_READ_H
#define CORE_TREND_MANIFEST_READ_H

#include "core/metrics.h"
#include "core/string_pool.h"
#include "core/trend/trend.h"

struct manifest_metric {
	uint32_t name, unit;
	enum metric_better better;
	double value;
	size_t first_sample, n_samples; /* in `samples` */
};

/* What was read. Metrics and samples are appended by each call. */
struct manifest_reading {
	struct string_pool *pool;
	const struct trend_wish *wish;
	struct manifest_metric *metrics;
	size_t n_metrics, metrics_capacity;
	double *samples;
	size_t n_samples, samples_capacity;
	/* Of the last manifest. */
	uint32_t started, commit, verdict, host, parameters;
	uint32_t command, options; /* as they stand in the file */
	bool is_dirty;
	/* By id of the pool: is the metric wanted? 0: not asked yet, 1: no, 2: yes. */
	unsigned char *wanted;
	size_t n_wanted;
	bool is_stat;
};

/* Reads one manifest of the type. What comes of a damaged one is to be dropped: n_metrics and
 * n_samples are as before. */
enum trend_lack manifest_read(struct manifest_reading *reading, const char *type, const char *text,
                              size_t len_bytes);
/* Frees metrics, samples and wanted; the pool is the caller's. */
void manifest_reading_fini(struct manifest_reading *reading);

#endif
