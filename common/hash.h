/* Hashes for tables in memory: quick, and no defence against somebody who chooses the keys. */
#ifndef COVERLINE_COMMON_HASH_H
#define COVERLINE_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a. */
uint64_t hash_bytes(const void *bytes, size_t n);
/* Its high half folded into the low one: for tables whose size is a power of two. */
uint32_t hash_folded(const void *bytes, size_t n);

#endif
