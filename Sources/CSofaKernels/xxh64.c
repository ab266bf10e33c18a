// XXH64. Source: doc/xxhash_spec.md of xxHash.
#include "CSofaKernels.h"
#include "xxh3.h"

ALWAYS_INLINE uint64_t turn(uint64_t lane, uint64_t word) { return rotl64(lane + word * Q2, 31) * Q1; }

ALWAYS_INLINE void stripe(uint64_t lanes[4], const uint8_t *p) {
  for (int i = 0; i < 4; i++) lanes[i] = turn(lanes[i], load64(p + 8 * i));
}

/// What is left after the whole stripes of `total` bytes is `rest` (fewer than 32).
ALWAYS_INLINE uint64_t finish(const uint64_t lanes[4], const uint8_t *rest, size_t total, uint64_t seed) {
  uint64_t h = seed + Q5;
  if (total >= 32) {
    h = rotl64(lanes[0], 1) + rotl64(lanes[1], 7) + rotl64(lanes[2], 12) + rotl64(lanes[3], 18);
    for (int i = 0; i < 4; i++) h = (h ^ turn(0, lanes[i])) * Q1 + Q4;
  }
  size_t left = total % 32;
  h += total;
  for (; left >= 8; rest += 8, left -= 8) h = rotl64(h ^ turn(0, load64(rest)), 27) * Q1 + Q4;
  if (left >= 4) {
    h = rotl64(h ^ (load32(rest) * Q1), 23) * Q2 + Q3;
    rest += 4;
    left -= 4;
  }
  for (; left > 0; rest++, left--) h = rotl64(h ^ (*rest * Q5), 11) * Q1;
  return avalanche64(h);
}

uint64_t sofa_xxh64(const void *bytes, size_t length, uint64_t seed) {
  const uint8_t *p = bytes;
  uint64_t lanes[4] = {seed + Q1 + Q2, seed + Q2, seed, seed - Q1};
  for (size_t left = length; left >= 32; p += 32, left -= 32) stripe(lanes, p);
  return finish(lanes, p, length, seed);
}

uint64_t sofa_xxh64_with_last(const void *bytes, size_t length, uint8_t last, uint64_t seed) {
  const uint8_t *p = bytes;
  uint64_t lanes[4] = {seed + Q1 + Q2, seed + Q2, seed, seed - Q1};
  size_t left = length;
  for (; left >= 32; p += 32, left -= 32) stripe(lanes, p);
  uint8_t tail[32];
  if (left > 0) memcpy(tail, p, left);
  tail[left] = last;
  if (left == 31) stripe(lanes, tail);
  return finish(lanes, tail, length + 1, seed);
}
