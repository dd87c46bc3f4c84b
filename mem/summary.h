/* What a heap run says in numbers and words beside its metrics. */
#ifndef MEM_SUMMARY_H
#define MEM_SUMMARY_H

struct heap_run;
struct profile;
struct recording;
struct result;
struct symbolizer;

/* Fills in quality with its notes, headline and table. The profile is that of heap_run_merge()'s
 * recording, with names by the symbolizer. */
void heap_summarize(const struct heap_run *run, const struct recording *recording,
                    const struct profile *profile, struct symbolizer *symbolizer,
                    struct result *result);

#endif
