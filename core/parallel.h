/* Does many independent things on as many CPUs as there are, or as many as this thread may use.
 */
#ifndef CORE_PARALLEL_H
#define CORE_PARALLEL_H

#include <stddef.h>

/* Does number i of them; others are being done meanwhile. */
typedef void parallel_work(void *context, size_t i);

/* Calls work(context, i) once for each i below n; they begin in this order. Returns when all are
 * done. Where no thread can be had, the caller's does everything. */
void parallel_do(parallel_work *work, void *context, size_t n);

#endif
