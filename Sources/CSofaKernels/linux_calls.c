#define _GNU_SOURCE
#include "linux_calls.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int sofa_rename_new(int directory, const char *from, const char *to) {
  return renameat2(directory, from, directory, to, RENAME_NOREPLACE);
}

int sofa_start_writeback(int file, int64_t offset, int64_t length) {
  struct stat status;
  if (fstat(file, &status) == 0 && status.st_nlink == 0) return 0;
  return sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}

// Linux 6.5; the same number on every architecture but alpha.
#define CACHESTAT 451

int64_t sofa_cached_bytes(int file) {
  struct { uint64_t offset, length; } all = {0, 0};
  struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } found;
  memset(&found, 0, sizeof found);
  if (syscall(CACHESTAT, file, &all, &found, 0) != 0) return -1;
  return (int64_t)found.cached * sysconf(_SC_PAGESIZE);
}

int sofa_lock_file(int file) {
  struct flock whole;
  memset(&whole, 0, sizeof whole);
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return fcntl(file, F_OFD_SETLK, &whole);
}

int sofa_unlock_file(int file) {
  struct flock whole;
  memset(&whole, 0, sizeof whole);
  whole.l_type = F_UNLCK;
  whole.l_whence = SEEK_SET;
  return fcntl(file, F_OFD_SETLK, &whole);
}

int sofa_lock_holder(int file) {
  struct flock whole;
  memset(&whole, 0, sizeof whole);
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  // Asked in the name of the open file, so that a lock of this process through another one counts too.
  if (fcntl(file, F_OFD_GETLK, &whole) != 0) return -2;
  return whole.l_type == F_UNLCK ? 0 : whole.l_pid > 0 ? whole.l_pid : -1;
}
