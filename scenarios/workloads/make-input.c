/* make-input: writes a web server's log, or JSON records, to stdout: the same bytes for the same N
 * on every machine. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

/* xorshift64* (Vigna 2016): rand(3) differs from one libc to the next. */
static unsigned random_below(unsigned bound)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)(random_state * 0x2545f4914f6cdd1du >> 32) % bound;
}

/* Few things are asked for often and many seldom, as everywhere on the web: half of all draws
 * come from the first 1/16 of the range. */
static unsigned random_skewed(unsigned bound)
{
	return random_below(2) ? random_below(bound) : random_below(bound / 16 + 1);
}

#define ONE_OF(words) words[random_skewed(sizeof(words) / sizeof(*(words)))]

/* Every draw is a statement of its own: the arguments of a call are evaluated in any order. */
static void write_log_line(uint64_t number)
{
	static const char *const methods[] = {"GET", "POST", "HEAD", "PUT"};
	static const char *const folders[] = {"images", "api/v1",    "static/css", "blog",
	                                      "search", "static/js", "users",      "download",
	                                      "feed",   "admin",     "docs"};
	static const char *const agents[] = {
	    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0",
	    "curl/7.88.1", "Wget/1.21.3", "python-requests/2.28.1"};
	static const unsigned statuses[] = {200, 304, 301, 404, 500};
	unsigned second = (unsigned)(number / 40 % 86400); /* 40 requests a second */
	unsigned host = random_skewed(60000);
	const char *method = ONE_OF(methods);
	const char *folder = ONE_OF(folders);
	unsigned page = random_skewed(5000);
	unsigned status = ONE_OF(statuses);
	unsigned size_bytes = random_below(100000);
	const char *agent = ONE_OF(agents);

	printf("10.%u.%u.%u - - [20/Nov/2026:%02u:%02u:%02u +0000] \"%s /%s/%u HTTP/1.1\" %u %u "
	       "\"-\" \"%s\"\n",
	       host >> 12, host >> 8 & 15, host & 255, second / 3600, second / 60 % 60, second % 60,
	       method, folder, page, status, size_bytes, agent);
}

static void write_record(uint64_t number)
{
	static const char *const tags[] = {"red", "green", "blue", "large", "small", "new", "used"};
	unsigned user = random_below(1000000);
	const char *active = random_below(2) ? "true" : "false";
	unsigned cents = random_below(1000000);
	unsigned n_tags = random_below(4) + 1;

	printf("%s{\"id\": %" PRIu64 ", \"name\": \"user-%u\", \"active\": %s, "
	       "\"balance\": %u.%02u, \"parent\": null, \"tags\": [",
	       number ? ",\n" : "[\n", number, user, active, cents / 100, cents % 100);
	while (n_tags--)
		printf("\"%s\"%s", ONE_OF(tags), n_tags ? ", " : "");
	printf("]}");
}

static const struct kind {
	const char *name;
	uint64_t seed;
	void (*write_item)(uint64_t number);
	const char *end;
} kinds[] = {
    {"log", 0x10c0ffee, write_log_line, ""},
    {"json", 0x150ffee, write_record, "\n]\n"},
};

int main(int argc, char **argv)
{
	const struct kind *kind = NULL;
	uint64_t n_items = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (argc == 3 && strcmp(argv[1], kinds[i].name) == 0)
			kind = &kinds[i];
	if (!kind || !n_items) {
		fputs("usage: make-input log|json N\n", stderr);
		return 2;
	}
	random_state = kind->seed;
	for (i = 0; i < n_items; i++)
		kind->write_item(i);
	fputs(kind->end, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "make-input: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
