/* What of the machine makes times unsteady, and the line that mends it. */
#ifndef CORE_HOST_FINDINGS_H
#define CORE_HOST_FINDINGS_H

#include "core/findings.h"

#include <jansson.h>

/* Rows for the table of a type that measures times. */
#define HOST_FINDING_ROWS                                                                          \
	{"governor", FINDING_ABOVE, 0, "warning",                                                  \
	 "1 where the CPU frequency governor is not `performance`, else 0"},                       \
	    {"turbo", FINDING_ABOVE, 0, "info",                                                    \
	     "1 where processors may run above their nominal clock rate, else 0"},                 \
	{                                                                                          \
		"load-percent", FINDING_ABOVE, 50, "warning",                                      \
		    "load of the minute before the run, in percent of the CPUs"                    \
	}

/* Judges run.json's "host"; `rows` has HOST_FINDING_ROWS in it. What the host does not tell is not
 * judged. Pure. */
void host_findings_judge(struct findings *findings, const struct finding_row *rows,
                         const json_t *host);

#endif
