/* A look at a program that is about to be executed: would this library make it fail? */
#ifndef MEM_PRELOAD_IMAGE_H
#define MEM_PRELOAD_IMAGE_H

#include <stdbool.h>

/* False for images that report an error or fail to start with us in LD_PRELOAD: 32-bit, of another
 * C library, built with a sanitizer whose library insists on being first. What cannot be read is
 * taken to be fine. */
bool image_loads_us(int directory, const char *path);

/* As execvp(3) finds it. */
bool image_in_path_loads_us(const char *file);

bool image_of_fd_loads_us(int fd);

/* Is it, by its base name, the library of a sanitizer, which has to be the first? */
bool image_is_sanitizer(const char *library);

#endif
