/* IEEE binary16, as feature shards and published weights hold it. */
#ifndef COVERLINE_COMMON_HALF_H
#define COVERLINE_COMMON_HALF_H

#include <stddef.h>
#include <stdint.h>

/* Round to nearest even; values beyond 65504 become infinity, NaN stays NaN. */
void half_from_float(uint16_t *out, const float *in, size_t n);
void half_to_float(float *out, const uint16_t *in, size_t n);

#endif
