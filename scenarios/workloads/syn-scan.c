/* syn-scan: finds the open TCP ports of a host by half-open probes, sent and answered in batches.
 *
 * A raw socket sends hand-made SYN packets, up to --batch of them by a sendmmsg(2) call. Another
 * one reads the answers by recvmmsg(2) through a socket filter that passes nothing else. SYN-ACK
 * means open, RST closed, silence after the last retry filtered. Our kernel knows of no such
 * connection and answers each SYN-ACK with a RST of its own: nothing stays half open on the other
 * side.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	N_PORTS = 65536,
	BATCH_MAX = 1024,   /* UIO_MAXIOV: the kernel sends no more by one sendmmsg */
	ANSWER_BYTES = 128, /* the longest IP and TCP headers take 120 */
};

enum port_state { UNSENT, WAITING, OPEN, CLOSED };

/* What goes over the wire: IPv4, TCP, and the MSS option that every real SYN carries. */
struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t mss[4];
} __attribute__((packed));

struct settings {
	uint16_t ports[N_PORTS]; /* in the order they were asked for, each once */
	unsigned n_ports;
	bool wanted[N_PORTS];
	struct in_addr target;
	unsigned long batch;
	unsigned long timeout_ms;
	unsigned long retries;
	unsigned long source_port; /* 0: the kernel chooses a free one */
	bool allow_remote;
};

/* The messages of one system call and the memory that they point to. */
struct batch {
	struct mmsghdr *messages;
	struct iovec *iovecs;
	char *memory;
	unsigned capacity;
};

struct scan {
	const struct settings *settings;
	int probe_fd;
	int answer_fd;
	int port_fd; /* a bound TCP socket that keeps others off our source port */
	struct in_addr source;
	struct sockaddr_in destination; /* a raw socket takes the port from the packet */
	uint16_t source_port;
	uint32_t secret;        /* makes the sequence numbers, so that answers cannot be guessed */
	uint8_t state[N_PORTS]; /* enum port_state */
	unsigned n_waiting;
	unsigned n_found[CLOSED + 1];
	unsigned n_probes;
	unsigned n_batches;
	struct batch probes;
	struct batch answers;
};

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("syn-scan: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

static void *allocate(size_t n, size_t bytes)
{
	void *memory = calloc(n, bytes);

	if (!memory)
		die("out of memory");
	return memory;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The one's complement sum of RFC 1071 over 16-bit words in network order; `sum` carries over
 * from the part before. Every part but the last has an even length. */
static uint32_t checksum_add(uint32_t sum, const void *data, size_t len_bytes)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i + 1 < len_bytes; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (i < len_bytes)
		sum += (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t checksum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* TCP's checksum covers the addresses too, as a header that is never sent (RFC 9293, 3.1). */
static uint16_t tcp_checksum(const struct packet *packet)
{
	size_t len_bytes = sizeof(packet->tcp) + sizeof(packet->mss);
	uint32_t sum = IPPROTO_TCP + (uint32_t)len_bytes;

	sum = checksum_add(sum, &packet->ip.saddr, 2 * sizeof(packet->ip.saddr));
	return checksum_finish(checksum_add(sum, &packet->tcp, len_bytes));
}

/* Nothing about a probe is remembered: the answer must acknowledge this number plus one. */
static uint32_t sequence_number(const struct scan *scan, uint16_t port)
{
	return scan->secret + port * 2654435761u;
}

static void build_packet(struct packet *packet, const struct scan *scan, uint16_t port)
{
	*packet = (struct packet){
	    .ip = {.version = 4,
	           .ihl = sizeof(packet->ip) / 4,
	           .tot_len = htons(sizeof(*packet)),
	           .id = htons(port),
	           .ttl = 64,
	           .protocol = IPPROTO_TCP,
	           .saddr = scan->source.s_addr,
	           .daddr = scan->settings->target.s_addr},
	    .tcp = {.source = htons(scan->source_port),
	            .dest = htons(port),
	            .seq = htonl(sequence_number(scan, port)),
	            .doff = (sizeof(packet->tcp) + sizeof(packet->mss)) / 4,
	            .syn = 1,
	            .window = htons(1024)},
	    .mss = {TCPOPT_MAXSEG, TCPOLEN_MAXSEG, 1460 >> 8, 1460 & 0xff},
	};
	packet->ip.check = checksum_finish(checksum_add(0, &packet->ip, sizeof(packet->ip)));
	packet->tcp.check = tcp_checksum(packet);
}

/* Messages of one buffer each, to or from `peer`; NULL: the packet itself says from where. */
static void batch_init(struct batch *batch, unsigned capacity, size_t message_bytes,
                       struct sockaddr_in *peer)
{
	unsigned i;

	batch->capacity = capacity;
	batch->messages = allocate(capacity, sizeof(*batch->messages));
	batch->iovecs = allocate(capacity, sizeof(*batch->iovecs));
	batch->memory = allocate(capacity, message_bytes);
	for (i = 0; i < capacity; i++) {
		batch->iovecs[i].iov_base = batch->memory + i * message_bytes;
		batch->iovecs[i].iov_len = message_bytes;
		batch->messages[i].msg_hdr.msg_iov = &batch->iovecs[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
		batch->messages[i].msg_hdr.msg_name = peer;
		batch->messages[i].msg_hdr.msg_namelen = peer ? sizeof(*peer) : 0;
	}
}

static void batch_fini(struct batch *batch)
{
	free(batch->messages);
	free(batch->iovecs);
	free(batch->memory);
}

/* Passes TCP packets to our port that carry SYN-ACK or RST. The flags matter when our own port is
 * among the scanned ones: over loopback the probe to it comes back to us and is no answer. */
static void attach_filter(int fd, uint16_t port)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* x = length of the IP header */
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, offsetof(struct tcphdr, dest)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 5),
	    BPF_STMT(BPF_LD | BPF_B | BPF_IND, offsetof(struct tcphdr, th_flags)),
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 2, 0),
	    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN | TH_ACK, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, ANSWER_BYTES),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		die("cannot attach the socket filter: %s", strerror(errno));
}

