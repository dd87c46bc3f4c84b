/* Formats socket addresses. */
#include "io/address.h"

#include "core/alloc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Copies the address, cut or zero-filled to what its family takes. */
#define TAKE(into, address, len_bytes)                                                             \
	memcpy(&(into), (address), (len_bytes) < sizeof(into) ? (len_bytes) : sizeof(into))

static void format_inet(const void *address, size_t len_bytes, char *text, size_t text_bytes)
{
	struct sockaddr_in in = {0};
	char host[INET_ADDRSTRLEN];

	TAKE(in, address, len_bytes);
	inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
	snprintf(text, text_bytes, "%s:%u", host, ntohs(in.sin_port));
}

static void format_inet6(const void *address, size_t len_bytes, char *text, size_t text_bytes)
{
	struct sockaddr_in6 in = {0};
	char host[INET6_ADDRSTRLEN];

	TAKE(in, address, len_bytes);
	inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof(host));
	snprintf(text, text_bytes, "[%s]:%u", host, ntohs(in.sin6_port));
}

static void format_unix(const void *address, size_t len_bytes, char *text, size_t text_bytes)
{
	struct sockaddr_un un = {0};
	size_t path_bytes;

	if (len_bytes > sizeof(un))
		len_bytes = sizeof(un);
	TAKE(un, address, len_bytes);
	if (len_bytes <= offsetof(struct sockaddr_un, sun_path))
		return; /* unnamed */
	path_bytes = len_bytes - offsetof(struct sockaddr_un, sun_path);
	if (un.sun_path[0])
		snprintf(text, text_bytes, "%.*s", (int)path_bytes, un.sun_path);
	else
		snprintf(text, text_bytes, "@%.*s", (int)path_bytes - 1, un.sun_path + 1);
}

void address_format(const void *address, size_t len_bytes, char *text, size_t text_bytes)
{
	sa_family_t family;

	text[0] = '\0';
	if (len_bytes < sizeof(family))
		return;
	memcpy(&family, address, sizeof(family));
	if (family == AF_INET)
		format_inet(address, len_bytes, text, text_bytes);
	else if (family == AF_INET6)
		format_inet6(address, len_bytes, text, text_bytes);
	else if (family == AF_UNIX)
		format_unix(address, len_bytes, text, text_bytes);
}

void address_format_socket(int family, int type, char *text, size_t text_bytes)
{
	static const struct {
		int family;
		int type; /* 0: any */
		const char *name;
	} kinds[] = {
	    {AF_INET, SOCK_STREAM, "tcp"},
	    {AF_INET, SOCK_DGRAM, "udp"},
	    {AF_INET, SOCK_RAW, "raw"},
	    {AF_INET6, SOCK_STREAM, "tcp6"},
	    {AF_INET6, SOCK_DGRAM, "udp6"},
	    {AF_INET6, SOCK_RAW, "raw6"},
	    {AF_UNIX, SOCK_STREAM, "unix stream"},
	    {AF_UNIX, SOCK_DGRAM, "unix datagram"},
	    {AF_UNIX, SOCK_SEQPACKET, "unix seqpacket"},
	    {AF_NETLINK, 0, "netlink"},
	    {AF_PACKET, 0, "packet"},
	};

	type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].family == family && (!kinds[i].type || kinds[i].type == type)) {
			snprintf(text, text_bytes, "%s", kinds[i].name);
			return;
		}
	}
	snprintf(text, text_bytes, "socket family %d type %d", family, type);
}
