/* SHA-256, as lower-case hex. */
#ifndef COVERLINE_COMMON_DIGEST_H
#define COVERLINE_COMMON_DIGEST_H

#include <stddef.h>

#include "common/status.h"

#define DIGEST_HEX 65 /* 64 digits and the NUL */

struct digest; /* a running hash */

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *bytes, size_t n);
/* Adds s and a NUL, so that ("a","b") and ("ab","") differ. */
void digest_add_string(struct digest *d, const char *s);
/* Writes the hex form and frees d. */
void digest_finish(struct digest *d, char hex[DIGEST_HEX]);

void digest_bytes(const void *bytes, size_t n, char hex[DIGEST_HEX]);
MUST_CHECK enum status digest_file(const char *path, char hex[DIGEST_HEX]);

#endif