static int open_raw_socket(int protocol)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 && errno == EPERM)
		die("a raw socket needs CAP_NET_RAW; run as root, or through "
		    "profile-scenario with --ambient-cap cap_net_raw");
	if (fd < 0)
		die("cannot open a raw socket: %s", strerror(errno));
	return fd;
}

static int open_answer_socket(uint16_t source_port)
{
	int fd = open_raw_socket(IPPROTO_TCP);
	int receive_bytes = 1 << 20; /* as much of it as net.core.rmem_max allows */

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	attach_filter(fd, source_port);
	return fd;
}

/* The address that packets to the target leave from: the kernel's routing knows, and connecting a
 * datagram socket asks it without sending anything. */
static struct in_addr source_address(struct in_addr target)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr = target, .sin_port = htons(9)};
	socklen_t len_bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len_bytes) < 0)
		die("no way to %s: %s", inet_ntoa(target), strerror(errno));
	close(fd);
	return address.sin_addr;
}

/* Binds without listening: the port is ours, and the kernel refuses whoever calls there. */
static uint16_t reserve_port(struct scan *scan)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr = scan->source,
	                              .sin_port = htons((uint16_t)scan->settings->source_port)};
	socklen_t len_bytes = sizeof(address);

	scan->port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (scan->port_fd < 0 ||
	    bind(scan->port_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(scan->port_fd, (struct sockaddr *)&address, &len_bytes) < 0)
		die("cannot take source port %lu: %s", scan->settings->source_port,
		    strerror(errno));
	return ntohs(address.sin_port);
}

static struct scan *scan_open(const struct settings *settings)
{
	struct scan *scan = allocate(1, sizeof(*scan));

	scan->settings = settings;
	scan->source = source_address(settings->target);
	scan->source_port = reserve_port(scan);
	/* raw(7): such a socket sends whole IP packets and receives nothing. */
	scan->probe_fd = open_raw_socket(IPPROTO_RAW);
	scan->answer_fd = open_answer_socket(scan->source_port);
	if (getrandom(&scan->secret, sizeof(scan->secret), 0) != sizeof(scan->secret))
		die("cannot get random bytes: %s", strerror(errno));
	scan->destination =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = settings->target};
	batch_init(&scan->probes, (unsigned)settings->batch, sizeof(struct packet),
	           &scan->destination);
	batch_init(&scan->answers, (unsigned)settings->batch, ANSWER_BYTES, NULL);
	return scan;
}

static void scan_free(struct scan *scan)
{
	close(scan->probe_fd);
	close(scan->answer_fd);
	close(scan->port_fd);
	batch_fini(&scan->probes);
	batch_fini(&scan->answers);
	free(scan);
}

/* True once, for the first sound answer about a port; late and repeated ones say nothing new. */
static bool take_answer(struct scan *scan, const char *bytes, size_t len_bytes)
{
	const struct iphdr *ip = (const struct iphdr *)bytes;
	const struct tcphdr *tcp;
	uint16_t port;

	if (len_bytes < sizeof(*ip) || len_bytes < ip->ihl * 4 + sizeof(*tcp) ||
	    ip->saddr != scan->settings->target.s_addr)
		return false;
	tcp = (const struct tcphdr *)(bytes + ip->ihl * 4);
	port = ntohs(tcp->source);
	if (scan->state[port] != WAITING || ntohl(tcp->ack_seq) != sequence_number(scan, port) + 1)
		return false;
	scan->state[port] = tcp->rst ? CLOSED : OPEN;
	scan->n_found[scan->state[port]]++;
	scan->n_waiting--;
	return true;
}

