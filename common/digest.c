#include "common/digest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/arena.h"

#define READ_SIZE ((size_t)256 << 10)

struct digest {
	EVP_MD_CTX *context;
};

/* SHA-256 is in every libcrypto; its calls fail only for want of memory, which ends the program as elsewhere. */
static void expect(int ok)
{
	if (!ok)
		BUG("libcrypto: SHA-256 failed");
}

struct digest *digest_new(void)
{
	struct digest *d = xmalloc(sizeof *d);

	d->context = EVP_MD_CTX_new();
	expect(d->context && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL));
	return d;
}

void digest_add(struct digest *d, const void *bytes, size_t n)
{
	expect(EVP_DigestUpdate(d->context, bytes, n));
}

void digest_add_string(struct digest *d, const char *s)
{
	digest_add(d, s, strlen(s) + 1);
}

void digest_finish(struct digest *d, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	expect(EVP_DigestFinal_ex(d->context, sum, &n) && n == 32);
	for (unsigned i = 0; i < n; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[2 * n] = '\0';
	EVP_MD_CTX_free(d->context);
	free(d);
}

void digest_bytes(const void *bytes, size_t n, char hex[DIGEST_HEX])
{
	struct digest *d = digest_new();

	digest_add(d, bytes, n);
	digest_finish(d, hex);
}

enum status digest_file(const char *path, char hex[DIGEST_HEX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest *d;
	char *buffer;
	ssize_t n;

	if (fd < 0)
		return status_errno("%s: cannot open", path);
	buffer = xmalloc(READ_SIZE);
	d = digest_new();
	while ((n = read(fd, buffer, READ_SIZE)) > 0)
		digest_add(d, buffer, (size_t)n);
	digest_finish(d, hex);
	enum status st = n < 0 ? status_errno("%s: cannot read", path) : ST_OK;
	free(buffer);
	close(fd);
	return st;
}
