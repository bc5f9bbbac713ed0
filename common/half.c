#include "common/half.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint16_t half_of(float value)
{
	uint32_t bits, sign, magnitude, shift, kept, rest, half;

	memcpy(&bits, &value, sizeof bits);
	sign = bits >> 16 & 0x8000;
	magnitude = bits & 0x7fffffff;
	if (magnitude > 0x7f800000)
		return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
	if (magnitude >= 0x477ff000) /* 65520, from where on rounding leads past 65504 */
		return (uint16_t)(sign | 0x7c00);
	if (magnitude >= 0x38800000) { /* 2^-14: normal. A carry out of the mantissa raises the exponent, as it should. */
		kept = (magnitude - 0x38000000) >> 13;
		rest = magnitude & 0x1fff;
		return (uint16_t)(sign | (kept + (rest > 0x1000 || (rest == 0x1000 && (kept & 1)))));
	}
	if (magnitude <= 0x33000000) /* 2^-25: half of the least subnormal, a tie that goes to even zero */
		return (uint16_t)sign;
	shift = 126 - (magnitude >> 23);
	magnitude = (magnitude & 0x7fffff) | 0x800000;
	kept = magnitude >> shift;
	rest = magnitude & ((1u << shift) - 1);
	half = 1u << (shift - 1);
	return (uint16_t)(sign | (kept + (rest > half || (rest == half && (kept & 1)))));
}

static float float_of(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff, bits;
	float value;

	if (exponent == 31) {
		bits = sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0);
	} else if (exponent) {
		bits = sign | (exponent + 112) << 23 | mantissa << 13;
	} else {
		value = (float)mantissa * 0x1p-24f;
		return sign ? -value : value;
	}
	memcpy(&value, &bits, sizeof value);
	return value;
}

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) static size_t from_float_f16c(uint16_t *out, const float *in, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		__m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);

		_mm_storeu_si128((__m128i *)(void *)(out + i), h);
	}
	return i;
}

__attribute__((target("avx,f16c"))) static size_t to_float_f16c(float *out, const uint16_t *in, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8)
		_mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(in + i))));
	return i;
}

/* Every processor with AVX2 has F16C, whose own name not every compiler knows. */
static int have_f16c(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
static size_t from_float_f16c(uint16_t *out, const float *in, size_t n)
{
	(void)out, (void)in, (void)n;
	return 0;
}

static size_t to_float_f16c(float *out, const uint16_t *in, size_t n)
{
	(void)out, (void)in, (void)n;
	return 0;
}

static int have_f16c(void)
{
	return 0;
}
#endif

void half_from_float(uint16_t *out, const float *in, size_t n)
{
	for (size_t i = have_f16c() ? from_float_f16c(out, in, n) : 0; i < n; i++)
		out[i] = half_of(in[i]);
}

void half_to_float(float *out, const uint16_t *in, size_t n)
{
	for (size_t i = have_f16c() ? to_float_f16c(out, in, n) : 0; i < n; i++)
		out[i] = float_of(in[i]);
}
