/// Crashes a scenario after every change and hands what may be left to a check.
///
///     let report = enumerateCrashes { disk in
///       let database = try open(disk)
///       try database.put(...)          // synced
///       disk.milestone += 1            // from here on a crash may not lose it
///     } check: { image in
///       let database = try open(image.fileSystem)
///       try require(database.count >= image.milestone)
///     }
///     #expect(report.failures.isEmpty, "\(report)")
///
/// The scenario runs once. Images with the same content and the same milestone are checked once. A check may call
/// `enumerateCrashes` again, to crash the recovery.
import SofaDB
import Synchronization

public struct CrashImage: CustomStringConvertible {
  /// After the restart: nothing is pending, nobody holds a lock.
  public let fileSystem: SimulatedFileSystem
  /// What the scenario had set when the crash came.
  public let milestone: Int
  /// The last call before the crash; nil when nothing had been called.
  public let operation: FileOperation?
  public let persistence: Persistence
  /// Which of the images of that operation and profile.
  public let choice: Int

  public var description: String {
    "crash after \(operation?.description ?? "nothing"), \(persistence) \(choice), milestone \(milestone)"
  }
}

public struct CrashReport: CustomStringConvertible, Sendable {
  /// Calls of the scenario.
  public fileprivate(set) var operations = 0
  /// Images that were derived.
  public fileprivate(set) var images = 0
  /// Images that differ and were checked.
  public fileprivate(set) var distinct = 0
  /// The first few, in words, with what is needed to see them again.
  public fileprivate(set) var failures: [String] = []

  public var description: String {
    "\(operations) calls, \(images) images, \(distinct) distinct" + failures.map { "\n  " + $0 }.joined()
  }
}

/// - Parameters:
///   - start: The disk that the scenario finds; by default a root with an empty `db`.
///   - scenario: Runs on one thread; an error it throws is a failure.
///   - check: Throws when the image breaks a promise.
@discardableResult
public func enumerateCrashes(
  from start: SimulatedDisk = SimulatedFileSystem().disk, options: CrashOptions = CrashOptions(),
  scenario: (SimulatedFileSystem) throws -> Void, check: @escaping (CrashImage) throws -> Void
) -> CrashReport {
  let enumeration = CrashEnumeration(options: options, check: check)
  let system = SimulatedFileSystem(disk: start) { disk, operation, milestone in
    enumeration.crash(disk, after: operation, milestone: milestone)
  }
  enumeration.crash(start, after: nil, milestone: 0)
  do {
    try scenario(system)
  } catch {
    enumeration.fail("the scenario failed: \(error)")
  }
  return enumeration.report(operations: system.operations.count)
}

/// Calls of the scenario and their checks run on one thread, so that the state needs no protection of its own.
private final class CrashEnumeration: @unchecked Sendable {
  private struct Seen: Hashable {
    var content: Digest128
    var milestone: Int
  }

  private static let reportedFailures = 5

  private let options: CrashOptions
  private let check: (CrashImage) throws -> Void
  private var seen: Set<Seen> = []
  private var result = CrashReport()
  private var last: FileOperation?
  private var tick = 0

  init(options: CrashOptions, check: @escaping (CrashImage) throws -> Void) {
    self.options = options
    self.check = check
  }

  func crash(_ disk: SimulatedDisk, after operation: FileOperation?, milestone: Int) {
    last = operation ?? last
    tick += 1
    for profile in options.profiles {
      for (choice, image) in disk.images(of: profile, options, tick: tick).enumerated() {
        result.images += 1
        guard seen.insert(Seen(content: image.digest(), milestone: milestone)).inserted else { continue }
        result.distinct += 1
        let image = CrashImage(
          fileSystem: SimulatedFileSystem(disk: image), milestone: milestone, operation: last, persistence: profile,
          choice: choice)
        do {
          try check(image)
        } catch {
          fail("\(image), seed \(options.seed): \(error)")
        }
      }
    }
  }

  func fail(_ text: String) {
    if result.failures.count < CrashEnumeration.reportedFailures { result.failures.append(text) }
  }

  func report(operations: Int) -> CrashReport {
    result.operations = operations
    return result
  }
}
