/* The two forms of Retry-After (RFC 9110 §10.2.3), and the dates of HTTP (§5.6.7). */
#ifndef COVERLINE_CRAWL_RETRY_AFTER_H
#define COVERLINE_CRAWL_RETRY_AFTER_H

#include <stdbool.h>
#include <stdint.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or "Sun Nov  6 08:49:37 1994", as seconds since
 * 1970. now_s tells the century of the two-digit year. False if it is none of them. */
bool http_date_parse(const char *text, int64_t now_s, int64_t *seconds);

/* How many seconds to wait, from a number of seconds or a date; 0 for a date that is past, at most a year.
 * False if it is neither. */
bool retry_after_parse(const char *text, int64_t now_s, int64_t *wait_s);

#endif
