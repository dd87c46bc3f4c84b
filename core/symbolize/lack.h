/* What would give a stripped object its names: a package, a debug server, a file in its place. */
#ifndef CORE_SYMBOLIZE_LACK_H
#define CORE_SYMBOLIZE_LACK_H

#include <stdbool.h>

struct elf_file;

/* dpkg's lists of what each package holds (deb(5), dpkg(1)): the package that has the file at
 * `path`, or NULL. /usr before a path makes no difference, for packages and the file system
 * disagree on it. The caller frees it. */
char *lack_owning_package(const char *lists_directory, const char *path);

/* "no symbols in PATH; ..." or, where `has_exports`, "only exported names in PATH; ...". `path` is
 * the object's as its process saw it. The caller frees it. */
char *lack_sentence(const struct elf_file *file, const char *path, bool has_exports,
                    const char *debug_root);

#endif
