/* Sends and receives UDP messages over loopback in batches of known sizes.
 *
 * sendmmsg: vectors of 64, 64 and 11 messages of 100 bytes; recvmmsg: vectors with 32 slots until
 * none is left, so 32, 32, 32, 32, 11 and one EAGAIN.
 *
 *   udp_batches [ROUNDS]   before that, in each round one vector of 64, and two of 32 slots
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 100, MAX_BATCH = 64, SLOTS = 32, FULL_VECTORS = 4 };

int main(int argc, char **argv)
{
	static const unsigned batches[] = {64, 64, 11};
	static char data[MAX_BATCH][2048];
	static struct iovec buffers[MAX_BATCH];
	static struct mmsghdr messages[MAX_BATCH];
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(receiver, (struct sockaddr *)&address, length) ||
	    getsockname(receiver, (struct sockaddr *)&address, &length) ||
	    connect(sender, (struct sockaddr *)&address, length))
		return 1;
	for (int i = 0; i < MAX_BATCH; i++) {
		buffers[i] = (struct iovec){data[i], MESSAGE_BYTES};
		messages[i].msg_hdr.msg_iov = &buffers[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (int rounds = argc > 1 ? atoi(argv[1]) : 0; rounds > 0; rounds--)
		if (sendmmsg(sender, messages, 64, 0) != 64 ||
		    recvmmsg(receiver, messages, SLOTS, 0, NULL) != SLOTS ||
		    recvmmsg(receiver, messages, SLOTS, 0, NULL) != SLOTS)
			return 2;
	for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
		if (sendmmsg(sender, messages, batches[i], 0) != (int)batches[i])
			return 1;
	for (int i = 0; i < MAX_BATCH; i++)
		buffers[i].iov_len = sizeof(data[i]);
	/* A busy kernel may deliver a message later than it was sent: what is a whole vector waits. */
	for (int i = 0; i < FULL_VECTORS; i++)
		if (recvmmsg(receiver, messages, SLOTS, 0, NULL) != SLOTS)
			return 1;
	while (recvmmsg(receiver, messages, SLOTS, MSG_DONTWAIT, NULL) > 0)
		;
	return errno != EAGAIN;
}
