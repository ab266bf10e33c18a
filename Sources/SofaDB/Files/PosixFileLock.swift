internal import CSofaKernels
internal import Synchronization

/// A lock that is given back by `release`, or when its descriptor goes. A child process that was just begun shares the
/// open file until it runs its own program, so that closing alone would leave the lock for a moment. The lock file is
/// neither written, cut nor removed: other engines rely on its inode staying the same.
final class PosixFileLock: FileLock {
  private let descriptor: Lock<Descriptor?>

  init(descriptor: consuming Descriptor) {
    self.descriptor = Lock(descriptor)
  }

  func release() {
    descriptor.withLock { held in
      if let number = held?.number { _ = sofa_unlock_file(number) }
      held = nil
    }
  }
}
