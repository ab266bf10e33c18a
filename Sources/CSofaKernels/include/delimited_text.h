#ifndef SOFA_DELIMITED_TEXT_H
#define SOFA_DELIMITED_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What `sofa_rows_scan` found in text that starts at the start of a row.
struct sofa_rows {
  /// Bytes up to and with the last newline that ends a row; 0 when there is none.
  size_t end;
  /// Newlines in those bytes, the ones inside quotes included.
  uint64_t newlines;
  /// Newlines in those bytes that end rows.
  uint64_t rows;
  /// A quote stands where RFC 4180 allows none. `end` is not to be trusted then.
  bool malformed;
  /// The text ends inside quotes.
  bool open;
};

/// Finds where the last whole row of delimited text ends. `quote` is a byte, or -1 when quotes mean nothing.
void sofa_rows_scan(const uint8_t *text, size_t length, uint8_t delimiter, int quote, struct sofa_rows *found);

/// Writes the offsets of all delimiters and newlines outside quotes to `cuts`, which has room for `length` of them, and
/// returns how many there are. The text is whole rows that `sofa_rows_scan` did not call malformed.
size_t sofa_rows_index(const uint8_t *text, size_t length, uint8_t delimiter, int quote, uint32_t *cuts);

#endif
