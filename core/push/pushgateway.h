/* Where a Prometheus Pushgateway takes the metrics of one run.
 *
 * A group is told by its labels, which are in the path; PUT replaces all of a group. Source: the
 * gateway's README (prometheus/pushgateway, "API", "URL").
 */
#ifndef CORE_PUSH_PUSHGATEWAY_H
#define CORE_PUSH_PUSHGATEWAY_H

#include <jansson.h>

struct diag;

/* Is this what --push takes: http or https, a host, no query? -EINVAL with a sentence that has no
 * credentials of the URL in it. */
int pushgateway_check(const char *url, struct diag *diag);

/* The URL without user and password, for people. The caller frees it. */
char *pushgateway_shown(const char *url);

/* URL/metrics/job/profile-scenario/instance/HOST/scenario/SCENARIO/type/TYPE of a manifest. A value
 * with a slash, and an empty one, is in base64. The caller frees it. */
char *pushgateway_group(const char *url, const json_t *manifest);

#endif
