/* What a leak check adds to a run's result: metrics, the finding, gates, and words for people. */
#ifndef MEM_LEAKS_LEAK_RESULT_H
#define MEM_LEAKS_LEAK_RESULT_H

struct leak_run;
struct memory_report;
struct metrics;

/* mem.KIND_bytes and mem.KIND_blocks; none when they would not be sums over the whole run. */
void leak_result_add_metrics(struct metrics *metrics, const struct leak_run *leaks);

/* Judges the finding, requires the gates that the options ask for, and says in quality what is
 * missing. A gate that cannot be judged makes the result unusable. */
void leak_result_judge(const struct memory_report *report);

/* A line about leaks at the head of the summary's table. */
void leak_result_mention(const struct memory_report *report);

/* --type leaks: the summary is of leaks alone. Without any verdict the result is unusable. */
void leak_result_summarise(const struct memory_report *report);

#endif
