// Little-endian loads from any address, rotations and the wide multiply, for the hashes of this folder.
#ifndef SOFA_LOAD_H
#define SOFA_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the formats are little-endian and so are the loads");

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE uint32_t load32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, sizeof value);
  return value;
}

ALWAYS_INLINE uint64_t load64(const uint8_t *p) {
  uint64_t value;
  memcpy(&value, p, sizeof value);
  return value;
}

ALWAYS_INLINE uint32_t rotl32(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }
ALWAYS_INLINE uint64_t rotl64(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

/// The two halves of the 128-bit product, folded by xor.
ALWAYS_INLINE uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
