// CRC-32C: Castagnoli polynomial, reflected (0x82F63B78), initial value and final xor 0xFFFFFFFF.
//
// Portable: slicing by eight (Kounavis and Berry, 2005). On x86-64 with SSE4.2 and PCLMULQDQ: three interleaved
// streams of crc32q, since the instruction has a latency of three cycles and a throughput of one, joined as in Intel's
// "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction" (Gopal et al., 2011):
//
//   | stream a: w words | stream b: w words | stream c: w words |
//   state after all = c's last word xor a * x^(64*2w - 33) xor b * x^(64*w - 33), taken through one more crc32q
//
// A carry-less product of two reflected values stands one bit low, and crc32q multiplies by x^32: hence the 33.
#include "CSofaKernels.h"
#include "load.h"

static uint32_t slices[8][256];

ALWAYS_INLINE uint32_t take_word(uint32_t state, uint64_t word) {
  word ^= state;
  return slices[7][word & 0xFF] ^ slices[6][(word >> 8) & 0xFF] ^ slices[5][(word >> 16) & 0xFF] ^
         slices[4][(word >> 24) & 0xFF] ^ slices[3][(word >> 32) & 0xFF] ^ slices[2][(word >> 40) & 0xFF] ^
         slices[1][(word >> 48) & 0xFF] ^ slices[0][word >> 56];
}

uint32_t sofa_crc32c_portable(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *p = bytes;
  uint32_t state = ~crc;
  for (; length >= 8; p += 8, length -= 8) state = take_word(state, load64(p));
  for (; length > 0; p++, length--) state = (state >> 8) ^ slices[0][(state ^ *p) & 0xFF];
  return ~state;
}

static uint32_t (*chosen)(uint32_t, const void *, size_t) = sofa_crc32c_portable;

uint32_t sofa_crc32c(uint32_t crc, const void *bytes, size_t length) { return chosen(crc, bytes, length); }

static void build_slices(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ (0x82F63B78 & -(state & 1));
    slices[0][byte] = state;
  }
  for (int slice = 1; slice < 8; slice++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t state = slices[slice - 1][byte];
      slices[slice][byte] = (state >> 8) ^ slices[0][state & 0xFF];
    }
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

/// Longest stream of one round, in words.
enum { longest_stream = 256 };

/// powers[k] = x^(64k - 33) modulo the polynomial, reflected; powers[0] is not used.
static uint32_t powers[2 * longest_stream + 1];

static void build_powers(void) {
  powers[1] = 1;
  for (int k = 2; k <= 2 * longest_stream; k++) powers[k] = take_word(powers[k - 1], 0);
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t shifted(uint32_t state, int words) {
  __m128i product = _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)state), _mm_cvtsi32_si128((int)powers[words]), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *p = bytes;
  uint64_t a = (uint32_t)~crc;
  // Below this the joining costs more than the streams save.
  while (length >= 8 * 3 * 8) {
    size_t words = length / 24 < longest_stream ? length / 24 : longest_stream;
    size_t stride = words * 8;
    uint64_t b = 0, c = 0;
    const uint8_t *last = p + stride - 8;
    for (; p < last; p += 8) {
      a = _mm_crc32_u64(a, load64(p));
      b = _mm_crc32_u64(b, load64(p + stride));
      c = _mm_crc32_u64(c, load64(p + 2 * stride));
    }
    a = _mm_crc32_u64(a, load64(p));
    b = _mm_crc32_u64(b, load64(p + stride));
    uint64_t joined = shifted((uint32_t)a, (int)(2 * words)) ^ shifted((uint32_t)b, (int)words);
    a = _mm_crc32_u64(c, load64(p + 2 * stride) ^ joined);
    p += 8 + 2 * stride;
    length -= 3 * stride;
  }
  for (; length >= 8; p += 8, length -= 8) a = _mm_crc32_u64(a, load64(p));
  uint32_t state = (uint32_t)a;
  for (; length > 0; p++, length--) state = _mm_crc32_u8(state, *p);
  return ~state;
}

__attribute__((constructor)) static void prepare(void) {
  build_slices();
  build_powers();
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) chosen = crc32c_sse42;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>

__attribute__((target("crc"))) static uint32_t crc32c_arm(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *p = bytes;
  uint32_t state = ~crc;
  for (; length >= 8; p += 8, length -= 8) state = __crc32cd(state, load64(p));
  for (; length > 0; p++, length--) state = __crc32cb(state, *p);
  return ~state;
}

__attribute__((constructor)) static void prepare(void) {
  const unsigned long has_crc32 = 1 << 7;
  build_slices();
  if (getauxval(AT_HWCAP) & has_crc32) chosen = crc32c_arm;
}

#else

__attribute__((constructor)) static void prepare(void) { build_slices(); }

#endif
