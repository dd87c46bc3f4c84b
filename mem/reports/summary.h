/* What a heap run says in numbers and words beside its metrics. */
#ifndef MEM_REPORTS_SUMMARY_H
#define MEM_REPORTS_SUMMARY_H

struct heap_filter;
struct heap_run;
struct heap_totals;
struct profile;
struct recording;
struct result;
struct symbolizer;

/* Fills in quality with its notes, headline and table. The profile is that of heap_run_merge()'s
 * recording, with names by the symbolizer. */
void heap_summarize(const struct heap_run *run, const struct recording *recording,
                    const struct profile *profile, struct symbolizer *symbolizer,
                    const struct heap_filter *filter, struct result *result);

/* "of the allocations lost 0, truncated 0.0 %, unresolved 0.1 %": of those that the totals and the
 * profile are of. The caller frees it. */
char *heap_limits_text(const struct heap_totals *totals, const struct profile *profile,
                       const struct recording *recording, struct symbolizer *symbolizer);

#endif
