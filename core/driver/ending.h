/* Is a target's end a good one, and which exit status does it give when it is not (CONTRACT 1)?
 */
#ifndef CORE_DRIVER_ENDING_H
#define CORE_DRIVER_ENDING_H

#include <stdbool.h>
#include <stdint.h>

struct diag;
struct repeat_result;

struct ending_rules {
	const char *program;
	const char *ignored; /* of --ignore-failure: "" any end, "1,137" these; NULL: none */
	int good_code;       /* of the scenario's `exit` */
	uint64_t timeout_ns; /* for the sentence */
};

/* -EINVAL with a sentence when --ignore-failure's list is not one of statuses. NULL and "" are. */
int ending_check_ignored(const char *ignored, struct diag *diag);

bool ending_is_good(const struct ending_rules *rules, const struct repeat_result *end);

/* The exit status of an end that is not good; the diagnostic says which it was. */
int ending_status(const struct ending_rules *rules, const struct repeat_result *end,
                  struct diag *diag);

#endif
