/* The options that hold for one type of a request.
 */
#ifndef CORE_DRIVER_REQUEST_OPTIONS_H
#define CORE_DRIVER_REQUEST_OPTIONS_H

struct collector;
struct diag;
struct request;
struct run_options;

/* The options of one type: defaults, then the scenario file, then the command line; texts expanded.
 * *common and *own (of the collector's table) are the caller's to free. */
int request_options(const struct request *request, const struct collector *collector,
                    struct run_options **common, void **own, struct diag *diag);

#endif
