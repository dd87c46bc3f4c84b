/* Socket addresses and socket kinds in the words of ss(8). Texts are cut to their buffer, and
 * always ended by 0. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stddef.h>

/* "127.0.0.1:80", "[::1]:80", "/run/x.sock", "@abstract"; "" for none or an unknown family. */
void address_format(const void *address, size_t len_bytes, char *text, size_t text_bytes);

/* "tcp", "udp6", "unix stream", "netlink", "socket family 17 type 3". `type` may have SOCK_CLOEXEC
 * and SOCK_NONBLOCK. */
void address_format_socket(int family, int type, char *text, size_t text_bytes);

#endif
