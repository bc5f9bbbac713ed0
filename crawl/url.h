/* Addresses of the web, by curl's URL parser. */
#ifndef COVERLINE_CRAWL_URL_H
#define COVERLINE_CRAWL_URL_H

#include <stdbool.h>

#define URL_MAX 8192 /* bytes; a longer one is no URL */

/* reference against base (absolute, or NULL if the reference has to be absolute itself): "http://host/path?query",
 * percent-encoded where needed, dot segments resolved, fragment and user name dropped. White space around the reference and
 * line ends and tabs in it do not count. NULL if the result is no http or https URL. The caller frees. */
char *url_resolve(const char *base, const char *reference);

/* "https://host:443": scheme, host in lower case, port. url is one that url_resolve gave. The caller frees. */
char *url_authority(const char *url);
/* "/path?query". The caller frees. */
char *url_target(const char *url);

/* True if the host is a name that the public DNS may know or an address of the public internet: not localhost, not a name
 * of a reserved domain (.test, .example, .invalid, .local, .internal, .home.arpa) or without a dot. */
bool url_is_public(const char *url);

#endif
