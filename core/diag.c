/* Error sentences and the assertion that stays on in release builds. */
#include "core/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int diag_fail(struct diag *diag, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
	return -err;
}

void diag_prefix(struct diag *diag, const char *format, ...)
{
	char before[sizeof(diag->text)];
	char after[sizeof(diag->text)];
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(before, sizeof(before), format, args);
	va_end(args);
	memcpy(after, diag->text, sizeof(after));
	used = (size_t)snprintf(diag->text, sizeof(diag->text), "%s: ", before);
	if (used < sizeof(diag->text))
		snprintf(diag->text + used, sizeof(diag->text) - used, "%s", after);
}

_Noreturn void bug_found(const char *file, int line, const char *condition)
{
	fprintf(stderr, "profile-scenario: bug at %s:%d (%s); please report it\n", file, line,
	        condition);
	abort();
}
