// XXH3, 128 bits, with seed. Source: doc/xxhash_spec.md of xxHash 0.8.
#include "CSofaKernels.h"
#include "xxh3.h"

ALWAYS_INLINE sofa_hash128 product(uint64_t a, uint64_t b) {
  unsigned __int128 wide = (unsigned __int128)a * b;
  return (sofa_hash128){(uint64_t)wide, (uint64_t)(wide >> 64)};
}

ALWAYS_INLINE sofa_hash128 to_3(const uint8_t *p, size_t n, uint64_t seed) {
  uint32_t low = (uint32_t)p[0] << 16 | (uint32_t)p[n >> 1] << 24 | p[n - 1] | (uint32_t)n << 8;
  uint32_t high = rotl32(__builtin_bswap32(low), 13);
  return (sofa_hash128){
      avalanche64(low ^ ((secret32(0) ^ secret32(4)) + seed)),
      avalanche64(high ^ ((secret32(8) ^ secret32(12)) - seed)),
  };
}

ALWAYS_INLINE sofa_hash128 to_8(const uint8_t *p, size_t n, uint64_t seed) {
  seed ^= (uint64_t)__builtin_bswap32((uint32_t)seed) << 32;
  uint64_t input = load32(p) + ((uint64_t)load32(p + n - 4) << 32);
  sofa_hash128 m = product(input ^ ((secret64(16) ^ secret64(24)) + seed), Q1 + (n << 2));
  m.high += m.low << 1;
  m.low ^= m.high >> 3;
  m.low ^= m.low >> 35;
  m.low *= 0x9FB21C651E98DF25u;
  m.low ^= m.low >> 28;
  m.high = avalanche(m.high, XXH3_PRIME);
  return m;
}

ALWAYS_INLINE sofa_hash128 to_16(const uint8_t *p, size_t n, uint64_t seed) {
  uint64_t low = load64(p), high = load64(p + n - 8);
  sofa_hash128 m = product(low ^ high ^ ((secret64(32) ^ secret64(40)) - seed), Q1);
  m.low += (uint64_t)(n - 1) << 54;
  high ^= (secret64(48) ^ secret64(56)) + seed;
  m.high += high + (uint64_t)(uint32_t)high * (P2 - 1);
  m.low ^= __builtin_bswap64(m.high);
  sofa_hash128 h = product(m.low, Q2);
  h.high += m.high * Q2;
  return (sofa_hash128){avalanche(h.low, XXH3_PRIME), avalanche(h.high, XXH3_PRIME)};
}

ALWAYS_INLINE void mix32(sofa_hash128 *acc, const uint8_t *a, const uint8_t *b, size_t at, uint64_t seed) {
  acc->low += mix16(a, at, seed);
  acc->low ^= load64(b) + load64(b + 8);
  acc->high += mix16(b, at + 16, seed);
  acc->high ^= load64(a) + load64(a + 8);
}

ALWAYS_INLINE sofa_hash128 finish(sofa_hash128 acc, size_t n, uint64_t seed) {
  uint64_t high = acc.low * Q1 + acc.high * Q4 + (n - seed) * Q2;
  return (sofa_hash128){avalanche(acc.low + acc.high, XXH3_PRIME), 0 - avalanche(high, XXH3_PRIME)};
}

ALWAYS_INLINE sofa_hash128 to_128(const uint8_t *p, size_t n, uint64_t seed) {
  sofa_hash128 acc = {n * Q1, 0};
  if (n > 32) {
    if (n > 64) {
      if (n > 96) mix32(&acc, p + 48, p + n - 64, 96, seed);
      mix32(&acc, p + 32, p + n - 48, 64, seed);
    }
    mix32(&acc, p + 16, p + n - 32, 32, seed);
  }
  mix32(&acc, p, p + n - 16, 0, seed);
  return finish(acc, n, seed);
}

ALWAYS_INLINE sofa_hash128 to_240(const uint8_t *p, size_t n, uint64_t seed) {
  sofa_hash128 acc = {n * Q1, 0};
  for (size_t i = 0; i < 4; i++) mix32(&acc, p + 32 * i, p + 32 * i + 16, 32 * i, seed);
  acc.low = avalanche(acc.low, XXH3_PRIME);
  acc.high = avalanche(acc.high, XXH3_PRIME);
  for (size_t i = 4; i < n / 32; i++) mix32(&acc, p + 32 * i, p + 32 * i + 16, 3 + 32 * (i - 4), seed);
  mix32(&acc, p + n - 16, p + n - 32, 136 - 17 - 16, 0 - seed);
  return finish(acc, n, seed);
}

ALWAYS_INLINE sofa_hash128 hash(const uint8_t *p, size_t n, uint64_t seed,
                                void (*run)(const uint8_t *, size_t, const uint8_t *, uint64_t[8])) {
  if (n == 0) {
    return (sofa_hash128){
        avalanche64(seed ^ secret64(64) ^ secret64(72)),
        avalanche64(seed ^ secret64(80) ^ secret64(88)),
    };
  }
  if (n <= 3) return to_3(p, n, seed);
  if (n <= 8) return to_8(p, n, seed);
  if (n <= 16) return to_16(p, n, seed);
  if (n <= 128) return to_128(p, n, seed);
  if (n <= 240) return to_240(p, n, seed);
  uint8_t key[secret_length];
  for (size_t at = 0; at < secret_length; at += 16) {
    uint64_t pair[2] = {secret64(at) + seed, secret64(at + 8) - seed};
    memcpy(key + at, pair, sizeof pair);
  }
  uint64_t lanes[8];
  run(p, n, key, lanes);
  uint64_t low = merge_lanes(lanes, key + 11, n * Q1);
  uint64_t high = merge_lanes(lanes, key + secret_length - stripe_length - 11, ~(n * Q2));
  return (sofa_hash128){avalanche(low, XXH3_PRIME), avalanche(high, XXH3_PRIME)};
}

sofa_hash128 sofa_xxh3_128(const void *bytes, size_t length, uint64_t seed) {
  return hash(bytes, length, seed, xxh3_lanes);
}

sofa_hash128 sofa_xxh3_128_portable(const void *bytes, size_t length, uint64_t seed) {
  return hash(bytes, length, seed, xxh3_lanes_portable);
}
