/// Every length and every first difference, around the words that are compared at once.
import Testing

@testable import SofaDB

@Suite struct CommonPrefixTests {
  @Test func itEndsAtTheFirstDifference() {
    for length in 0..<40 {
      for difference in 0...length {
        let left = (0..<length).map { UInt8($0) }
        var right = left
        if difference < length { right[difference] = 0xFF }
        let common = left.withUnsafeBytes { left in right.withUnsafeBytes { CommonPrefix.count(left, $0) } }
        #expect(common == difference)
      }
    }
  }

  @Test func theShorterOneEndsIt() {
    let bytes = [UInt8](repeating: 7, count: 30)
    for count in 0...30 {
      let common = bytes.withUnsafeBytes { all in
        CommonPrefix.count(UnsafeRawBufferPointer(rebasing: all[..<count]), all)
      }
      #expect(common == count)
    }
  }
}
