/* Which addresses a crawl may connect to: seen after name resolution, so a name cannot lead where an address may not. */
#ifndef COVERLINE_CRAWL_ADDRESS_H
#define COVERLINE_CRAWL_ADDRESS_H

#include <sys/socket.h>

enum address_class {
	ADDRESS_LOOPBACK, /* 127.0.0.0/8, ::1 */
	ADDRESS_PRIVATE,  /* private, link-local (cloud metadata), shared, multicast, reserved, and all but IPv4 and IPv6 */
	ADDRESS_PUBLIC,
};

/* IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) is judged by the IPv4 address. */
enum address_class address_class(const struct sockaddr *address);

#endif