/* Reads what has come, without waiting. Returns how many ports became known. */
static unsigned read_answers(struct scan *scan)
{
	const struct batch *batch = &scan->answers;
	unsigned n_new = 0;
	int n, i;

	while (scan->n_waiting) {
		n = recvmmsg(scan->answer_fd, batch->messages, batch->capacity, MSG_DONTWAIT, NULL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			die("cannot read answers: %s", strerror(errno));
		for (i = 0; i < n; i++)
			n_new += take_answer(scan, batch->iovecs[i].iov_base,
			                     batch->messages[i].msg_len);
		if (n < (int)batch->capacity)
			break;
	}
	return n_new;
}

/* Waits until every port has answered, or none has for the time-out. Answers that came while we
 * were kept from running are read before it is judged. */
static void wait_for_answers(struct scan *scan)
{
	int64_t timeout_ms = (int64_t)scan->settings->timeout_ms;
	int64_t deadline_ms = now_ms() + timeout_ms;
	bool is_late = false;

	while (scan->n_waiting && !is_late) {
		struct pollfd answers = {.fd = scan->answer_fd, .events = POLLIN};
		int64_t left_ms = deadline_ms - now_ms();

		if (poll(&answers, 1, left_ms > 0 ? (int)left_ms : 0) < 0 && errno != EINTR)
			die("cannot wait for answers: %s", strerror(errno));
		if (read_answers(scan))
			deadline_ms = now_ms() + timeout_ms;
		else
			is_late = left_ms <= 0;
	}
}

/* A firewall here (EPERM) or full queues (ENOBUFS) swallow the probe as they would on the way:
 * it stays unanswered. */
static bool is_swallowed(int error)
{
	return error == EPERM || error == ENOBUFS;
}

static void send_batch(struct scan *scan, unsigned n_probes)
{
	unsigned done = 0;
	int n;

	while (done < n_probes) {
		n = sendmmsg(scan->probe_fd, scan->probes.messages + done, n_probes - done, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !is_swallowed(errno))
			die("cannot send to %s: %s", inet_ntoa(scan->destination.sin_addr),
			    strerror(errno));
		scan->n_batches += n > 0;
		scan->n_probes += n > 0 ? (unsigned)n : 0;
		done += n > 0 ? (unsigned)n : 1;
	}
}

/* Probes every port that has not answered yet, a batch at a time. */
static void probe_ports(struct scan *scan)
{
	struct packet *packets = (struct packet *)scan->probes.memory;
	unsigned n_built = 0, i;

	for (i = 0; i < scan->settings->n_ports; i++) {
		uint16_t port = scan->settings->ports[i];

		if (scan->state[port] == UNSENT)
			scan->n_waiting++;
		else if (scan->state[port] != WAITING)
			continue;
		scan->state[port] = WAITING;
		build_packet(&packets[n_built++], scan, port);
		if (n_built == scan->probes.capacity) {
			send_batch(scan, n_built);
			read_answers(scan);
			n_built = 0;
		}
	}
	if (n_built)
		send_batch(scan, n_built);
	wait_for_answers(scan);
}

static void scan_run(struct scan *scan)
{
	unsigned long round;

	for (round = 0; round <= scan->settings->retries; round++) {
		probe_ports(scan);
		if (!scan->n_waiting)
			break;
	}
}

static void print_table(const struct scan *scan)
{
	const struct settings *settings = scan->settings;
	unsigned i;

	if (scan->n_found[OPEN])
		puts(" PORT     STATE");
	for (i = 0; i < settings->n_ports; i++)
		if (scan->state[settings->ports[i]] == OPEN)
			printf("%5u/tcp open\n", settings->ports[i]);
	printf("open ports: %u of %u, %u closed, %u filtered; %u probes in %u batches\n",
	       scan->n_found[OPEN], settings->n_ports, scan->n_found[CLOSED], scan->n_waiting,
	       scan->n_probes, scan->n_batches);
	if (fflush(stdout) || ferror(stdout))
		die("cannot write the table: %s", strerror(errno));
}

static unsigned long parse_number(const char *name, const char *text, unsigned long min,
                                  unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max)
		die("--%s takes a number from %lu to %lu, not '%s'", name, min, max, text);
	return value;
}

