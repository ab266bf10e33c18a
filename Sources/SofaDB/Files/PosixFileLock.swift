internal import Synchronization

/// A lock that lives as long as its descriptor. The lock file is neither written, cut nor removed: other engines rely
/// on its inode staying the same.
final class PosixFileLock: FileLock {
  private let descriptor: Mutex<Descriptor?>

  init(descriptor: consuming Descriptor) {
    self.descriptor = Mutex(descriptor)
  }

  func release() {
    descriptor.withLock { $0 = nil }
  }
}
