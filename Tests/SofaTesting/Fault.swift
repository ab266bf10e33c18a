/// One call into the simulated file system, and how it can be made to go wrong.
import Glibc
import SofaDB

public struct FileOperation: Sendable, CustomStringConvertible {
  public enum Kind: String, CaseIterable, Sendable {
    case openDirectory, list, attributes, open, read, lockState
    case create, append, truncate, syncFile, closeFile, lock
    case createDirectory, rename, link, remove, removeDirectory, syncDirectory
  }

  /// Counts the calls, from 0.
  public var index: Int
  public var kind: Kind
  /// From the root, without a leading slash.
  public var path: String
  /// The new path of a rename or a link.
  public var target = ""
  /// Bytes of a read or an append.
  public var count = 0

  public init(index: Int, kind: Kind, path: String, target: String = "", count: Int = 0) {
    self.index = index
    self.kind = kind
    self.path = path
    self.target = target
    self.count = count
  }

  /// Whether it can change what a crash leaves.
  public var isMutation: Bool {
    switch kind {
    case .openDirectory, .list, .attributes, .open, .read, .lockState: false
    default: true
    }
  }

  /// The last part of the path.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

  public var description: String {
    "#\(index) \(kind) \(path)" + (target.isEmpty ? "" : " -> \(target)") + (count == 0 ? "" : " (\(count) bytes)")
  }
}

public enum Fault: Hashable, Sendable, CustomStringConvertible {
  /// An error, and nothing was done.
  case fail(Int32)
  /// An error, and yet it was done.
  case failDone(Int32)
  /// Half of the bytes are written, then an error.
  case partialWrite(Int32)
  /// Half of the bytes are read, as if the file ended.
  case shortRead
  /// A sync or close fails; the cache keeps the bytes, the device will never get them, a second sync succeeds.
  case losesPending(Int32)
  /// The same, and the cache drops the bytes.
  case revertsPending(Int32)
  /// A sync succeeds and does nothing; the next sync or close of the file reports the error.
  case failsLate(Int32)
  /// Success, and nothing was done: a sync call that somebody forgot.
  case skipped

  public var description: String {
    func text(_ code: Int32) -> String { String(cString: strerror(code)) }
    switch self {
    case .fail(let code): return "fails: \(text(code))"
    case .failDone(let code): return "fails though done: \(text(code))"
    case .partialWrite(let code): return "writes half, then: \(text(code))"
    case .shortRead: return "reads half"
    case .losesPending(let code): return "fails, pending bytes are lost: \(text(code))"
    case .revertsPending(let code): return "fails, pending bytes are dropped: \(text(code))"
    case .failsLate(let code): return "fails at the next call: \(text(code))"
    case .skipped: return "does nothing"
    }
  }

  /// Everything that can go wrong with a call, without `skipped`, which is a defect and not a fault.
  public static func all(of kind: FileOperation.Kind) -> [Fault] {
    switch kind {
    case .attributes, .list, .lockState: [.fail(EIO)]
    case .openDirectory, .open: [.fail(EIO), .fail(EMFILE)]
    case .read: [.fail(EIO), .shortRead]
    case .create: [.fail(EIO), .fail(ENOSPC), .fail(EDQUOT), .fail(EMFILE), .failDone(EIO)]
    case .append:
      [.fail(EIO), .fail(ENOSPC), .fail(EDQUOT), .partialWrite(ENOSPC), .partialWrite(EIO), .failDone(EIO)]
    case .truncate: [.fail(EIO), .failDone(EIO)]
    case .syncFile:
      [
        .losesPending(EIO), .losesPending(ENOSPC), .losesPending(EDQUOT), .revertsPending(EIO), .failsLate(EIO),
        .failDone(EIO),
      ]
    case .closeFile: [.losesPending(EIO), .losesPending(ENOSPC), .failDone(EIO)]
    case .lock: [.fail(EIO), .fail(EMFILE), .fail(ENOLCK), .fail(ENOSPC)]
    case .createDirectory, .link, .rename: [.fail(EIO), .fail(ENOSPC), .fail(EDQUOT), .failDone(EIO)]
    case .remove, .removeDirectory, .syncDirectory: [.fail(EIO), .failDone(EIO)]
    }
  }
}

/// Decides for each call whether it goes wrong. Plans compose: the first that has an answer wins.
public struct FaultPlan: Sendable {
  public let fault: @Sendable (FileOperation) -> Fault?

  public init(_ fault: @escaping @Sendable (FileOperation) -> Fault?) {
    self.fault = fault
  }

  public static let none = FaultPlan { _ in nil }

  public static func at(_ index: Int, _ fault: Fault) -> FaultPlan {
    FaultPlan { $0.index == index ? fault : nil }
  }

  /// All calls of the range; `100...` never heals, `100..<120` does.
  public static func during(_ range: some RangeExpression<Int> & Sendable, _ fault: Fault) -> FaultPlan {
    FaultPlan { range.contains($0.index) ? fault : nil }
  }

  public static func all(
    _ kinds: Set<FileOperation.Kind>, named matches: @escaping @Sendable (String) -> Bool = { _ in true },
    _ fault: Fault
  ) -> FaultPlan {
    FaultPlan { kinds.contains($0.kind) && matches($0.name) ? fault : nil }
  }

  /// Of the calls of one kind, counted from 0 from now on, those of the range.
  public static func calls(
    _ range: some RangeExpression<Int> & Sendable, of kind: FileOperation.Kind, _ fault: Fault
  ) -> FaultPlan {
    let counter = Monitor(0)
    return FaultPlan { operation in
      guard operation.kind == kind else { return nil }
      return counter.change { count in
        defer { count += 1 }
        return range.contains(count) ? fault : nil
      }
    }
  }

  /// A full disk: whatever needs space fails from call `index` on.
  public static func diskFull(from index: Int, until end: Int = .max) -> FaultPlan {
    FaultPlan {
      guard $0.index >= index, $0.index < end else { return nil }
      switch $0.kind {
      case .append: return .partialWrite(ENOSPC)
      case .create, .createDirectory, .link, .rename: return .fail(ENOSPC)
      case .syncFile: return .losesPending(ENOSPC)
      default: return nil
      }
    }
  }

  public func or(_ other: FaultPlan) -> FaultPlan {
    FaultPlan { self.fault($0) ?? other.fault($0) }
  }
}
