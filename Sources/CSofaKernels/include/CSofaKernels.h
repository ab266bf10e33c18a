#ifndef CSOFAKERNELS_H
#define CSOFAKERNELS_H

/// Checksums and hashes of the formats, each a plain function over a run of bytes. `bytes` may be null when `length`
/// is 0. All are safe to call from any thread. Those with a `_portable` twin choose the machine's instructions at load
/// time; the twin is what other machines run, and is public so that tests can compare the two.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "delimited_text.h"
#include "linux_calls.h"
#include "processor.h"

/// CRC-32C (Castagnoli) of `length` bytes, continuing from the checksum `crc` of what came before (0 to start).
uint32_t sofa_crc32c(uint32_t crc, const void *bytes, size_t length);
uint32_t sofa_crc32c_portable(uint32_t crc, const void *bytes, size_t length);

/// XXH3, 64 bits, seed 0, as of xxHash 0.8.
uint64_t sofa_xxh3_64(const void *bytes, size_t length);
uint64_t sofa_xxh3_64_portable(const void *bytes, size_t length);

typedef struct {
  uint64_t low;
  uint64_t high;
} sofa_hash128;

/// XXH3, 128 bits, as of xxHash 0.8.
sofa_hash128 sofa_xxh3_128(const void *bytes, size_t length, uint64_t seed);
sofa_hash128 sofa_xxh3_128_portable(const void *bytes, size_t length, uint64_t seed);

/// The preview of XXH3 (xxHash 0.7.2) that RocksDB's Bloom and Ribbon filters keep, seed 0.
uint64_t sofa_xxph3(const void *bytes, size_t length);

/// XXH32 and XXH64 of the bytes followed by the single byte `last`, which is how block trailers are checked.
uint32_t sofa_xxh32_with_last(const void *bytes, size_t length, uint8_t last, uint32_t seed);
uint64_t sofa_xxh64_with_last(const void *bytes, size_t length, uint8_t last, uint64_t seed);
uint32_t sofa_xxh32(const void *bytes, size_t length, uint32_t seed);
uint64_t sofa_xxh64(const void *bytes, size_t length, uint64_t seed);

/// The murmur-like hash of LevelDB (`signed_tail` false) and RocksDB (true).
uint32_t sofa_hash32(const void *bytes, size_t length, uint32_t seed, bool signed_tail);

/// SHA-256 over pieces: `init`, any number of `update`, one `finish`.
typedef struct {
  uint32_t state[8];
  /// Bytes taken so far; the last `length % 64` wait in `block`.
  uint64_t length;
  uint8_t block[64];
} sofa_sha256;

void sofa_sha256_init(sofa_sha256 *hash);
void sofa_sha256_update(sofa_sha256 *hash, const void *bytes, size_t length);
void sofa_sha256_update_portable(sofa_sha256 *hash, const void *bytes, size_t length);
void sofa_sha256_finish(sofa_sha256 *hash, uint8_t digest[32]);

#endif
