// Delimited text (RFC 4180), 64 bytes a step: each step turns its bytes into bit masks, one bit a byte, lowest first.
//
// `inside` has a bit for every byte from an opening quote up to the byte before its closing quote: the running parity
// of the quotes. Parity alone would be wrong after a stray quote, so the scan also checks that each opening quote
// follows a delimiter, a newline or a closing quote (two quotes inside a field are one literal quote), and that a
// delimiter, a newline or an opening quote follows each closing one. Whoever gets `malformed` reads byte by byte.
#include "delimited_text.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

struct block {
  __m128i part[4];
};

static inline struct block block_load(const uint8_t *text) {
  struct block b;
  for (int i = 0; i < 4; i++) b.part[i] = _mm_loadu_si128((const __m128i *)(text + 16 * i));
  return b;
}

static inline uint64_t block_equal(const struct block *b, uint8_t byte) {
  const __m128i wanted = _mm_set1_epi8((char)byte);
  uint64_t mask = 0;
  for (int i = 0; i < 4; i++)
    mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(b->part[i], wanted)) << (16 * i);
  return mask;
}
#else
struct block {
  uint64_t part[8];
};

static inline struct block block_load(const uint8_t *text) {
  struct block b;
  memcpy(b.part, text, 64);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  for (int i = 0; i < 8; i++) b.part[i] = __builtin_bswap64(b.part[i]);
#endif
  return b;
}

static inline uint64_t block_equal(const struct block *b, uint8_t byte) {
  const uint64_t low = 0x7F7F7F7F7F7F7F7Full;
  const uint64_t wanted = 0x0101010101010101ull * byte;
  uint64_t mask = 0;
  for (int i = 0; i < 8; i++) {
    const uint64_t x = b->part[i] ^ wanted;
    const uint64_t zero = ~(((x & low) + low) | x | low) >> 7;  // 1 in each byte that is equal
    mask |= ((zero * 0x0102040810204080ull) >> 56) << (8 * i);
  }
  return mask;
}
#endif

/// Bit i of the result is the parity of the bits 0...i.
static inline uint64_t parity_prefix(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
}

// The next 64 bytes, or those that are left and zeros; `valid` has a bit for each byte of the text.
static inline struct block block_at(const uint8_t *bytes, size_t left, uint64_t *valid) {
  *valid = ~0ull;
  if (left >= 64) return block_load(bytes);
  uint8_t last[64] = {0};
  memcpy(last, bytes, left);
  *valid = (1ull << left) - 1;
  return block_load(last);
}

void sofa_rows_scan(const uint8_t *text, size_t length, uint8_t delimiter, int quote, struct sofa_rows *found) {
  uint64_t inside_before = 0;     // all ones when the previous step ended inside quotes
  uint64_t may_open = 1;          // bit 0: the byte before was one that an opening quote may follow
  uint64_t just_closed = 0;       // bit 0: the byte before was a closing quote
  uint64_t closed_cr = 0;         // bit 0: the two bytes before were a closing quote and CR
  uint64_t bad = 0, newlines = 0;
  *found = (struct sofa_rows){0};
  for (size_t at = 0; at < length; at += 64) {
    uint64_t valid;
    const struct block b = block_at(text + at, length - at, &valid);
    const uint64_t newline = block_equal(&b, '\n') & valid;
    uint64_t outside = newline;
    if (quote >= 0) {
      const uint64_t quotes = block_equal(&b, (uint8_t)quote) & valid;
      if ((quotes | inside_before | just_closed | closed_cr) != 0) {
        const uint64_t cuts = newline | (block_equal(&b, delimiter) & valid);
        const uint64_t cr = block_equal(&b, '\r') & valid;
        const uint64_t inside = parity_prefix(quotes) ^ inside_before;
        const uint64_t closes = quotes & ~inside;
        const uint64_t boundary = (cuts & ~inside) | closes;
        const uint64_t after = ((closes << 1) | just_closed) & valid;
        const uint64_t after_cr = after & cr;
        bad |= quotes & inside & ~((boundary << 1) | may_open);
        bad |= after & ~(cuts | cr | quotes);
        bad |= ((after_cr << 1) | closed_cr) & valid & ~newline;
        outside = newline & ~inside;
        may_open = boundary >> 63;
        just_closed = closes >> 63;
        closed_cr = after_cr >> 63;
        inside_before = 0 - (inside >> 63);
      } else {
        may_open = (newline | block_equal(&b, delimiter)) >> 63;
      }
    }
    if (outside) {
      found->rows += (uint64_t)__builtin_popcountll(outside);
      const int top = 63 - __builtin_clzll(outside);
      found->end = at + (size_t)top + 1;
      const uint64_t upto = top == 63 ? ~0ull : (2ull << top) - 1;
      found->newlines = newlines + (uint64_t)__builtin_popcountll(newline & upto);
    }
    newlines += (uint64_t)__builtin_popcountll(newline);
  }
  found->malformed = bad != 0;
  found->open = inside_before != 0;
}

size_t sofa_rows_index(const uint8_t *text, size_t length, uint8_t delimiter, int quote, uint32_t *cuts) {
  uint32_t *next = cuts;
  uint64_t inside_before = 0;
  for (size_t at = 0; at < length; at += 64) {
    uint64_t valid;
    const struct block b = block_at(text + at, length - at, &valid);
    uint64_t found = (block_equal(&b, '\n') | block_equal(&b, delimiter)) & valid;
    if (quote >= 0) {
      const uint64_t inside = parity_prefix(block_equal(&b, (uint8_t)quote) & valid) ^ inside_before;
      inside_before = 0 - (inside >> 63);
      found &= ~inside;
    }
    for (; found; found &= found - 1) *next++ = (uint32_t)(at + (size_t)__builtin_ctzll(found));
  }
  return (size_t)(next - cuts);
}
