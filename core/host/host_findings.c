/* Judges a host by what it tells of itself. */
#include "core/host/host_findings.h"

#include <stdbool.h>
#include <string.h>

static void judge_governor(struct findings *findings, const struct finding_row *rows,
                           const json_t *host)
{
	const char *governor = json_string_value(json_object_get(host, "governor"));

	if (governor)
		findings_judge(findings, rows, "governor",
		               strcmp(governor, "performance") != 0 ? 1 : 0, NULL,
		               "the CPU frequency governor is %s: times depend on what ran before; "
		               "as root run: cpupower frequency-set -g performance",
		               governor);
}

/* intel_pstate has a switch of its own (kernel, admin-guide/pm/intel_pstate), other drivers have
 * cpufreq's (admin-guide/pm/cpufreq). */
static void judge_turbo(struct findings *findings, const struct finding_row *rows,
                        const json_t *host)
{
	const json_t *turbo = json_object_get(host, "turbo");
	const char *model = json_string_value(json_object_get(host, "cpu_model"));
	bool is_intel = model && strstr(model, "Intel");

	if (turbo)
		findings_judge(
		    findings, rows, "turbo", json_is_true(turbo), NULL,
		    "turbo is on: times depend on how warm the processor is and on how "
		    "many of its cores work; as root run: echo %d >/sys/devices/system/cpu/%s",
		    is_intel, is_intel ? "intel_pstate/no_turbo" : "cpufreq/boost");
}

static void judge_load(struct findings *findings, const struct finding_row *rows,
                       const json_t *host)
{
	const json_t *load = json_object_get(host, "load_1m");
	double cpus = json_number_value(json_object_get(host, "cpus"));

	if (load && cpus > 0)
		findings_judge(
		    findings, rows, "load-percent", 100 * json_number_value(load) / cpus, NULL,
		    "the machine was busy before the run (load %.1f on %.0f CPU%s): times "
		    "are disturbed; top shows by whom",
		    json_number_value(load), cpus, cpus > 1 ? "s" : "");
}

void host_findings_judge(struct findings *findings, const struct finding_row *rows,
                         const json_t *host)
{
	judge_governor(findings, rows, host);
	judge_turbo(findings, rows, host);
	judge_load(findings, rows, host);
}
