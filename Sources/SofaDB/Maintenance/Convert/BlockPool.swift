/// Runs of blocks that wait for a thread. Each thread of a conversion drives a table of its own and processes that
/// table's runs; threads that have no table left take runs of the others, so that one large table keeps all of them
/// busy.
final class BlockPool: Sendable {
  private struct Queue {
    var waiting: [BlockRun] = []
    var assistants = 0
    var isOver = false
  }

  private let queue = Monitor(Queue())

  /// Threads that have nothing but the runs of others to do.
  var assistants: Int { queue.change { $0.assistants } }

  /// Processes runs of others until `end`.
  func assist(with tools: BlockTools) {
    queue.change { $0.assistants += 1 }
    while let run = take() {
      run.process(with: tools)
      queue.change { _ in run.stage = .done }
    }
    queue.change { $0.assistants -= 1 }
  }

  private func take() -> BlockRun? {
    queue.wait({ !$0.waiting.isEmpty || $0.isOver }) { queue in
      guard !queue.waiting.isEmpty else { return nil }
      let run = queue.waiting.removeFirst()
      run.stage = .running
      return run
    }
  }

  /// No more runs come: lets those who assist go.
  func end() { queue.change { $0.isOver = true } }

  func submit(_ run: BlockRun) {
    queue.change { queue in
      run.stage = .waiting
      queue.waiting.append(run)
    }
  }

  /// Returns when `run` is done: processes it, or others while somebody else has it.
  func finish(_ run: BlockRun, with tools: BlockTools) {
    while true {
      enum Step { case done, wait, process(BlockRun) }
      let step: Step = queue.change { queue in
        if run.stage == .done { return .done }
        let own = queue.waiting.firstIndex { $0 === run } ?? queue.waiting.indices.first
        guard let own else { return .wait }
        let taken = queue.waiting.remove(at: own)
        taken.stage = .running
        return .process(taken)
      }
      switch step {
      case .done: return
      case .wait: queue.wait({ _ in run.stage == .done }) { _ in }
      case .process(let taken):
        taken.process(with: tools)
        queue.change { _ in taken.stage = .done }
      }
    }
  }

  /// Takes away what nobody wants any more.
  func withdraw(_ runs: [BlockRun]) {
    queue.change { queue in queue.waiting.removeAll { waiting in runs.contains { $0 === waiting } } }
  }
}
