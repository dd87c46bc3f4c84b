/* The two variables that make a program load this library and find the driver. */
#ifndef MEM_PRELOAD_ENVIRONMENT_H
#define MEM_PRELOAD_ENVIRONMENT_H

#include <alloca.h>
#include <stdbool.h>
#include <stddef.h>

/* Keeps a copy of PROFILE_SCENARIO and of the name under which this library was loaded. */
void environment_remember(void);

/* What an environment needs to suit a new image. */
enum environment_plan { ENVIRONMENT_AS_IT_IS, ENVIRONMENT_WITH_US, ENVIRONMENT_WITHOUT_US };

/* loads_us: the image could load this library. */
enum environment_plan environment_plan(char *const *environment, bool loads_us);

/* How much memory environment_make() wants. */
size_t environment_room(char *const *environment, enum environment_plan plan);

/* The given one, or one built in `room`, which lives as long as both. */
char **environment_make(char *const *environment, enum environment_plan plan, void *room);

/* The environment to hand to an exec function; the memory is of the calling function's frame, since
 * nothing may be allocated after vfork(2). */
#define ENVIRONMENT_BY(plan, environment)                                                          \
	environment_make(environment, plan, alloca(environment_room(environment, plan)))

#endif
