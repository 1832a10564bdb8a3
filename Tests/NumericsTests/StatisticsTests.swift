import Testing

@testable import Numerics

@Suite struct StatisticsTests {
  @Test func compensatedSumKeepsSmallTerms() {
    #expect(compensatedSum([1, 1e100, 1, -1e100]) == 2)
    var sum = CompensatedSum()
    for _ in 0..<1_000_000 { sum.add(0.1) }
    // A plain loop is off by 1e-6 here; the nearest double to the true sum of doubles is
    // 100000.00000000001 or below.
    #expect(abs(sum.value - 100_000) < 1e-9)
    sum.add(.infinity)
    #expect(sum.value == .infinity)
  }

  @Test func kishNumber() {
    #expect(kishEffectiveNumber([2, 2, 2]) == 3)
    #expect(kishEffectiveNumber([1, 3]) == 1.6)
    #expect(kishEffectiveNumber([]) == 0)
  }

  @Test func momentsOfColumns() {
    let moments = ColumnMoments(columns: 2, rowMajor: [1, 10, 2, 10, 3, 10, 6, 10])
    #expect(moments.means == [3, 10])
    #expect(moments.variances == [3.5, 0])
    let weighted = ColumnMoments(columns: 1, rowMajor: [1, 5], weights: [3, 1])
    #expect(weighted.means == [2])
    #expect(weighted.variances == [3])
    // An offset of 1e9 must not eat the deviation.
    let shifted = ColumnMoments(columns: 1, rowMajor: [1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6])
    #expect(abs(shifted.variances[0] - 3.5) < 1e-6)
  }

  @Test func mergedMomentsAreThoseOfAllRows() {
    let values = (0..<60).map { Double(($0 * 7919) % 101) }
    let all = ColumnMoments(columns: 3, rowMajor: values)
    var merged = ColumnMoments(columns: 3)
    merged.merge(ColumnMoments(columns: 3, rowMajor: Array(values[..<21])))
    merged.merge(ColumnMoments(columns: 3, rowMajor: Array(values[21...])))
    for column in 0..<3 {
      #expect(abs(merged.means[column] - all.means[column]) < 1e-12)
      #expect(abs(merged.variances[column] - all.variances[column]) < 1e-10)
    }
  }

  /// The example of the reference: values [3,1,2,5], weights [1,2,1,4].
  @Test func weightedQuantile() {
    let quantiles = weightedQuantiles(
      [3, 1, 2, 5], weights: [1, 2, 1, 4], probabilities: [0, 0.1, 0.5, 0.9, 1])
    for (got, expected) in zip(quantiles, [1, 1, 3.4, 5, 5]) {
      #expect(abs(got - expected) < 1e-14)
    }
    #expect(weightedQuantiles([1, 2, 3], probabilities: [0.5]) == [2])
    #expect(weightedQuantiles([], probabilities: [0.5])[0].isNaN)
    #expect(weightedQuantiles([1], weights: [0], probabilities: [0.5])[0].isNaN)
  }
}
