/* How far what select(2) and poll(2) were given is read. */
#ifndef IO_DESCRIPTOR_LIMIT_H
#define IO_DESCRIPTOR_LIMIT_H

#include <stdint.h>

enum { DESCRIPTORS_READ = 1 << 20 }; /* strace looks no further */

/* The program may ask for any number, and the kernel takes no more than it has descriptors: behind
 * them lies other memory. */
static inline int descriptor_limit(int64_t asked)
{
	if (asked < 0)
		return 0;
	return asked < DESCRIPTORS_READ ? (int)asked : DESCRIPTORS_READ;
}

#endif
