/* Stacks with names out of words, for the tests of what a leak check says. */
#ifndef TESTS_UNIT_LEAK_FIXTURE_H
#define TESTS_UNIT_LEAK_FIXTURE_H

#include "core/alloc.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdlib.h>
#include <string.h>

struct leak_fixture {
	struct recording *recording;
	struct symbolizer *symbolizer;
	struct profile *profile; /* after leak_fixture_name() */
};

static inline void leak_fixture_init(struct leak_fixture *fixture)
{
	static const struct value_type type = {"space", "bytes"};

	fixture->recording = recording_new(&type, 1);
	fixture->symbolizer = symbolizer_new();
	fixture->profile = NULL;
}

/* "inner+outer" are an inlined call and where it is; "?" has no name, "NAME:" no line, "~" is a
 * blank. */
static inline void leak_fixture_remember(struct leak_fixture *fixture, const struct object *object,
                                         char *names, uint64_t address)
{
	struct symbol_frame frames[4] = {{.function = NULL}};
	char *texts[4], *rest;
	size_t n = 0;

	for (char *name = strtok_r(names, "+", &rest); name; name = strtok_r(NULL, "+", &rest)) {
		bool has_line = !strchr(name, ':');

		name[strcspn(name, ":")] = '\0';
		for (char *c = name; *c; c++)
			*c = *c == '~' ? ' ' : *c;
		texts[n] = xasprintf("/src/%s.c", name);
		frames[n].function = strcmp(name, "?") ? name : NULL;
		if (frames[n].function && has_line) {
			frames[n].file = texts[n];
			frames[n].line = (uint32_t)address;
		}
		n++;
	}
	for (size_t i = 0; i + 1 < n; i++)
		frames[i].inlined = true;
	symbolizer_remember(fixture->symbolizer, object, address, frames, n);
	while (n)
		free(texts[--n]);
}

/* "wrap@10 main@30": leaf first, each a function and its return address, in /opt/bin/app. The same
 * address has the same name everywhere. The stack's id in the recording. */
static inline uint32_t leak_fixture_stack(struct leak_fixture *fixture, const char *words)
{
	static const struct object program = {
	    .kind = OBJECT_FILE, .path = (char *)"/opt/bin/app", .fd = -1};
	struct recorded_frame frames[32];
	char *copy = xstrdup(words), *rest;
	uint64_t value = 1;
	struct sample sample = {.thread = recording_add_thread(fixture->recording, 7, 7, "app")};
	size_t n = 0;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *at = strchr(word, '@');
		struct recorded_frame *frame = &frames[n++];

		*frame = (struct recorded_frame){
		    .object = recording_add_object(fixture->recording, &program),
		    .is_return = true,
		    .vaddr = strtoul(at + 1, NULL, 10) + 1,
		};
		*at = '\0';
		leak_fixture_remember(fixture, &program, word,
		                      symbolizer_address(frame->vaddr, true));
	}
	free(copy);
	sample.stack = recording_add_stack(fixture->recording, frames, n);
	recording_add_sample(fixture->recording, sample, &value);
	return sample.stack;
}

static inline void leak_fixture_name(struct leak_fixture *fixture)
{
	fixture->profile = profile_new(fixture->recording, fixture->symbolizer);
}

static inline void leak_fixture_fini(struct leak_fixture *fixture)
{
	profile_free(fixture->profile);
	symbolizer_free(fixture->symbolizer);
	recording_free(fixture->recording);
}

#endif
