#include "crawl/address.h"

#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

static enum address_class class_v4(uint32_t a)
{
	/* Special-purpose blocks (the IANA registry's). */
	static const struct {
		uint32_t block;
		int bits;
	} closed[] = {
		{0x00000000, 8},  /* this network */
		{0x0A000000, 8},  /* private */
		{0x64400000, 10}, /* carriers' shared space */
		{0xA9FE0000, 16}, /* link-local, metadata services */
		{0xAC100000, 12}, /* private */
		{0xC0000000, 24}, /* protocol assignments */
		{0xC0000200, 24}, /* documentation */
		{0xC0A80000, 16}, /* private */
		{0xC6120000, 15}, /* benchmarks */
		{0xC6336400, 24}, /* documentation */
		{0xCB007100, 24}, /* documentation */
		{0xE0000000, 3},  /* multicast, reserved, broadcast */
	};

	if (a >> 24 == 127)
		return ADDRESS_LOOPBACK;
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		if ((a ^ closed[i].block) >> (32 - closed[i].bits) == 0)
			return ADDRESS_PRIVATE;
	return ADDRESS_PUBLIC;
}

static uint32_t inner(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static enum address_class class_v6(const uint8_t *b)
{
	static const uint8_t zeros[16], mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (memcmp(b, zeros, 15) == 0 && b[15] == 1)
		return ADDRESS_LOOPBACK;
	if (memcmp(b, mapped, 12) == 0 || memcmp(b, zeros, 12) == 0 || memcmp(b, nat64, 12) == 0)
		return class_v4(inner(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02)
		return class_v4(inner(b + 2));
	/* Only 2000::/3 is global unicast; of it, documentation and Teredo are not for connecting to. */
	if (b[0] >> 5 != 1 || (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) ||
	    (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0))
		return ADDRESS_PRIVATE;
	return ADDRESS_PUBLIC;
}

enum address_class address_class(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		return class_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		return class_v6(v6.sin6_addr.s6_addr);
	}
	return ADDRESS_PRIVATE;
}
