/// What a command's end means to the script that called it.
public struct ExitStatus: Hashable, Sendable {
  public let code: Int32
  public init(_ code: Int32) { self.code = code }
}
