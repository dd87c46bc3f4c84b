/* One side of a comparison, read from run directories or from a baseline.
 */
#ifndef CORE_DRIVER_STORED_SIDE_H
#define CORE_DRIVER_STORED_SIDE_H

#include <stdbool.h>
#include <stddef.h>

struct diag;
struct side;

/* Reads run directories of one scenario and type, as results_find() gives them. with_rows: their
 * profiles, too, which takes longer. On failure, which is exit 3, *side is NULL. */
int stored_side_read(char *const *directories, size_t n_directories, bool with_rows,
                     struct side **side, struct diag *diag);

/* Reads runs of any scenarios and types, each of which gets a side, in the order in which they come
 * up. On failure *sides is NULL; else the caller frees the sides and the array. */
int stored_sides_read(char *const *directories, size_t n_directories, bool with_rows,
                      struct side ***sides, size_t *n_sides, struct diag *diag);

#endif
