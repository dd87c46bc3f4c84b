/* Hands each exec image that loads the preload library its memory file.
 *
 * Listens on an abstract unix socket whose name and token are in PROFILE_SCENARIO. Not thread-safe.
 */
#ifndef MEM_SERVER_H
#define MEM_SERVER_H

#include "mem/wire.h"

#include <stddef.h>
#include <sys/types.h>

struct diag;
struct server;

/* One program that connected. */
struct server_image {
	pid_t pid;
	uint64_t connected_ns; /* CLOCK_MONOTONIC */
	char comm[16];
	char *executable; /* what /proc/PID/exe led to, or NULL */
	char *command;    /* its arguments joined by spaces, or NULL */
	char *directory;  /* the current one when it connected, or NULL */
	int memory_fd;    /* -1: none could be made for it */
	int error;        /* errno of the library; -1: it never said that it had attached */
	int refusal;      /* errno of why not; 0: it has one */
};

/* `welcome` holds what every image is told. */
int server_new(struct server **server, const struct wire_welcome *welcome, struct diag *diag);
void server_free(struct server *server);

/* "PROFILE_SCENARIO=..." for the target's environment; lives as long as the server. */
const char *server_variable(const struct server *server);

/* Readable when there is something for server_step(). */
int server_fd(const struct server *server);
int server_step(struct server *server, struct diag *diag);

/* The images since the last server_forget(), in the order in which they connected. */
size_t server_n_images(const struct server *server);
const struct server_image *server_image(const struct server *server, size_t i);
void server_forget(struct server *server);

#endif
