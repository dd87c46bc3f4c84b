/* Measures a request under one type: repeats, files, manifest, publishing, summary.
 */
#ifndef CORE_DRIVER_MEASURE_H
#define CORE_DRIVER_MEASURE_H

struct collector;
struct diag;
struct request;
struct signals;

/* Returns the exit status; for any but 0 the diagnostic says why. */
int measure(const struct request *request, const struct collector *collector,
            struct signals *signals, struct diag *diag);

#endif
