/* Sends the runs of a sweep to a Prometheus Pushgateway (--push). */
#ifndef CORE_DRIVER_SWEEP_PUSH_H
#define CORE_DRIVER_SWEEP_PUSH_H

#include "core/regress/state.h"

struct diag;
struct http;

/* Before anything runs: the URL, and whether it could be sent there. -errno with a sentence. */
int sweep_push_open(struct http **http, const char *url, struct diag *diag);

/* Each stored run as a group of its own, until one cannot be sent: -errno with a sentence. */
int sweep_push(struct http *http, const char *url, const struct regress_state *state,
               struct diag *diag);

#endif
