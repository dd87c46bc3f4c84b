/* Where files of ours lie that are needed at run time. */
#ifndef MEM_INSTALLED_H
#define MEM_INSTALLED_H

struct diag;

/* They lie beside the tool in the build tree, and below ../lib when installed. The caller frees
 * *path, which has no symbolic links. -EIO with a sentence. */
int installed_find(const char *name, char **path, struct diag *diag);

#endif
