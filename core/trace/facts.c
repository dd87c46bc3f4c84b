/* Says what a tracer found that limits the numbers. */
#include "core/trace/trace.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/quality.h"

void trace_facts_note(const struct trace_facts *facts, const char *others, json_t *quality)
{
	const struct {
		uint64_t count;
		const char *noun;
		const char *what;
	} notes[] = {
	    {facts->untraced_clones, "clone",
	     "made with CLONE_UNTRACED: what was done there was not seen"},
	    {facts->late_children, "thread",
	     "made while measuring began: what was called there before may be missing"},
	    {facts->late_threads, "thread",
	     "put under a filter by another: calls that it refused at once may be missing"},
	    {facts->keeper_pid ? 0 : facts->let_go, "thread",
	     "that still ran at the end, and was let go"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (notes[i].count)
			quality_add_note(quality, "%s %s",
			                 counted_text_of(notes[i].count, notes[i].noun).text,
			                 notes[i].what);
	if (facts->has_no_new_privs)
		quality_add_note(quality, "the filter took no_new_privs; set-user-id programs gain "
		                          "nothing under a tracer without CAP_SYS_PTRACE anyway");
	if (facts->keeper_pid)
		quality_add_note(quality,
		                 "%s that still ran at the end; the filter stays on, so process %d "
		                 "(profile-scenario-keeper) traces on, and they live as long as it",
		                 counted_text_of(facts->let_go, "thread").text,
		                 (int)facts->keeper_pid);
	if (facts->why_unfiltered)
		quality_add_note(quality, "every call stopped the target, %s too: %s", others,
		                 facts->why_unfiltered);
}
