/// What went wrong with which file, in words an operator can act on. Keys and values never appear in it.
public struct DatabaseError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// Bytes contradict their format or their checksum.
    case corruption
    case notFound
    case alreadyExists
    case permissionDenied
    case noSpace
    /// Any other failure of the system; the errno.
    case io(Int32)
    /// A link, a directory, a pipe or a device where a regular file is wanted; it was not opened.
    case special
    /// Another process holds the database.
    case locked
    /// Recognised, and not done: codec, comparator, table kind.
    case unsupported
    /// The caller's input, a row or an option, cannot be used.
    case invalid
    case cancelled
    /// Another transaction has written what this one relies on.
    case conflict
    /// The work was done, and whether it survives a crash is not known.
    case unsettled
  }

  public var kind: Kind
  /// The file's name as the user knows it; empty when no file is concerned.
  public var file: String
  /// Bytes from the start of the file, when known.
  public var offset: UInt64?
  /// The rest of the sentence, without the file name.
  public var detail: String

  public init(_ kind: Kind, file: String = "", offset: UInt64? = nil, _ detail: String) {
    self.kind = kind
    self.file = file
    self.offset = offset
    self.detail = detail
  }

  /// A decoder's complaint about bytes that start at `base` in `file`.
  public init(_ error: FormatError, file: String, base: UInt64 = 0) {
    let offset = error.offset.map { base &+ UInt64($0) } ?? base
    self.init(.corruption, file: file, offset: offset, "\(error.reason)")
  }

  /// Whether it is about the bytes of one file, so that others can still be read: no failing disk, no refusal.
  var concernsOneFile: Bool {
    switch kind {
    case .corruption, .notFound, .unsupported, .special: true
    default: false
    }
  }

  public var description: String {
    let place = offset.map { " at offset \($0)" } ?? ""
    return file.isEmpty ? detail : "\(file)\(place): \(detail)"
  }
}