/* "8080", "1-1000", "1000-" or "-", as nmap has them. */
static void parse_port_range(struct settings *settings, const char *range)
{
	unsigned long first = 1, last = N_PORTS - 1, port;
	const char *at = range;
	char *end;

	if (*at >= '0' && *at <= '9') {
		first = strtoul(at, &end, 10);
		at = end;
		if (*at != '-')
			last = first;
	}
	if (*at == '-' && *++at >= '0' && *at <= '9') {
		last = strtoul(at, &end, 10);
		at = end;
	}
	if (at == range || *at || first < 1 || last >= N_PORTS || first > last)
		die("--ports takes ports from 1 to 65535 such as 1-1000,8080, not '%s'", range);
	for (port = first; port <= last; port++) {
		if (!settings->wanted[port])
			settings->ports[settings->n_ports++] = (uint16_t)port;
		settings->wanted[port] = true;
	}
}

static void parse_ports(struct settings *settings, const char *list)
{
	char *copy = strdup(list);
	char *rest = copy, *range;

	while ((range = strsep(&rest, ",")))
		parse_port_range(settings, range);
	free(copy);
}

/* Only numbers, so that no name server hears of a target that is then refused. */
static void parse_target(struct settings *settings, const char *text)
{
	const char *address = strcmp(text, "localhost") == 0 ? "127.0.0.1" : text;

	if (inet_pton(AF_INET, address, &settings->target) != 1)
		die("'%s' is no IPv4 address", text);
	if (!settings->allow_remote && ntohl(settings->target.s_addr) >> 24 != IN_LOOPBACKNET)
		die("%s is not loopback; scan only what you may, and then with --allow-remote",
		    text);
}

static const struct option_row {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
} option_rows[] = {
    {"ports", 'p', "LIST", "ports to probe, such as 1-1000,8080 (default 1-1000)"},
    {"batch", 'b', "N", "probes sent by one system call (default 64)"},
    {"timeout", 't', "MS", "wait this long after the last answer (default 1000)"},
    {"retries", 'r', "N", "probe silent ports again, N times (default 1)"},
    {"source-port", 'g', "PORT", "send from this port (default: a free one)"},
    {"scan", 's', "S", "the kind of scan: S, by SYN, is the only one here"},
    {"allow-remote", 'R', NULL, "allow targets outside 127.0.0.0/8"},
    {"help", 'h', NULL, "show this"},
};

enum { N_OPTIONS = sizeof(option_rows) / sizeof(*option_rows) };

static void print_help(void)
{
	const struct option_row *row;

	puts("usage: syn-scan [options] ADDRESS\n"
	     "Finds the open TCP ports of ADDRESS by half-open probes.\n");
	for (row = option_rows; row < option_rows + N_OPTIONS; row++)
		printf("  -%c, --%s%s%-*s %s\n", row->letter, row->name, row->argument ? " " : "",
		       (int)(18 - strlen(row->name) - (row->argument != NULL)),
		       row->argument ? row->argument : "", row->help);
}

static void set_option(struct settings *settings, int letter, const char *value)
{
	switch (letter) {
	case 'p':
		parse_ports(settings, value);
		break;
	case 'b':
		settings->batch = parse_number("batch", value, 1, BATCH_MAX);
		break;
	case 't':
		settings->timeout_ms = parse_number("timeout", value, 1, 3600000);
		break;
	case 'r':
		settings->retries = parse_number("retries", value, 0, 100);
		break;
	case 'g':
		settings->source_port = parse_number("source-port", value, 1, N_PORTS - 1);
		break;
	case 's':
		if (strcmp(value, "S") != 0)
			die("-s%s is not known; -sS is", value);
		break;
	case 'R':
		settings->allow_remote = true;
		break;
	case 'h':
		print_help();
		exit(0);
	default: /* getopt has said why */
		exit(1);
	}
}

static void parse_command_line(struct settings *settings, int argc, char **argv)
{
	struct option long_options[N_OPTIONS + 1] = {0};
	char short_options[2 * N_OPTIONS + 1] = "", *end = short_options;
	int letter, i;

	for (i = 0; i < N_OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];

		long_options[i].name = row->name;
		long_options[i].has_arg = row->argument ? required_argument : no_argument;
		long_options[i].val = row->letter;
		*end++ = row->letter;
		if (row->argument)
			*end++ = ':';
	}
	while ((letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
		set_option(settings, letter, optarg);
	if (optind != argc - 1)
		die("give one ADDRESS; see syn-scan --help");
	parse_target(settings, argv[optind]);
}

int main(int argc, char **argv)
{
	static struct settings settings = {.batch = 64, .timeout_ms = 1000, .retries = 1};
	struct scan *scan;

	parse_command_line(&settings, argc, argv);
	if (!settings.n_ports)
		parse_ports(&settings, "1-1000");
	scan = scan_open(&settings);
	scan_run(scan);
	print_table(scan);
	scan_free(scan);
	return 0;
}
