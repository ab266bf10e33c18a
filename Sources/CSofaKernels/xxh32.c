// XXH32. Source: doc/xxhash_spec.md of xxHash.
#include "CSofaKernels.h"
#include "xxh3.h"

ALWAYS_INLINE uint32_t turn(uint32_t lane, uint32_t word) { return rotl32(lane + word * P2, 13) * P1; }

ALWAYS_INLINE void stripe(uint32_t lanes[4], const uint8_t *p) {
  for (int i = 0; i < 4; i++) lanes[i] = turn(lanes[i], load32(p + 4 * i));
}

/// What is left after the whole stripes of `total` bytes is `rest` (fewer than 16).
ALWAYS_INLINE uint32_t finish(const uint32_t lanes[4], const uint8_t *rest, size_t total, uint32_t seed) {
  uint32_t h = total < 16 ? seed + P5
                          : rotl32(lanes[0], 1) + rotl32(lanes[1], 7) + rotl32(lanes[2], 12) + rotl32(lanes[3], 18);
  size_t left = total % 16;
  h += (uint32_t)total;
  for (; left >= 4; rest += 4, left -= 4) h = rotl32(h + load32(rest) * P3, 17) * P4;
  for (; left > 0; rest++, left--) h = rotl32(h + *rest * P5, 11) * P1;
  h ^= h >> 15;
  h *= P2;
  h ^= h >> 13;
  h *= P3;
  return h ^ (h >> 16);
}

uint32_t sofa_xxh32(const void *bytes, size_t length, uint32_t seed) {
  const uint8_t *p = bytes;
  uint32_t lanes[4] = {seed + P1 + P2, seed + P2, seed, seed - P1};
  for (size_t left = length; left >= 16; p += 16, left -= 16) stripe(lanes, p);
  return finish(lanes, p, length, seed);
}

uint32_t sofa_xxh32_with_last(const void *bytes, size_t length, uint8_t last, uint32_t seed) {
  const uint8_t *p = bytes;
  uint32_t lanes[4] = {seed + P1 + P2, seed + P2, seed, seed - P1};
  size_t left = length;
  for (; left >= 16; p += 16, left -= 16) stripe(lanes, p);
  uint8_t tail[16];
  if (left > 0) memcpy(tail, p, left);
  tail[left] = last;
  if (left == 15) stripe(lanes, tail);
  return finish(lanes, tail, length + 1, seed);
}
