/* Two UDP sockets over loopback, one message a call, 130 messages each way.
 *
 * udp_runs burst|pingpong sendmsg|sendmmsg: a burst sends all and then receives all; in ping-pong
 * each message is answered before the next one is sent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { MESSAGES = 130, MESSAGE_BYTES = 10 };

static bool many; /* sendmmsg and recvmmsg */

static bool move(int fd, bool send)
{
	char data[MESSAGE_BYTES] = "";
	struct iovec buffer = {data, sizeof(data)};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &buffer, .msg_iovlen = 1}};

	if (many)
		return (send ? sendmmsg(fd, &message, 1, 0) : recvmmsg(fd, &message, 1, 0, NULL)) ==
		       1;
	return (send ? sendmsg(fd, &message.msg_hdr, 0) : recvmsg(fd, &message.msg_hdr, 0)) ==
	       MESSAGE_BYTES;
}

static bool burst(int from, int to)
{
	bool well = true;

	for (int i = 0; i < MESSAGES; i++)
		well &= move(from, true);
	for (int i = 0; i < MESSAGES; i++)
		well &= move(to, false);
	return well;
}

static bool ping_pong(int a, int b)
{
	bool well = true;

	for (int i = 0; i < MESSAGES; i++)
		well = well && move(a, true) && move(b, false) && move(b, true) && move(a, false);
	return well;
}

static bool open_pair(int fds[2])
{
	struct sockaddr_in addresses[2];
	socklen_t length = sizeof(addresses[0]);

	for (int i = 0; i < 2; i++) {
		addresses[i] = (struct sockaddr_in){.sin_family = AF_INET};
		addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (bind(fds[i], (struct sockaddr *)&addresses[i], length) ||
		    getsockname(fds[i], (struct sockaddr *)&addresses[i], &length))
			return false;
	}
	return !connect(fds[0], (struct sockaddr *)&addresses[1], length) &&
	       !connect(fds[1], (struct sockaddr *)&addresses[0], length);
}

int main(int argc, char **argv)
{
	int fds[2];

	if (argc != 3 || !open_pair(fds))
		return 1;
	many = !strcmp(argv[2], "sendmmsg");
	if (!strcmp(argv[1], "pingpong"))
		return !ping_pong(fds[0], fds[1]);
	return !(burst(fds[0], fds[1]) && burst(fds[1], fds[0]));
}
