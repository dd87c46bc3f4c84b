/* Writes what calls of sockets have in memory: addresses, messages, options. */
#include "io/detail/decoding.h"

#include "io/control.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_nl nl;
	struct sockaddr_storage largest;
};

static void add_in(struct detail_text *text, const struct sockaddr_in *in)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	detail_text_add(text, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")",
	                ntohs(in->sin_port), host);
}

static void add_in6(struct detail_text *text, const struct sockaddr_in6 *in)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
	detail_text_add(text,
	                ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, "
	                "\"%s\", &sin6_addr), sin6_scope_id=%u",
	                ntohs(in->sin6_port), ntohl(in->sin6_flowinfo), host, in->sin6_scope_id);
}

static void add_un(struct detail_text *text, const struct sockaddr_un *un, size_t len)
{
	size_t len_path = len - offsetof(struct sockaddr_un, sun_path);

	if (!len_path)
		return;
	if (len_path > sizeof(un->sun_path))
		len_path = sizeof(un->sun_path);
	detail_text_add(text, ", sun_path=");
	if (un->sun_path[0]) {
		detail_text_quote(text, un->sun_path, strnlen(un->sun_path, len_path));
	} else {
		detail_text_add(text, "@");
		detail_text_quote(text, un->sun_path + 1, len_path - 1);
	}
}

/* Of a family that we do not know, or too short for one. */
static void add_bytes(struct detail_text *text, const struct sockaddr *any, size_t len)
{
	size_t len_data = len - offsetof(struct sockaddr, sa_data);

	if (!len_data)
		return;
	detail_text_add(text, ", sa_data=");
	detail_text_quote(text, any->sa_data, len_data);
}

void detail_add_address(struct detail_text *text, const void *bytes, size_t len)
{
	union address address = {0};

	if (len > sizeof(address))
		len = sizeof(address);
	memcpy(&address, bytes, len);
	detail_text_add(text, "{sa_family=");
	detail_add_word(text, WORDS_family, address.any.sa_family);
	if (address.any.sa_family == AF_INET && len >= sizeof(address.in))
		add_in(text, &address.in);
	else if (address.any.sa_family == AF_INET6 && len >= sizeof(address.in6))
		add_in6(text, &address.in6);
	else if (address.any.sa_family == AF_UNIX)
		add_un(text, &address.un, len);
	else if (address.any.sa_family == AF_NETLINK && len >= sizeof(address.nl))
		detail_text_add(text, ", nl_pid=%u, nl_groups=%#08x", address.nl.nl_pid,
		                address.nl.nl_groups);
	else
		add_bytes(text, &address.any, len);
	detail_text_add(text, "}");
}

void decode_address(const struct decoding *d, uint64_t addr, uint64_t len_bytes)
{
	union address address = {0};
	size_t len = len_bytes < sizeof(address) ? (size_t)len_bytes : sizeof(address);

	if (!addr || len_bytes < sizeof(sa_family_t) || !decoding_read(d, addr, &address, len))
		decode_pointer(d, addr);
	else
		detail_add_address(d->text, &address, len);
}

static void add_control_data(struct detail_text *text, const struct control_walk *walk)
{
	const char *data = walk->data, *between = "";
	size_t len = walk->data_bytes;
	int fd;

	detail_text_add(text, ", cmsg_data=");
	if (walk->header->cmsg_level != SOL_SOCKET || walk->header->cmsg_type != SCM_RIGHTS) {
		detail_text_quote(text, data, len < DETAIL_ITEMS ? len : DETAIL_ITEMS);
		detail_text_add(text, len > DETAIL_ITEMS ? "..." : "");
		return;
	}
	detail_text_add(text, "[");
	for (; len >= sizeof(fd); len -= sizeof(fd), data += sizeof(fd)) {
		memcpy(&fd, data, sizeof(fd));
		detail_text_add(text, "%s%d", between, fd);
		between = ", ";
	}
	detail_text_add(text, "]");
}

