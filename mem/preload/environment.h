/* The two variables that make a program load this library and find the driver. */
#ifndef MEM_PRELOAD_ENVIRONMENT_H
#define MEM_PRELOAD_ENVIRONMENT_H

#include <alloca.h>
#include <stdbool.h>
#include <stddef.h>

/* Keeps a copy of PROFILE_SCENARIO and of the name under which this library was loaded. */
void environment_remember(void);

/* True when an environment suits a new image: with both variables in it, or, where the image
 * cannot load the library, without us in LD_PRELOAD. */
bool environment_is_right(char *const *environment, bool loads_us);

/* How much memory environment_change() wants. */
size_t environment_room(char *const *environment);

/* Builds in `room` an environment that is right. It lives as long as both. */
char **environment_change(char *const *environment, bool loads_us, void *room);

/* The environment to hand to an exec function; the memory is of the calling function's frame, since
 * nothing may be allocated after vfork(2). */
#define ENVIRONMENT_FOR(environment, loads_us)                                                     \
	(environment_is_right(environment, loads_us)                                               \
	     ? (char **)(environment)                                                              \
	     : environment_change(environment, loads_us, alloca(environment_room(environment))))

#endif
