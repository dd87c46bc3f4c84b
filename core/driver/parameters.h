/* The values that ${NAME} has in a scenario: built-in ones, the file's, the command line's.
 */
#ifndef CORE_DRIVER_PARAMETERS_H
#define CORE_DRIVER_PARAMETERS_H

struct diag;
struct request;
struct text_list;

/* Fills the request's parameters, the last of a name being the one that counts, and makes its
 * ${scratch} where the file asks for one. -EINVAL: a typed one is no NAME=VALUE, or of a name that
 * the scenario file neither gives nor uses. */
int parameters_gather(struct request *request, struct diag *diag);

/* Adds those that are of the user's making, each once with the value that holds: not the folders that
 * every scenario has. */
void parameters_of_user(const struct request *request, struct text_list *parameters);

#endif
