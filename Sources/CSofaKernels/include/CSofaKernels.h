#ifndef CSOFAKERNELS_H
#define CSOFAKERNELS_H
#include <stddef.h>
#include <stdint.h>
#include "linux_calls.h"

/// CRC-32C of `length` bytes, continuing from `crc` (0 to start).
uint32_t sofa_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
