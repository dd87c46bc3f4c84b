/* Where this program lies.
 */
#ifndef CORE_DRIVER_OWN_DIRECTORY_H
#define CORE_DRIVER_OWN_DIRECTORY_H

/* The directory of our own executable, from which scenarios and workloads are found; "." where
 * /proc does not tell. The caller frees it. */
char *own_directory(void);

#endif
