/* Sends documents by HTTP, with libcurl.
 *
 * The library is loaded when something is to be sent: linked in, its 30 libraries would take 8 ms
 * of each start. Proxies are those of the environment, certificates the system's, or
 * those of CURL_CA_BUNDLE or SSL_CERT_FILE; user and password
 * are those in the URL, else in ~/.netrc. No redirect is followed, so that they go nowhere else. No
 * sentence has them.
 */
#ifndef CORE_PUSH_HTTP_H
#define CORE_PUSH_HTTP_H

#include <stddef.h>

struct diag;
struct http;

/* -ENOENT: there is no libcurl; the sentence has the package. */
int http_open(struct http **http, struct diag *diag);
void http_close(struct http *http); /* NULL is fine */

/* PUTs the document. -EIO with a sentence: nobody is there, it took more than 30 s, or the answer
 * is not 2xx, then with its first line. `shown` is the URL as people may see it. */
int http_put(struct http *http, const char *url, const char *shown, const char *content_type,
             const char *body, size_t body_bytes, struct diag *diag);

#endif
