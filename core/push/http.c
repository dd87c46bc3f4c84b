/* Loads libcurl and sends by it. */
#include "core/push/http.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/line_text.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The same since 2006 (7.16): options that a version does not know are refused one by one. */
#define LIBRARY "libcurl.so.4"

/* Somebody waits for the verdict. */
enum { CONNECT_SECONDS = 10, WHOLE_SECONDS = 30 };

/* Of an answer that refuses so much is kept, to say why. */
enum { ANSWER_BYTES = 400 };

struct http {
	void *library;
	CURL *easy;
	struct curl_slist *headers;
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	CURLcode (*setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*getinfo)(CURL *easy, CURLINFO info, ...);
	__typeof__(curl_easy_perform) *perform;
	__typeof__(curl_easy_strerror) *strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
};

static bool find_functions(struct http *http)
{
	void *library = http->library;

	http->global_init = dlsym(library, "curl_global_init");
	http->easy_init = dlsym(library, "curl_easy_init");
	http->easy_cleanup = dlsym(library, "curl_easy_cleanup");
	http->setopt = dlsym(library, "curl_easy_setopt");
	http->getinfo = dlsym(library, "curl_easy_getinfo");
	http->perform = dlsym(library, "curl_easy_perform");
	http->strerror = dlsym(library, "curl_easy_strerror");
	http->slist_append = dlsym(library, "curl_slist_append");
	http->slist_free_all = dlsym(library, "curl_slist_free_all");
	return http->global_init && http->easy_init && http->easy_cleanup && http->setopt &&
	       http->getinfo && http->perform && http->strerror && http->slist_append &&
	       http->slist_free_all;
}

int http_open(struct http **http, struct diag *diag)
{
	struct http *new = xcalloc(1, sizeof(*new));

	new->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (new->library && find_functions(new) && !new->global_init(CURL_GLOBAL_DEFAULT))
		new->easy = new->easy_init();
	if (!new->easy) {
		http_close(new);
		return diag_fail(diag, ENOENT,
		                 LIBRARY " cannot be used; install it (Debian: libcurl4) to push");
	}
	*http = new;
	return 0;
}

/* The library stays: what it has set up for the process cannot all be taken back. */
void http_close(struct http *http)
{
	if (!http)
		return;
	if (http->easy)
		http->easy_cleanup(http->easy);
	if (http->headers)
		http->slist_free_all(http->headers);
	free(http);
}

struct answer {
	char text[ANSWER_BYTES + 1];
	size_t len;
};

static size_t keep_answer(char *bytes, size_t size, size_t n, void *context)
{
	struct answer *answer = context;
	size_t room = ANSWER_BYTES - answer->len;
	size_t len = size * n < room ? size * n : room;

	memcpy(answer->text + answer->len, bytes, len);
	answer->len += len;
	return size * n;
}

/* As curl(1) has it: the library itself reads no such variable. NULL: the system's. */
static const char *own_certificates(void)
{
	const char *file = getenv("CURL_CA_BUNDLE");

	if (!file || !*file)
		file = getenv("SSL_CERT_FILE");
	return file && *file ? file : NULL;
}

static void set_options(struct http *http, const char *url, const char *content_type,
                        struct answer *answer)
{
	char *header = xasprintf("Content-Type: %s", content_type);
	CURL *easy = http->easy;

	if (!http->headers)
		http->headers = http->slist_append(NULL, header);
	free(header);
	if (http->setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_UNKNOWN_OPTION)
		http->setopt(easy, (CURLoption)(CURLOPTTYPE_LONG + 181), /* CURLOPT_PROTOCOLS */
		             (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	if (own_certificates())
		http->setopt(easy, CURLOPT_CAINFO, own_certificates());
	http->setopt(easy, CURLOPT_URL, url);
	http->setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	http->setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
	http->setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	http->setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	http->setopt(easy, CURLOPT_NOSIGNAL, 1L);
	http->setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	http->setopt(easy, CURLOPT_TIMEOUT, (long)WHOLE_SECONDS);
	http->setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	http->setopt(easy, CURLOPT_WRITEDATA, answer);
}

static int refuse(long code, const struct answer *answer, const char *shown, struct diag *diag)
{
	char *first = xstrndup(answer->text, strcspn(answer->text, "\r\n"));
	char *line = line_text(first);

	diag_fail(diag, EIO, "%s answered %ld%s%s", shown, code, *line ? ": " : "", line);
	free(line);
	free(first);
	return -EIO;
}

int http_put(struct http *http, const char *url, const char *shown, const char *content_type,
             const char *body, size_t body_bytes, struct diag *diag)
{
	struct answer answer = {.len = 0};
	CURLcode code;
	long status = 0;

	set_options(http, url, content_type, &answer);
	http->setopt(http->easy, CURLOPT_POSTFIELDS, body);
	http->setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_bytes);
	code = http->perform(http->easy);
	if (code != CURLE_OK)
		return diag_fail(diag, EIO, "cannot reach %s: %s", shown, http->strerror(code));
	http->getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	return status / 100 == 2 ? 0 : refuse(status, &answer, shown, diag);
}
