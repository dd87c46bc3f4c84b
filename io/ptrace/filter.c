/* Says which calls the filter stops: those of the set, and what counting them takes. */
#include "io/ptrace/filter.h"

#include "core/diag.h"
#include "core/trace/call_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

/* Needed for some values of one argument only. */
static const struct call_case needed_cases[] = {
    {"fcntl", 1, F_DUPFD},           {"fcntl", 1, F_DUPFD_CLOEXEC},
    {"fcntl", 1, F_SETFD},           {"fcntl64", 1, F_DUPFD},
    {"fcntl64", 1, F_DUPFD_CLOEXEC}, {"fcntl64", 1, F_SETFD},
    {"prctl", 0, PR_SET_NAME},       {.name = NULL},
};

static bool uses_descriptor(const struct syscall_facts *facts)
{
	return (facts->effect >= EFFECT_USE && facts->effect <= EFFECT_SUBMIT) ||
	       facts->effect == EFFECT_FCNTL;
}

/* Of fcntl(2) only some commands are needed. */
static bool is_needed(const struct syscall_info *info, bool with_descriptors)
{
	const struct syscall_facts *facts = info->facts;

	for (const char *const *name = call_filter_needed; *name; name++)
		if (!strcmp(info->name, *name))
			return true;
	return !strcmp(info->name, "ptrace") ||
	       (with_descriptors && syscall_changes_descriptors(facts) &&
	        facts->effect != EFFECT_FCNTL);
}

static bool has_case(const struct call_case *cases, const char *name)
{
	for (; cases->name; cases++)
		if (!strcmp(cases->name, name))
			return true;
	return false;
}

static bool is_needed_case(const struct syscall_info *info)
{
	return has_case(needed_cases, info->name) || has_case(call_filter_needed_cases, info->name);
}

/* Names that more than one ABI has are ruled once: a rule holds for all ABIs. */
static bool is_first_of_name(const struct syscall_info *info)
{
	for (int abi = 0; abi < (int)info->abi; abi++)
		if (syscall_find_named(abi, info->name))
			return false;
	return true;
}

/* The set says which calls of which ABI; the filter stops a name under all of them. */
static bool set_has_name(const struct trace_set *set, const char *name)
{
	for (int abi = 0; abi < N_ABIS; abi++) {
		const struct syscall_info *info = syscall_find_named(abi, name);

		if (info && trace_set_has(set, info))
			return true;
	}
	return false;
}

static int add_cases(scmp_filter_ctx rules, const struct call_case *cases,
                     const struct trace_set *set)
{
	int err = 0;

	for (; cases->name && !err; cases++)
		if (!set_has_name(set, cases->name))
			err = call_filter_add_case(rules, cases);
	return err;
}

/* Rules for all names: those to stop, or, where unknown calls stop too, those to let pass. */
static int add_rules(scmp_filter_ctx rules, const struct trace_set *set)
{
	bool stops_unknown = trace_set_has_unnamed(set);
	bool with_descriptors = trace_set_has_any(set, uses_descriptor);
	int err = 0;

	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS && !err; number++) {
			const struct syscall_info *info = syscall_find(abi, number);
			bool stops;

			if (!info->is_named || !is_first_of_name(info))
				continue;
			stops = set_has_name(set, info->name) ||
			        is_needed(info, with_descriptors) ||
			        (stops_unknown && is_needed_case(info));
			if (stops != stops_unknown)
				err = call_filter_add(rules, info->name, stops);
		}
	if (!err && !stops_unknown)
		err = add_cases(rules, needed_cases, set);
	if (!err && !stops_unknown)
		err = add_cases(rules, call_filter_needed_cases, set);
	return err;
}

int io_filter_new(struct call_filter **filter, const struct trace_set *set, bool may_give_up,
                  struct diag *diag)
{
	scmp_filter_ctx rules = call_filter_rules(trace_set_has_unnamed(set));
	int err = rules ? add_rules(rules, set) : -ENOMEM;

	if (!err)
		err = call_filter_new(filter, rules, may_give_up);
	seccomp_release(rules);
	if (err)
		return diag_fail(diag, EOPNOTSUPP,
		                 "libseccomp cannot make a filter of --trace=%s: %s",
		                 trace_set_text(set), strerror(-err));
	return 0;
}
