// The 32-bit hash of LevelDB (util/hash.cc), and of RocksDB, where a slip became the format: the last 1...3 bytes are
// taken as signed and so extended over the bits above them.
#include "CSofaKernels.h"
#include "load.h"

uint32_t sofa_hash32(const void *bytes, size_t length, uint32_t seed, bool signed_tail) {
  const uint32_t m = 0xC6A4A793;
  const uint8_t *p = bytes;
  uint32_t h = seed ^ ((uint32_t)length * m);
  for (; length >= 4; p += 4, length -= 4) {
    h = (h + load32(p)) * m;
    h ^= h >> 16;
  }
  if (length == 0) return h;
  for (size_t i = length; i-- > 0;) {
    uint32_t byte = signed_tail ? (uint32_t)(int32_t)(int8_t)p[i] : p[i];
    h += byte << (8 * i);
  }
  h *= m;
  return h ^ (h >> 24);
}
