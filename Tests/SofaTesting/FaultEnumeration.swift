/// Makes every call of a scenario fail in every way, one at a time, and hands each outcome to a check.
///
/// The scenario first runs without faults, to learn its calls. Then it runs again for each call and each fault that
/// fits the call. It must be deterministic up to the fault. After each run the check sees the disk as the process
/// left it, and as a crash right after would leave it.
import SofaDB

public struct FaultOutcome: CustomStringConvertible {
  public enum View: String, CaseIterable, Sendable {
    /// The process goes on, or another starts without a crash between.
    case alive
    /// The machine stops; only what was synced is left.
    case crashed
  }

  /// Without faults, without locks.
  public let fileSystem: SimulatedFileSystem
  public let view: View
  /// What the scenario threw; nil when it claims success.
  public let error: (any Error)?
  /// What the scenario had set when it ended.
  public let milestone: Int
  /// The call that went wrong first.
  public let operation: FileOperation
  public let fault: Fault
  /// Calls after the fault.
  public let callsAfter: [FileOperation]

  public var description: String { "\(operation) \(fault); then \(view), milestone \(milestone)" }
}

public struct FaultReport: CustomStringConvertible, Sendable {
  /// Calls of the scenario without faults.
  public fileprivate(set) var operations = 0
  public fileprivate(set) var runs = 0
  public fileprivate(set) var failures: [String] = []

  public var description: String {
    "\(operations) calls, \(runs) runs with a fault" + failures.map { "\n  " + $0 }.joined()
  }
}

/// How long a fault lasts.
public enum FaultDuration: Sendable {
  case once
  /// Every later call that the fault fits fails as well.
  case forEver
  /// So many calls, then the device is well again.
  case calls(Int)

  fileprivate func plan(from index: Int, _ fault: Fault) -> FaultPlan {
    let end: Int =
      switch self {
      case .once: index + 1
      case .forEver: .max
      case .calls(let count): index + count
      }
    return FaultPlan {
      $0.index >= index && $0.index < end && Fault.all(of: $0.kind).contains(fault) ? fault : nil
    }
  }
}

/// - Parameters:
///   - start: The disk that the scenario finds; by default a root with an empty `db`.
///   - only: Which calls are made to fail.
///   - scenario: May throw when a fault hits it, and must not without one.
///   - check: Throws when the outcome breaks a promise.
@discardableResult
public func enumerateFaults(
  from start: SimulatedDisk = SimulatedFileSystem().disk, lasting duration: FaultDuration = .once,
  only: (FileOperation) -> Bool = { _ in true },
  scenario: (SimulatedFileSystem) throws -> Void, check: (FaultOutcome) throws -> Void
) -> FaultReport {
  var report = FaultReport()
  func fail(_ text: String) {
    if report.failures.count < 5 { report.failures.append(text) }
  }
  let clean = SimulatedFileSystem(disk: start)
  do {
    try scenario(clean)
  } catch {
    fail("the scenario failed without a fault: \(error)")
  }
  if clean.openHandles != 0 { fail("the scenario leaves \(clean.openHandles) files open") }
  if !clean.unclosedFiles.isEmpty { fail("never closed: \(clean.unclosedFiles)") }
  let operations = clean.operations
  report.operations = operations.count
  for operation in operations where only(operation) {
    for fault in Fault.all(of: operation.kind) {
      report.runs += 1
      for outcome in outcomes(of: scenario, from: start, operation, fault, duration) {
        do {
          try check(outcome)
        } catch {
          fail("\(outcome): \(error)")
        }
      }
    }
  }
  return report
}

private func outcomes(
  of scenario: (SimulatedFileSystem) throws -> Void, from start: SimulatedDisk, _ operation: FileOperation,
  _ fault: Fault,
  _ duration: FaultDuration
) -> [FaultOutcome] {
  let system = SimulatedFileSystem(disk: start)
  system.faults = duration.plan(from: operation.index, fault)
  var thrown: (any Error)?
  do {
    try scenario(system)
  } catch {
    thrown = error
  }
  let disk = system.disk
  let calls = system.operations
  let hit = calls.indices.contains(operation.index) ? calls[operation.index] : operation
  let strict = disk.images(of: .strict, CrashOptions(), tick: 0)[0]
  return FaultOutcome.View.allCases.map { view in
    FaultOutcome(
      fileSystem: SimulatedFileSystem(disk: view == .alive ? disk : strict), view: view, error: thrown,
      milestone: system.milestone, operation: hit, fault: fault, callsAfter: Array(calls.dropFirst(operation.index + 1))
    )
  }
}
