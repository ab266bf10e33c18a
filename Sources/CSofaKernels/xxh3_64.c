// XXH3, 64 bits, seed 0. Source: doc/xxhash_spec.md of xxHash 0.8.
#include "CSofaKernels.h"
#include "xxh3.h"

ALWAYS_INLINE uint64_t to_16(const uint8_t *p, size_t n) {
  if (n > 8) {
    uint64_t low = load64(p) ^ (secret64(24) ^ secret64(32));
    uint64_t high = load64(p + n - 8) ^ (secret64(40) ^ secret64(48));
    return avalanche(n + __builtin_bswap64(low) + high + fold(low, high), XXH3_PRIME);
  }
  if (n >= 4) {
    uint64_t a = load32(p), b = load32(p + n - 4);
    uint64_t k = (b + (a << 32)) ^ (secret64(8) ^ secret64(16));
    k ^= rotl64(k, 49) ^ rotl64(k, 24);
    k *= 0x9FB21C651E98DF25u;
    k ^= (k >> 35) + n;
    k *= 0x9FB21C651E98DF25u;
    return k ^ (k >> 28);
  }
  if (n > 0) {
    uint32_t x = (uint32_t)p[0] << 16 | (uint32_t)p[n >> 1] << 24 | p[n - 1] | (uint32_t)n << 8;
    return avalanche64(x ^ (secret32(0) ^ secret32(4)));
  }
  return avalanche64(secret64(56) ^ secret64(64));
}

ALWAYS_INLINE uint64_t hash(const uint8_t *p, size_t n,
                            void (*run)(const uint8_t *, size_t, const uint8_t *, uint64_t[8])) {
  if (n <= 16) return to_16(p, n);
  if (n <= 128) return avalanche(mix_to_128(p, n), XXH3_PRIME);
  if (n <= 240) return avalanche(mix_to_240(p, n, XXH3_PRIME), XXH3_PRIME);
  uint64_t lanes[8];
  run(p, n, secret, lanes);
  return avalanche(merge_lanes(lanes, secret + 11, n * Q1), XXH3_PRIME);
}

uint64_t sofa_xxh3_64(const void *bytes, size_t length) { return hash(bytes, length, xxh3_lanes); }

uint64_t sofa_xxh3_64_portable(const void *bytes, size_t length) { return hash(bytes, length, xxh3_lanes_portable); }
