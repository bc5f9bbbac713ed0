#include "common/hash.h"

uint64_t hash_bytes(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

uint32_t hash_folded(const void *bytes, size_t n)
{
	uint64_t h = hash_bytes(bytes, n);

	return (uint32_t)(h ^ h >> 32);
}
