/* The verb run: each asked type in a run of its own, one exit status for all. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/measure.h"
#include "core/driver/request.h"
#include "core/driver/signals.h"
#include "core/driver/verbs.h"

#include "core/diag.h"

/* Which of two results decides: the target's failure and our own, then 1, 3, 2, 0 (CONTRACT 1). */
static int rank(int status)
{
	static const int order[] = {STATUS_WELL, 2, STATUS_UNUSABLE, STATUS_GATE_FAILED};

	for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
		if (order[i] == status)
			return i;
	return (int)(sizeof(order) / sizeof(order[0]));
}

static int measure_types(const struct request *request, struct signals *signals, struct diag *diag)
{
	int status = STATUS_WELL;

	for (size_t i = 0; request->types[i]; i++) {
		struct diag why = {0};
		int next = measure(request, request->types[i], signals, &why);

		if (rank(next) > rank(status)) {
			status = next;
			*diag = why;
		}
		/* What cannot be run at all cannot be run under the next type either. */
		if (next >= STATUS_OWN_FAILURE && next <= STATUS_NOT_FOUND)
			break;
	}
	return status;
}

int run_verb(const struct command_line *line, struct diag *diag)
{
	struct request request;
	struct signals signals = {.fd = -1};
	int status = STATUS_OWN_FAILURE;

	if (!request_init(&request, line, diag) && !signals_init(&signals, diag))
		status = measure_types(&request, &signals, diag);
	signals_fini(&signals);
	request_fini(&request);
	return status;
}
