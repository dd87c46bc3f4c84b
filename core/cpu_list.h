/* Lists of CPUs as the kernel prints them and taskset(1) takes them: "0-3,5".
 */
#ifndef CORE_CPU_LIST_H
#define CORE_CPU_LIST_H

enum { CPU_NUMBER_LIMIT = 1 << 16 }; /* CONFIG_NR_CPUS is 8192 at most */

/* The numbers in the order of the list, as often as they stand there; a newline at the end is fine.
 * Returns how many, or -EINVAL for anything else, an empty list too, and then *cpus is NULL. The
 * caller frees *cpus. */
int cpu_list_parse(const char *text, int **cpus);

/* The list in a file of sysfs, without its newline, or NULL. The caller frees it. */
char *cpu_list_read(const char *path);

#endif
