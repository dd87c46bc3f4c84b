/* Profiles from folded text, for tests of what is made of a profile.
 *
 * The profile is the real one; only the look-up of names is this file's: it defines
 * symbolizer_look_up(), so the linker leaves the real symbolizer in the library.
 * A stack is "ROOT;...;LEAF" with CONTRACT 3's marks: f_[k] kernel, f_[i] inlined into the one
 * before it, f_[j] JIT, [OBJECT] without a name, [unwind failed: ...]. "f@dir/file.c:12" adds file
 * and line, "f!libx.so" an object other than "prog", "f~_Z1fv" the name that the linker knows.
 */
#ifndef TESTS_UNIT_FOLDED_FIXTURE_H
#define TESTS_UNIT_FOLDED_FIXTURE_H

#include "core/alloc.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/string_pool.h"
#include "core/symbolize/symbolize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXTURE_MAX_FRAMES = 4096, FIXTURE_VADDR_STEP = 16 };

/* The symbolizer of this file: texts of physical frames ("f", "f;g_[i]"), whose vaddr is 16 x id.
 */
struct symbolizer {
	struct string_pool *texts;
	struct string_pool *names;
	struct fixture_answer {
		struct symbol_frame *frames; /* innermost first */
		size_t n_frames;             /* 0: not asked for yet */
	} * answers;                         /* by id of the text */
	size_t n_answers;
};

struct fixture {
	struct recording *recording;
	struct symbolizer symbolizer;
};

static inline const char *fixture_keep(struct string_pool *pool, const char *text)
{
	return string_pool_text(pool, string_pool_add(pool, text));
}

static inline bool fixture_ends(char *text, const char *suffix)
{
	size_t len = strlen(text);
	size_t suffix_len = strlen(suffix);

	if (len < suffix_len || strcmp(text + len - suffix_len, suffix) != 0)
		return false;
	text[len - suffix_len] = '\0';
	return true;
}

static inline struct symbol_frame fixture_symbol(struct symbolizer *symbolizer, const char *spec)
{
	struct symbol_frame symbol = {0};
	char *text = xstrdup(spec);
	char *object = strchr(text, '!');
	char *file, *linkage;

	if (object)
		*object = '\0';
	file = strrchr(text, '@');
	if (file) {
		char *line = strrchr(file, ':');

		*file++ = '\0';
		if (line) {
			*line++ = '\0';
			symbol.line = (uint32_t)atoi(line);
		}
		symbol.file = fixture_keep(symbolizer->names, file);
	}
	linkage = strchr(text, '~');
	if (linkage) {
		*linkage++ = '\0';
		symbol.linkage = fixture_keep(symbolizer->names, linkage);
	}
	symbol.inlined = fixture_ends(text, "_[i]");
	symbol.jit = fixture_ends(text, "_[j]");
	fixture_ends(text, "_[k]");
	if (text[0] != '[')
		symbol.function = fixture_keep(symbolizer->names, text);
	free(text);
	return symbol;
}

static inline void fixture_answer(struct symbolizer *symbolizer, struct fixture_answer *answer,
                                  const char *text)
{
	char *chain = xstrdup(text);
	char *save;

	answer->n_frames = 1;
	for (const char *c = chain; *c; c++)
		answer->n_frames += *c == ';';
	answer->frames = xcalloc(answer->n_frames, sizeof(*answer->frames));
	/* The chain is outermost first. */
	for (size_t i = answer->n_frames; i-- > 0;)
		answer->frames[i] = fixture_symbol(
		    symbolizer, strtok_r(i == answer->n_frames - 1 ? chain : NULL, ";", &save));
	free(chain);
}

size_t symbolizer_look_up(struct symbolizer *symbolizer, const struct object *object,
                          uint64_t vaddr, bool is_return, const struct symbol_frame **frames)
{
	static const struct symbol_frame unknown;
	uint32_t id = (uint32_t)(vaddr / FIXTURE_VADDR_STEP);
	struct fixture_answer *answer = &symbolizer->answers[id];

	(void)is_return;
	*frames = &unknown;
	if (object->kind == OBJECT_FAILED)
		return 1;
	if (!answer->n_frames)
		fixture_answer(symbolizer, answer, string_pool_text(symbolizer->texts, id));
	*frames = answer->frames;
	return answer->n_frames;
}

