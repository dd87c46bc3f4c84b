/* The machine a run was made on, and the commit of the directory it was made in. */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <jansson.h>

/* run.json's "host": what cannot be told is absent. New reference. */
json_t *host_to_json(void);

/* run.json's "git" for a directory: {"commit", "dirty"}, or null outside a checkout or without git. New reference. */
json_t *git_to_json(const char *directory);

#endif
