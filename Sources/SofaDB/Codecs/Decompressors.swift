/// Decompressors that point reads take and give back, so that their contexts are made once and not for every block.
/// Any thread, any time.
final class Decompressors: Sendable {
  static let shared = Decompressors()
  /// No more are kept.
  private static let limit = 16

  private let idle = Monitor<[Decompressor]>([])

  func take() -> Decompressor { idle.change { $0.popLast() } ?? Decompressor() }

  func giveBack(_ decompressor: Decompressor) {
    idle.change { if $0.count < Decompressors.limit { $0.append(decompressor) } }
  }
}