static inline void fixture_init(struct fixture *fixture, const struct value_type *types,
                                size_t n_types)
{
	*fixture = (struct fixture){.recording = recording_new(types, n_types)};
	fixture->symbolizer.texts = string_pool_new();
	fixture->symbolizer.names = string_pool_new();
}

static inline void fixture_fini(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->symbolizer.n_answers; i++)
		free(fixture->symbolizer.answers[i].frames);
	free(fixture->symbolizer.answers);
	recording_free(fixture->recording);
	string_pool_free(fixture->symbolizer.texts);
	string_pool_free(fixture->symbolizer.names);
}

static inline uint32_t fixture_object(struct fixture *fixture, const char *text)
{
	struct object object = {.kind = OBJECT_FILE, .path = "/usr/bin/prog", .pid = 1, .fd = -1};
	char *named = NULL;
	uint32_t id;

	if (strstr(text, "_[k]"))
		object = (struct object){.kind = OBJECT_KERNEL, .path = "[kernel]", .fd = -1};
	else if (strstr(text, "_[j]"))
		object = (struct object){.kind = OBJECT_ANONYMOUS, .path = "", .pid = 1, .fd = -1};
	else if (!strncmp(text, "[unwind failed", 14))
		object = (struct object){.kind = OBJECT_FAILED, .path = "", .fd = -1};
	else if (strchr(text, '!'))
		object.path = named = xasprintf("/usr/lib/%s", strchr(text, '!') + 1);
	else if (text[0] == '[')
		object.path = named = xasprintf("/usr/lib/%.*s", (int)strlen(text) - 2, text + 1);
	if (object.kind == OBJECT_FILE) {
		object.build_id_len = 4;
		memcpy(object.build_id, "\xde\xad\xbe\xef", 4);
	}
	id = recording_add_object(fixture->recording, &object);
	free(named);
	return id;
}

/* Adds a sample of process 1: its thread `tid` is called `comm`. */
static inline void fixture_add(struct fixture *fixture, pid_t tid, const char *comm,
                               const char *stack, const uint64_t *values)
{
	static struct recorded_frame frames[FIXTURE_MAX_FRAMES];
	size_t at = FIXTURE_MAX_FRAMES;
	char *rest = xstrdup(stack);
	char *start = rest;

	while (*start) {
		size_t len = strcspn(start, ";");
		char *next = start + len;
		char *text;

		/* Inlined functions belong to the physical frame before them. */
		while (*next == ';' && strstr(next + 1, "_[i]")) {
			size_t inner = strcspn(next + 1, ";");
			const char *mark = strstr(next + 1, "_[i]");

			if (mark > next + 1 + inner)
				break;
			next += 1 + inner;
		}
		text = xstrndup(start, (size_t)(next - start));
		BUG(at == 0);
		frames[--at] = (struct recorded_frame){
		    .object = fixture_object(fixture, text),
		    .is_return = true,
		    .vaddr = (uint64_t)string_pool_add(fixture->symbolizer.texts, text) *
		             FIXTURE_VADDR_STEP,
		};
		if (!strncmp(text, "[unwind failed", 14)) {
			frames[at].vaddr = 3; /* UNWIND_BAD_CFI */
			frames[at].is_return = false;
		}
		free(text);
		start = *next ? next + 1 : next;
	}
	if (at < FIXTURE_MAX_FRAMES)
		frames[at].is_return = false;
	recording_add_sample(fixture->recording,
	                     (struct sample){
	                         .thread = recording_add_thread(fixture->recording, 1, tid, comm),
	                         .stack = recording_add_stack(fixture->recording, frames + at,
	                                                      FIXTURE_MAX_FRAMES - at),
	                     },
	                     values);
	free(rest);
}

/* The profile of what was added, to be made once; the caller frees it. */
static inline struct profile *fixture_profile(struct fixture *fixture)
{
	fixture->symbolizer.n_answers = string_pool_count(fixture->symbolizer.texts);
	fixture->symbolizer.answers =
	    xcalloc(fixture->symbolizer.n_answers, sizeof(*fixture->symbolizer.answers));
	return profile_new(fixture->recording, &fixture->symbolizer);
}

#endif
