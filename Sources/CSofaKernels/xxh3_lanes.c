// The long-input loop of XXH3 and of its preview: eight 64-bit lanes over stripes of 64 bytes, one scramble after every
// block of 16 stripes. Source: doc/xxhash_spec.md of xxHash 0.8; for the preview, xxHash 0.7.2 as RocksDB keeps it.
//
// Written once over a vector of eight lanes; the compiler lowers it to two AVX2, four SSE2 or four NEON registers. The
// portable form is the same arithmetic one lane at a time.
#include "xxh3.h"

static const uint64_t start[8] = {P3, Q1, Q2, Q3, Q4, P2, Q5, P1};

typedef uint64_t vector __attribute__((vector_size(64)));

/// Both forms of the loop as text: `preview` decides where a stripe's own words go and how the end is cut.
#define LOOP(accumulate, scramble)                                                                       \
  size_t blocks = (preview ? n : n - 1) / block_length;                                                  \
  for (size_t block = 0; block < blocks; block++, p += block_length) {                                   \
    for (size_t j = 0; j < block_stripes; j++) accumulate(p + 64 * j, key + 8 * j);                      \
    scramble(key + secret_length - stripe_length);                                                       \
  }                                                                                                      \
  size_t rest = n - block_length * blocks;                                                               \
  size_t stripes = (preview ? rest : rest - 1) / stripe_length;                                          \
  for (size_t j = 0; j < stripes; j++) accumulate(p + 64 * j, key + 8 * j);                              \
  if (!preview || rest % stripe_length != 0)                                                             \
    accumulate(p + rest - stripe_length, key + secret_length - stripe_length - 7);

ALWAYS_INLINE void run_vector(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8], int preview) {
  vector acc;
  memcpy(&acc, start, sizeof acc);
#define ACCUMULATE(at, with)                                                                             \
  {                                                                                                      \
    vector value, mixed;                                                                                 \
    memcpy(&value, at, sizeof value);                                                                    \
    memcpy(&mixed, with, sizeof mixed);                                                                  \
    mixed ^= value;                                                                                      \
    acc += preview ? value : __builtin_shufflevector(value, value, 1, 0, 3, 2, 5, 4, 7, 6);              \
    acc += (mixed & 0xFFFFFFFFu) * (mixed >> 32);                                                        \
  }
#define SCRAMBLE(with)                                                                                   \
  {                                                                                                      \
    vector mixed;                                                                                        \
    memcpy(&mixed, with, sizeof mixed);                                                                  \
    acc = (acc ^ (acc >> 47) ^ mixed) * P1;                                                              \
  }
  LOOP(ACCUMULATE, SCRAMBLE)
  memcpy(lanes, &acc, sizeof acc);
#undef ACCUMULATE
#undef SCRAMBLE
}

void xxh3_lanes_portable(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8]) {
  enum { preview = 0 };
  memcpy(lanes, start, sizeof start);
#define ACCUMULATE(at, with)                                                                             \
  for (int i = 0; i < 8; i++) {                                                                          \
    uint64_t value = load64((at) + 8 * i);                                                               \
    uint64_t mixed = value ^ load64((with) + 8 * i);                                                     \
    lanes[i ^ 1] += value;                                                                               \
    lanes[i] += (mixed & 0xFFFFFFFFu) * (mixed >> 32);                                                   \
  }
#define SCRAMBLE(with)                                                                                   \
  for (int i = 0; i < 8; i++) lanes[i] = (lanes[i] ^ (lanes[i] >> 47) ^ load64((with) + 8 * i)) * P1;
  LOOP(ACCUMULATE, SCRAMBLE)
#undef ACCUMULATE
#undef SCRAMBLE
}

static void xxh3_baseline(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8]) {
  run_vector(p, n, key, lanes, 0);
}

static void (*chosen)(const uint8_t *, size_t, const uint8_t *, uint64_t[8]) = xxh3_baseline;

void xxh3_lanes(const uint8_t *p, size_t n, const uint8_t *key, uint64_t lanes[8]) { chosen(p, n, key, lanes); }

// Keys longer than 240 bytes are rare: the machine's baseline is enough.
void xxph3_lanes(const uint8_t *p, size_t n, uint64_t lanes[8]) { run_vector(p, n, secret, lanes, 1); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void xxh3_avx2(const uint8_t *p, size_t n, const uint8_t *key,
                                                      uint64_t lanes[8]) {
  run_vector(p, n, key, lanes, 0);
}

__attribute__((constructor)) static void prepare(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) chosen = xxh3_avx2;
}
#endif
