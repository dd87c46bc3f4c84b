/* What limits a stat run's numbers, in sentences for run.json's quality. */
#ifndef CPU_STAT_NOTES_H
#define CPU_STAT_NOTES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct stat_facts;

void stat_notes_add(const struct stat_facts *facts, json_t *quality);

/* Which of the times are outliers, as hyperfine judges (src/outlier_detection.rs): those whose
 * modified z-score, 0.6745 x distance from the median by the median of all distances, is above
 * 14.826. Where more than half of the times are the same there is no such score, and none is. */
struct outliers {
	bool first; /* the first one is slow beyond that: caches were cold, perhaps */
	size_t n;   /* the first one among them */
};
struct outliers outliers_find(const double *times, size_t n);

#endif