static void decode_control(const struct decoding *d, const struct msghdr *message)
{
	enum { MOST = 4096 };
	_Alignas(struct cmsghdr) char control[MOST];
	size_t len = message->msg_controllen < MOST ? message->msg_controllen : MOST;
	struct control_walk walk = {
	    .around = {.msg_control = control, .msg_controllen = len},
	};
	const char *between = "";

	if (!message->msg_control ||
	    !decoding_read(d, (uintptr_t)message->msg_control, control, len)) {
		decode_pointer(d, (uintptr_t)message->msg_control);
		return;
	}
	detail_text_add(d->text, "[");
	while (control_next(&walk)) {
		const struct cmsghdr *at = walk.header;

		detail_text_add(d->text, "%s{cmsg_len=%zu, cmsg_level=", between, at->cmsg_len);
		detail_add_word(d->text, WORDS_level, (unsigned)at->cmsg_level);
		detail_text_add(d->text, ", cmsg_type=");
		if (at->cmsg_level == SOL_SOCKET)
			detail_add_word(d->text, WORDS_scm, (unsigned)at->cmsg_type);
		else
			detail_text_add(d->text, "%#x", (unsigned)at->cmsg_type);
		add_control_data(d->text, &walk);
		detail_text_add(d->text, "}");
		between = ", ";
	}
	detail_text_add(d->text, message->msg_controllen > sizeof(control) ? ", ...]" : "]");
}

/* `before`: the length of the name's room, where the call changes it. */
static void add_message(const struct decoding *d, const struct msghdr *message,
                        const uint32_t *before, uint64_t n_bytes)
{
	uint64_t len = message->msg_namelen;

	if (before && *before < len)
		len = *before;
	detail_text_add(d->text, "{msg_name=");
	decode_address(d, (uintptr_t)message->msg_name, len);
	detail_text_add(d->text, ", msg_namelen=");
	if (before && *before != message->msg_namelen)
		detail_text_add(d->text, "%d => ", (int)*before);
	detail_text_add(d->text, "%d, msg_iov=", (int)message->msg_namelen);
	decode_vector(d, (uintptr_t)message->msg_iov, message->msg_iovlen, true, n_bytes);
	detail_text_add(d->text, ", msg_iovlen=%zu", message->msg_iovlen);
	if (message->msg_controllen) {
		detail_text_add(d->text, ", msg_control=");
		decode_control(d, message);
	}
	detail_text_add(d->text, ", msg_controllen=%zu, msg_flags=", message->msg_controllen);
	detail_add_flags(d->text, WORDS_msg, (unsigned)message->msg_flags);
	detail_text_add(d->text, "}");
}

void decode_message(const struct decoding *d, uint64_t addr, bool reads, uint64_t n_bytes)
{
	struct msghdr message;

	if (!addr || !decoding_read(d, addr, &message, sizeof(message)))
		decode_pointer(d, addr);
	else if (reads && decoding_failed(d))
		detail_text_add(d->text, "{msg_namelen=%d}", (int)d->line->before[0]);
	else
		add_message(d, &message, reads ? d->line->before : NULL, n_bytes);
}

struct place {
	bool reads;
	size_t n; /* of messages so far */
};

static void write_message(const struct decoding *d, const void *element, void *context)
{
	const struct mmsghdr *message = element;
	struct place *place = context;
	uint64_t n_bytes = place->reads ? message->msg_len : UINT64_MAX;

	detail_text_add(d->text, "{msg_hdr=");
	add_message(d, &message->msg_hdr, place->reads ? &d->line->before[place->n] : NULL,
	            n_bytes);
	if (!decoding_failed(d))
		detail_text_add(d->text, ", msg_len=%u", message->msg_len);
	detail_text_add(d->text, "}");
	place->n++;
}

void decode_messages(const struct decoding *d, bool reads)
{
	uint64_t count = decoding_failed(d) ? (uint32_t)d->args[2] : (uint64_t)d->result;
	struct place place = {.reads = reads};

	if (reads && decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_array(d, d->value, count, sizeof(struct mmsghdr), write_message, &place);
}

void decode_option_value(const struct decoding *d, uint64_t addr, int len_bytes)
{
	int value;
	struct linger linger;
	bool is_linger = d->args[1] == SOL_SOCKET && d->args[2] == SO_LINGER;

	if (is_linger && len_bytes >= (int)sizeof(linger) &&
	    decoding_read(d, addr, &linger, sizeof(linger)))
		detail_text_add(d->text, "{l_onoff=%d, l_linger=%d}", linger.l_onoff,
		                linger.l_linger);
	else if (len_bytes == sizeof(value) && decoding_read(d, addr, &value, sizeof(value)))
		detail_text_add(d->text, "[%d]", value);
	else if (len_bytes > 0)
		decode_bytes(d, addr, (uint64_t)len_bytes);
	else
		decode_pointer(d, addr);
}
