/* The two variables that make a program load this library and find the driver. */
#ifndef MEM_PRELOAD_ENVIRONMENT_H
#define MEM_PRELOAD_ENVIRONMENT_H

#include <alloca.h>
#include <stdbool.h>
#include <stddef.h>

/* Keeps a copy of PROFILE_SCENARIO and of the name under which this library was loaded. */
void environment_remember(void);

/* How much memory environment_choose() wants. */
size_t environment_room(char *const *environment);

/* The environment for a new image: the given one when it is right as it is, or one built in `room`,
 * which lives as long as both. loads_us: the image could load this library. */
char **environment_choose(char *const *environment, bool loads_us, void *room);

/* The environment to hand to an exec function; the memory is of the calling function's frame, since
 * nothing may be allocated after vfork(2). */
#define ENVIRONMENT_FOR(environment, loads_us)                                                     \
	environment_choose(environment, loads_us, alloca(environment_room(environment)))

#endif
