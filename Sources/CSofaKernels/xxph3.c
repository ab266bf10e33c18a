// The preview of XXH3 of xxHash 0.7.2, seed 0, frozen by RocksDB (util/xxph3.h) because it is stored in filters. It
// differs from the final XXH3 up to 16 bytes, in the avalanche, and in where long inputs put a stripe's own words.
// The empty input is RocksDB's own rule.
#include "CSofaKernels.h"
#include "xxh3.h"

uint64_t sofa_xxph3(const void *bytes, size_t length) {
  const uint8_t *p = bytes;
  size_t n = length;
  if (__builtin_expect(n - 9 < 8, 1)) {
    uint64_t low = load64(p) ^ secret64(0);
    uint64_t high = load64(p + n - 8) ^ secret64(8);
    return avalanche(n + (low + high) + fold(low, high), Q3);
  }
  if (n > 16) {
    if (n <= 128) return avalanche(mix_to_128(p, n), Q3);
    if (n <= 240) return avalanche(mix_to_240(p, n, Q3), Q3);
    uint64_t lanes[8];
    xxph3_lanes(p, n, lanes);
    return avalanche(merge_lanes(lanes, secret + 11, n * Q1), Q3);
  }
  if (n >= 4) {
    uint64_t k = (load32(p) | (uint64_t)load32(p + n - 4) << 32) ^ secret64(0);
    uint64_t m = n + (k ^ (k >> 51)) * P1;
    return avalanche((m ^ (m >> 47)) * Q2, Q3);
  }
  if (n > 0) {
    uint32_t x = p[0] | (uint32_t)p[n >> 1] << 8 | (uint32_t)p[n - 1] << 16 | (uint32_t)n << 24;
    return avalanche((uint64_t)(x ^ secret32(0)) * Q1, Q3);
  }
  return fold(secret64(0), Q2);
}
