/* What run.json says and takes long to find, found beside the making of the reports: the commit,
 * for which git is run twice, and the checksum of the program. */
#ifndef CORE_DRIVER_MEANWHILE_H
#define CORE_DRIVER_MEANWHILE_H

#include <jansson.h>

struct binary;
struct meanwhile;

/* Begins, on a thread of its own where one can be had. `binary` gets its checksum; NULL: none is
 * known. */
struct meanwhile *meanwhile_begin(struct binary *binary);

/* Waits. run.json's "git", as host.h has it; a new reference. */
json_t *meanwhile_end(struct meanwhile *meanwhile);

#endif
