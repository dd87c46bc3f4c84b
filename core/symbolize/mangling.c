/* Runs libiberty's demanglers with a limit on what they print, and long symbols on a stack of their
 * own. */
#include "core/symbolize/mangling.h"

#include "core/alloc.h"

#include <libiberty/demangle.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_TEXT = 1 << 16,
	MAX_SYMBOL = 1 << 16,
	/* libiberty's own limit: two components a character, 2,048 of them. */
	LONG_SYMBOL = 1024,
	/* A component is 32 bytes, and the deepest recursion has a frame of some 300 a character.
	 */
	STACK_PER_CHARACTER = 1024,
	LEAST_STACK = 1 << 20,
	/* Of D's back references n can make a text of 3^(n/3) parts. */
	MAX_D_REFERENCES = 40,
};

struct output {
	jmp_buf too_long;
	char *text;
	size_t len;
	size_t capacity;
};

/* The demanglers keep everything on the stack, so leaving them by a jump leaks nothing. */
static void print(const char *part, size_t len, void *context)
{
	struct output *output = context;

	if (len > MAX_TEXT - output->len)
		longjmp(output->too_long, 1);
	output->text = array_reserve(output->text, &output->capacity, output->len + len + 1, 1);
	memcpy(output->text + output->len, part, len);
	output->len += len;
	output->text[output->len] = 0;
}

/* Rust's legacy mangling looks like C++, so it is asked first. */
static char *undo(const char *symbol, int options)
{
	struct output output = {.text = NULL};
	volatile bool is_whole = false; /* read after a jump */

	if (!setjmp(output.too_long)) {
		is_whole = rust_demangle_callback(symbol, options, print, &output);
		if (!is_whole) {
			output.len = 0;
			is_whole = cplus_demangle_v3_callback(symbol, options, print, &output);
		}
	}
	if (is_whole && output.len)
		return output.text;
	free(output.text);
	return NULL;
}

struct long_symbol {
	const char *symbol;
	char *text;
};

static void *undo_long(void *context)
{
	struct long_symbol *work = context;

	work->text = undo(work->symbol, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT);
	return NULL;
}

static char *undo_on_own_stack(const char *symbol, size_t len)
{
	struct long_symbol work = {.symbol = symbol};
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes))
		return NULL;
	if (!pthread_attr_setstacksize(&attributes, LEAST_STACK + STACK_PER_CHARACTER * len) &&
	    !pthread_create(&thread, &attributes, undo_long, &work))
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	return work.text;
}

static char *undo_d(const char *symbol)
{
	size_t n_references = 0;

	for (const char *at = symbol; *at; at++)
		n_references += *at == 'Q';
	return n_references > MAX_D_REFERENCES ? NULL : dlang_demangle(symbol, DMGL_PARAMS);
}

char *mangling_undo(const char *symbol)
{
	size_t len;

	/* All of them begin like this, behind what macOS and Windows put before a symbol. */
	if (*symbol != '_' && *symbol != 'R' && *symbol != '.' && *symbol != '$')
		return NULL;
	len = strlen(symbol);
	if (len > MAX_SYMBOL)
		return NULL;
	if (!strncmp(symbol, "_D", 2) && len <= LONG_SYMBOL) {
		char *text = undo_d(symbol);

		if (text)
			return text;
	}
	return len <= LONG_SYMBOL ? undo(symbol, DMGL_PARAMS | DMGL_ANSI)
	                          : undo_on_own_stack(symbol, len);
}
