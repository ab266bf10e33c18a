/// Options under one heading of the help. Groups are shared between commands; a command lists them in order.
public struct OptionGroup: Sendable {
  /// Such as "Output".
  public let title: String
  public let options: [OptionDeclaration]

  public init(_ title: String, _ options: [any OptionDeclaring]) {
    self.title = title
    self.options = options.map(\.declaration)
  }
}
