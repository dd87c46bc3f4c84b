/* A baseline beside another one: which scenario and type of both is compared.
 */
#ifndef CORE_DRIVER_COMPARE_BASELINES_H
#define CORE_DRIVER_COMPARE_BASELINES_H

struct diag;
struct run_options;
struct side;

/* Reads the sides of names[0] and names[1], of the one scenario and type that both baselines have;
 * where there are several, --scenario and --type say which. The sides are the caller's; on failure
 * both are NULL. -ENOENT: no such baseline, or nothing that is asked for in common; -EINVAL:
 * several, which the sentence names with a line to type, or a file that is damaged. */
int compare_baselines(const struct run_options *options, const char *const names[2],
                      struct side *sides[2], struct diag *diag);

#endif
