/* A 64-bit difference hash: pictures that look alike have hashes that differ in few bits.
 *
 * The picture is averaged, as grey (ITU-R BT.601), over 9 x 8 cells; bit 8 y + x, the highest first, says whether cell
 * (x, y) is darker than the one to its right. */
#ifndef COVERLINE_CRAWL_DHASH_H
#define COVERLINE_CRAWL_DHASH_H

#include <stdint.h>

#include "common/image.h"

#define DHASH_HEX 17 /* 16 digits and the NUL */

uint64_t dhash(const struct image *image);
void dhash_hex(uint64_t hash, char hex[DHASH_HEX]);

#endif
