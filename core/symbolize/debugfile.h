/* Finds the separate debug file of an object: names and lines that were stripped from it.
 *
 * Places and formats: gdb manual, "Debugging Information in Separate Files"; dwz(1) for the file
 * that several debug files share (.gnu_debugaltlink).
 */
#ifndef CORE_SYMBOLIZE_DEBUGFILE_H
#define CORE_SYMBOLIZE_DEBUGFILE_H

#include <stddef.h>
#include <stdint.h>

struct diag;
struct elf_file;

#define DEBUG_ROOT "/usr/lib/debug"

/* A build-id as text, and ROOT/.build-id/xx/rest.debug. The caller frees both. */
char *debugfile_hex(const uint8_t *build_id, size_t len);
char *debugfile_place(const char *root, const uint8_t *build_id, size_t len);

/* ROOT/.build-id/xx/rest.debug; else what debuginfod-find(1) has fetched; else the file that
 * .gnu_debuglink names, in the object's directory, its .debug folder, and the same directory below
 * ROOT, when its checksum agrees. -ENOENT: there is none. Another -errno: there is one, and the
 * sentence says why it is of no use. */
int debugfile_open(struct elf_file **debug, const struct elf_file *object, const char *root,
                   struct diag *diag);

/* The file shared through dwz that `file` refers to: by build-id, else by its name from file's
 * directory. -ENOENT: it refers to none. */
int debugfile_open_shared(struct elf_file **shared, const struct elf_file *file, const char *root,
                          struct diag *diag);

#endif
