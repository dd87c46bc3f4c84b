/* Writes the names of calls and descriptors. */
#include "io/names.h"

#include "core/alloc.h"

#include <inttypes.h>
#include <string.h>

/* How many bytes from here on are a control, of C0, or of C1 as UTF-8 has it, or a backslash. */
static int count_hidden(const unsigned char *at)
{
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
		return 2;
	return *at < ' ' || *at == 0x7f || *at == '\\';
}

int io_write_text(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	int n = 0;

	while (*at) {
		int n_hidden = count_hidden(at);

		for (int i = 0; i < n_hidden; i++)
			n += fprintf(out, "\\%03o", *at++);
		if (!n_hidden) {
			fputc(*at++, out);
			n++;
		}
	}
	return n;
}

struct io_call_name io_call_name_of(const struct syscall_info *info)
{
	const char *abi = syscall_abi_name(info->abi);
	struct io_call_name name;

	snprintf(name.text, sizeof(name.text), "%s%s%s%s", info->name, abi ? " (" : "",
	         abi ? abi : "", abi ? ")" : "");
	return name;
}

void io_write_file_name(FILE *out, const struct fd_table *fds, uint32_t description)
{
	const char *local = fd_table_address(fds, description, FD_LOCAL);
	const char *peer = fd_table_address(fds, description, FD_PEER);

	io_write_text(out, fd_table_name(fds, description));
	if (local) {
		fputs(" ", out);
		io_write_text(out, local);
	}
	if (peer) {
		fputs(" -> ", out);
		io_write_text(out, peer);
	}
}

void io_write_descriptor_name(FILE *out, const struct fd_table *fds, uint32_t id)
{
	static const char *const origins[] = {
	    [FD_INHERITED] = " (inherited)",
	    [FD_RECEIVED] = " (received)",
	    [FD_GUESSED] = " (guessed)",
	};
	const struct fd_descriptor *descriptor = fd_table_descriptor(fds, id);

	io_write_file_name(out, fds, descriptor->description);
	if (origins[descriptor->origin])
		fputs(origins[descriptor->origin], out);
}

struct io_cell io_cell_of(const struct io_counts *counts, enum io_status status, uint64_t number)
{
	struct io_cell cell = {"-"};

	if (io_counts_has(counts, status))
		snprintf(cell.text, sizeof(cell.text), "%" PRIu64, number);
	return cell;
}

struct io_cell io_moved_cell_of(const struct io_counts *counts, uint64_t n_bytes,
                                uint64_t unknown_calls)
{
	const struct io_cell unknown = {"?"};

	return unknown_calls && !n_bytes ? unknown : io_cell_of(counts, IO_SUCCESSFUL, n_bytes);
}

static bool begins_with_one_of(const char *name, const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++)
		if (!strncmp(name, words[i], strlen(words[i])))
			return true;
	return false;
}

bool io_is_datagram(const struct fd_table *fds, uint32_t id)
{
	/* As address_format_socket() spells them. */
	static const char *const kinds[] = {"udp",           "udp6",           "raw",    "raw6",
	                                    "unix datagram", "unix seqpacket", "packet", "netlink"};
	const char *name;

	if (!id)
		return false;
	name = fd_table_name(fds, fd_table_descriptor(fds, id)->description);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(name, kinds[i]))
			return true;
	return false;
}

bool io_is_channel(const struct fd_table *fds, uint32_t id)
{
	/* As address_format_socket() and the kernel's links in /proc begin. */
	static const char *const kinds[] = {
	    "pipe", "tcp", "udp", "raw", "unix", "packet", "netlink", "socket",
	};
	static const char *const terminals[] = {"/dev/pts/", "/dev/tty", "/dev/console"};
	const char *name;

	if (!id)
		return false;
	name = fd_table_name(fds, fd_table_descriptor(fds, id)->description);
	if (*name == '/')
		return begins_with_one_of(name, terminals, ARRAY_SIZE(terminals));
	return begins_with_one_of(name, kinds, ARRAY_SIZE(kinds));
}
