/* Opens the names of the C library ahead, on a thread of its own: unpacking its debug file takes
 * most of the time of naming a small program, and nearly every program needs it. Private to the
 * symbolizer.
 */
#ifndef CORE_SYMBOLIZE_FORESEEN_H
#define CORE_SYMBOLIZE_FORESEEN_H

struct foreseen;
struct name_settings;
struct name_source;
struct object;

/* Begins to open the C library that this process runs with itself, so it is no stranger's file.
 * NULL: there is no second CPU to do it on, or no such file. What the settings point to must
 * outlive it. */
struct foreseen *foreseen_begin(const struct name_settings *settings);
void foreseen_free(struct foreseen *foreseen); /* NULL is fine */

/* The source of this object, if it is that library by path and build-id: waits until it is open,
 * and hands it over once. Else NULL. Any thread may ask. */
struct name_source *foreseen_take(struct foreseen *foreseen, const struct object *object);

#endif
