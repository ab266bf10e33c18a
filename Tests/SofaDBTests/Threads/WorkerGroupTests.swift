import Testing

@testable import SofaDB

@Suite struct WorkerGroupTests {
  @Test(arguments: [0, 1, 5]) func everyBodyRunsOnce(_ count: Int) {
    let seen = Monitor<[Int]>([])
    let group = WorkerGroup(count) { index in seen.change { $0.append(index) } }
    group.join()
    #expect(group.count == count)
    #expect(seen.change { $0.sorted() } == Array(0..<count))
  }

  /// Bodies run beside their owner: each waits for what the owner does after starting them.
  @Test func bodiesRunBesideTheOwner() {
    let state = Monitor((isOpen: false, passed: 0))
    let group = WorkerGroup(3) { _ in state.wait({ $0.isOpen }) { $0.passed += 1 } }
    #expect(state.change { $0.passed } == 0)
    state.change { $0.isOpen = true }
    group.join()
    #expect(state.change { $0.passed } == 3)
  }

  @Test func aWorkersRunUsesEveryIndex() {
    let seen = Monitor<Set<Int>>([])
    Workers.run(4) { index in seen.change { _ = $0.insert(index) } }
    #expect(seen.change { $0 } == [0, 1, 2, 3])
  }
}
