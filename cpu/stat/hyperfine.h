/* hyperfine.json: the runs as `hyperfine --export-json` writes them (hyperfine 1.19's
 * BenchmarkResult: src/benchmark/benchmark_result.rs).
 */
#ifndef CPU_STAT_HYPERFINE_H
#define CPU_STAT_HYPERFINE_H

#include <jansson.h>

struct stat_facts;
struct text_list;

/* {"results": [{...}]}; `parameters` are NAME=VALUE, NULL or none: no such member. What was not
 * measured is left out. New reference. */
json_t *hyperfine_to_json(const struct stat_facts *facts, const struct text_list *parameters);

#endif
