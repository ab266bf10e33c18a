// What the members of the XXH3 family share (xxHash by Yann Collet; doc/xxhash_spec.md): primes, secret, small mixes.
#ifndef SOFA_XXH3_H
#define SOFA_XXH3_H

#include "load.h"

#define P1 0x9E3779B1u
#define P2 0x85EBCA77u
#define P3 0xC2B2AE3Du
#define P4 0x27D4EB2Fu
#define P5 0x165667B1u
#define Q1 0x9E3779B185EBCA87u
#define Q2 0xC2B2AE3D27D4EB4Fu
#define Q3 0x165667B19E3779F9u
#define Q4 0x85EBCA77C2B2AE63u
#define Q5 0x27D4EB2F165667C5u

enum { secret_length = 192, stripe_length = 64, block_stripes = 16, block_length = 1024 };

// In the header, so that the compiler folds loads at fixed places into constants.
static const uint8_t secret[secret_length] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d,
    0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0,
    0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0,
    0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b,
    0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac,
    0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51,
    0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34,
    0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49,
    0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8,
    0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b,
    0x40, 0x7e,
};

ALWAYS_INLINE uint64_t secret64(size_t at) { return load64(secret + at); }
ALWAYS_INLINE uint32_t secret32(size_t at) { return load32(secret + at); }

ALWAYS_INLINE uint64_t avalanche(uint64_t h, uint64_t prime) {
  h ^= h >> 37;
  h *= prime;
  return h ^ (h >> 32);
}

/// The multiplier of XXH3's avalanche; the preview used Q3.
#define XXH3_PRIME 0x165667919E3779F9u

ALWAYS_INLINE uint64_t avalanche64(uint64_t h) {
  h ^= h >> 33;
  h *= Q2;
  h ^= h >> 29;
  h *= Q3;
  return h ^ (h >> 32);
}

ALWAYS_INLINE uint64_t mix16(const uint8_t *p, size_t at, uint64_t seed) {
  return fold(load64(p) ^ (secret64(at) + seed), load64(p + 8) ^ (secret64(at + 8) - seed));
}

/// 17...128 bytes with seed 0, before the avalanche: pairs from the outside in.
ALWAYS_INLINE uint64_t mix_to_128(const uint8_t *p, size_t n) {
  uint64_t acc = n * Q1;
  if (n > 32) {
    if (n > 64) {
      if (n > 96) acc += mix16(p + 48, 96, 0) + mix16(p + n - 64, 112, 0);
      acc += mix16(p + 32, 64, 0) + mix16(p + n - 48, 80, 0);
    }
    acc += mix16(p + 16, 32, 0) + mix16(p + n - 32, 48, 0);
  }
  return acc + mix16(p, 0, 0) + mix16(p + n - 16, 16, 0);
}

/// 129...240 bytes with seed 0, before the last avalanche.
ALWAYS_INLINE uint64_t mix_to_240(const uint8_t *p, size_t n, uint64_t prime) {
  uint64_t acc = n * Q1;
  for (size_t i = 0; i < 8; i++) acc += mix16(p + 16 * i, 16 * i, 0);
  acc = avalanche(acc, prime);
  for (size_t i = 8; i < n / 16; i++) acc += mix16(p + 16 * i, 16 * (i - 8) + 3, 0);
  return acc + mix16(p + n - 16, 136 - 17, 0);
}

ALWAYS_INLINE uint64_t merge_lanes(const uint64_t lanes[8], const uint8_t *key, uint64_t start) {
  for (int j = 0; j < 4; j++) {
    start += fold(lanes[2 * j] ^ load64(key + 16 * j), lanes[2 * j + 1] ^ load64(key + 16 * j + 8));
  }
  return start;
}

/// The eight lanes of inputs longer than 240 bytes after all stripes, with a secret of `secret_length` bytes.
/// Runs the widest vectors that the machine has.
void xxh3_lanes(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8]);
void xxh3_lanes_portable(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8]);
/// The same for the preview, with the shared secret.
void xxph3_lanes(const uint8_t *p, size_t n, uint64_t lanes[8]);

#endif
