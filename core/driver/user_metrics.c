/* Measures a repeat from outside: times, memory, and numbers that the target prints. */
#include "core/driver/user_metrics.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct metric_row run_metrics[] = {
    {"run.wall_ns", "ns", METRIC_LOWER, "time from exec to the target's end"},
    {"run.user_ns", "ns", METRIC_LOWER, "CPU time in user mode, waited-for children included"},
    {"run.system_ns", "ns", METRIC_LOWER, "CPU time in the kernel, waited-for children included"},
    {"run.max_rss_bytes", "bytes", METRIC_LOWER, "largest resident set of one process"},
    {"run.work_per_s", "1/s", METRIC_HIGHER, "the scenario's work by wall time"},
    {"user.*", "", METRIC_NEUTRAL, "a number from the target's output"},
    {0},
};

static double timeval_ns(const struct timeval *time)
{
	return (double)time->tv_sec * 1e9 + (double)time->tv_usec * 1e3;
}

void run_metrics_add(struct metrics *metrics, double work, const struct target_end *end)
{
	metrics_add(metrics, run_metrics, "run.wall_ns",
	            (double)(end->is_known ? end->wall_ns : end->measured_ns));
	if (!end->is_known)
		return;
	metrics_add(metrics, run_metrics, "run.user_ns", timeval_ns(&end->usage.ru_utime));
	metrics_add(metrics, run_metrics, "run.system_ns", timeval_ns(&end->usage.ru_stime));
	if (end->max_rss_bytes)
		metrics_add(metrics, run_metrics, "run.max_rss_bytes", (double)end->max_rss_bytes);
	if (work > 0 && end->wall_ns)
		metrics_add(metrics, run_metrics, "run.work_per_s",
		            work * 1e9 / (double)end->wall_ns);
}

static bool is_pattern(const struct setting *setting)
{
	return !strcmp(setting->section, "metrics");
}

bool user_metrics_wanted(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_settings; i++)
		if (is_pattern(&scenario->settings[i]))
			return true;
	return false;
}

int user_metric_compile(const struct setting *setting, regex_t *regex, struct diag *diag)
{
	const char *value = setting->value;
	size_t len = strlen(value);
	char *pattern;
	int err;

	if (len < 3 || value[0] != '/' || value[len - 1] != '/')
		return diag_fail(diag, EINVAL,
		                 "'%s' takes a regular expression between slashes, not '%s'",
		                 setting->key, value);
	pattern = xstrndup(value + 1, len - 2);
	err = regcomp(regex, pattern, REG_EXTENDED | REG_NEWLINE);
	free(pattern);
	return err ? diag_fail(diag, EINVAL, "the regular expression of '%s' is malformed: %s",
	                       setting->key, value)
	           : 0;
}

/* The number in the pattern's group; the pattern was judged when the file was read. */
static bool match_number(const struct setting *setting, const char *output, double *value)
{
	regmatch_t groups[2];
	regex_t regex;
	struct diag ignored;
	bool found = false;
	char *end;

	BUG(user_metric_compile(setting, &regex, &ignored) != 0);
	if (!regexec(&regex, output, ARRAY_SIZE(groups), groups, 0) && groups[1].rm_so >= 0) {
		*value = strtod(output + groups[1].rm_so, &end);
		found = end != output + groups[1].rm_so && isfinite(*value);
	}
	regfree(&regex);
	return found;
}

void user_metrics_add(struct metrics *metrics, const struct scenario *scenario, const char *output)
{
	for (size_t i = 0; i < scenario->n_settings; i++) {
		const struct setting *setting = &scenario->settings[i];
		char *name;
		double value;

		if (!is_pattern(setting) || !match_number(setting, output, &value))
			continue;
		name = xasprintf("user.%s", setting->key);
		metrics_add(metrics, run_metrics, name, value);
		free(name);
	}
}
