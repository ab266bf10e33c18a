import SofaTesting
import Testing

@testable import SofaDB

/// Rows in memory, bucket by bucket.
@Suite struct RowBucketsTests {
  /// Chunks of several buckets share pages when they are small, and slabs always.
  @Test(arguments: [512, 4096, 1 << 16])
  func releasingABucketLeavesTheOthers(_ chunkSize: Int) {
    var random = SeededRandom(seed: 3)
    let budget = MemoryBudget(limit: 64 << 20)
    var rows = RowBuckets(count: 3, chunkSize: chunkSize, slabSize: 1 << 18, budget: budget)
    var expected: [[[UInt8]]] = [[], [], []]
    for index in 0..<3000 {
      let value = [UInt8](
        repeating: UInt8(index & 0xFF), count: .random(in: 0...(index % 500 == 7 ? 90_000 : 300), using: &random))
      let isAdded = value.withUnsafeBytes {
        rows.add(bucket: index % 3, key: $0, trailer: UInt64(index), value: $0)
      }
      #expect(isAdded)
      expected[index % 3].append(value)
    }
    let contents = BucketContents(count: 3)
    contents.add(&rows)
    for bucket in 0..<3 {
      #expect(RowBucketsTests.values(of: contents.buckets[bucket]) == expected[bucket])
      contents.release(bucket)
    }
    #expect(contents.rowCount == 3000)
    withExtendedLifetime(rows) {}
  }

  private static func values(of bucket: BucketContents.Bucket) -> [[UInt8]] {
    bucket.chunks.flatMap { chunk in
      var values: [[UInt8]] = []
      var place = chunk.start
      while place < chunk.start + chunk.count {
        values.append([UInt8](EncodedRow(place).value))
        place += EncodedRow(place).count
      }
      return values
    }
  }
}
