#ifndef SOFA_LINUX_CALLS_H
#define SOFA_LINUX_CALLS_H
#include <stdint.h>

// System calls that glibc declares under _GNU_SOURCE only, which Swift's importer does not define.
// Each returns 0, or -1 with errno set.

/// Renames within `directory`; EEXIST if `to` is taken, EINVAL or ENOSYS where the file system cannot tell.
int sofa_rename_new(int directory, const char *from, const char *to);

/// Starts writing the range to the device without waiting for it, unless the file has lost its name: nobody will sync
/// such a file, and what is read back soon need not be written at all.
int sofa_start_writeback(int file, int64_t offset, int64_t length);

/// Bytes of the file that are in the page cache, in whole pages; -1 where the kernel does not tell.
int64_t sofa_cached_bytes(int file);

/// Takes an exclusive lock on the whole file that belongs to the open file and not to the process, so that closing
/// another descriptor of the same file does not drop it; it conflicts with classic record locks. EAGAIN when held.
int sofa_lock_file(int file);

/// Gives the lock back, for every descriptor of the open file.
int sofa_unlock_file(int file);

/// The process that holds a lock on the file through another open file: 0 when nobody, -1 when the holder cannot be
/// named, -2 on failure.
int sofa_lock_holder(int file);

#endif
