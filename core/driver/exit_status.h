/* The exit statuses of CONTRACT 1, beside the target's own. */
#ifndef CORE_DRIVER_EXIT_STATUS_H
#define CORE_DRIVER_EXIT_STATUS_H

enum exit_status {
	STATUS_WELL = 0,
	STATUS_GATE_FAILED = 1,
	STATUS_INCONCLUSIVE = 2,
	STATUS_UNUSABLE = 3, /* cannot be measured here, or nothing was */
	STATUS_TIMED_OUT = 124,
	STATUS_OWN_FAILURE = 125, /* ours, or wrong usage */
	STATUS_CANNOT_EXECUTE = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_SIGNAL = 128, /* + N: the target died of signal N */
};

#endif
