import Testing

@testable import Numerics

@Suite struct RandomTests {
  private struct KnownAnswer: Sendable {
    let counter: SIMD4<UInt32>
    let seed: UInt64
    let words: SIMD4<UInt32>
  }

  /// Random123's known answers for philox4x32-10.
  private static let knownAnswers = [
    KnownAnswer(
      counter: SIMD4(repeating: 0), seed: 0,
      words: SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    KnownAnswer(
      counter: SIMD4(repeating: .max), seed: .max,
      words: SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)),
    KnownAnswer(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      seed: 0x299f_31d0_a409_3822,
      words: SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)),
  ]

  @Test func knownAnswersOfRandom123() {
    for answer in Self.knownAnswers {
      #expect(Philox(seed: answer.seed).block(answer.counter) == answer.words)
    }
  }

  @Test func wordsOfAStreamAreThoseOfItsCounters() {
    let philox = Philox(seed: 7)
    var stream = PhiloxStream(seed: 7, purpose: .drawing, item: 0x1_0000_0002)
    let blocks = (0..<2).map { philox.block(SIMD4(UInt32($0), 2, 2, 1)) }
    let expected = blocks.flatMap {
      [UInt64($0[0]) | UInt64($0[1]) << 32, UInt64($0[2]) | UInt64($0[3]) << 32]
    }
    #expect((0..<4).map { _ in stream.next() } == expected)
  }

  @Test func purposesAndItemsAndSeedsHaveDifferentNumbers() {
    var firsts: Set<UInt64> = []
    for seed in [0, 1] as [UInt64] {
      for purpose in RandomPurpose.allCases {
        for item in [0, 1, 1 << 40] as [UInt64] {
          var stream = PhiloxStream(seed: seed, purpose: purpose, item: item)
          firsts.insert(stream.next())
        }
      }
    }
    #expect(firsts.count == 2 * RandomPurpose.allCases.count * 3)
  }

  @Test func uniformAndNormalHaveTheirMoments() {
    var stream = PhiloxStream(seed: 1, purpose: .testing)
    let n = 100_000
    var uniform = ColumnMoments(columns: 1)
    var normal = ColumnMoments(columns: 2)
    for _ in 0..<n {
      let u = stream.uniform()
      #expect(u >= 0 && u < 1)
      uniform.add([u])
      let z = stream.normal()
      normal.add([z, z * z * z * z])
    }
    // Five standard deviations of the estimates; the numbers are fixed, so this cannot fail by
    // chance twice.
    let s = Double(n).squareRoot()
    #expect(abs(uniform.means[0] - 0.5) < 5 * 0.2887 / s)
    #expect(abs(uniform.variances[0] - 1.0 / 12) < 5 * 0.0745 / s)
    #expect(abs(normal.means[0]) < 5 / s)
    #expect(abs(normal.variances[0] - 1) < 5 * 1.414 / s)
    #expect(abs(normal.means[1] - 3) < 5 * 9.8 / s)
  }

  @Test func integersAreUniform() {
    var stream = PhiloxStream(seed: 2, purpose: .testing)
    var counts = [0, 0, 0, 0, 0, 0, 0]
    for _ in 0..<70_000 { counts[stream.integer(below: 7)] += 1 }
    let chi2 = counts.reduce(0.0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 }
    #expect(ChiSquare(degreesOfFreedom: 6).survival(chi2) > 1e-4)
    #expect(stream.integer(below: 1) == 0)
  }

  @Test(arguments: [0, 0.3, 20, 1200])
  func poissonHasMeanAndVariance(mean: Double) {
    var stream = PhiloxStream(seed: 3, purpose: .toys)
    var moments = ColumnMoments(columns: 1)
    for _ in 0..<4000 { moments.add([Double(stream.poisson(mean: mean))]) }
    #expect(abs(moments.means[0] - mean) <= 5 * (mean / 4000).squareRoot())
    #expect(abs(moments.variances[0] - mean) <= 5 * ((mean + 2 * mean * mean) / 4000).squareRoot())
  }

  @Test func shuffleIsAPermutationAndFixed() {
    var stream = PhiloxStream(seed: 1, purpose: .epochOrder, item: 3)
    let order = stream.permutation(1000)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != Array(0..<1000))
    var again = PhiloxStream(seed: 1, purpose: .epochOrder, item: 3)
    #expect(again.permutation(1000) == order)
    var none: [Int] = []
    again.shuffle(&none)
    #expect(none.isEmpty)
  }

  @Test func allOrdersAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for item in 0..<6000 {
      var stream = PhiloxStream(seed: 5, purpose: .shuffling, item: UInt64(item))
      counts[stream.permutation(3), default: 0] += 1
    }
    let chi2 = counts.values.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    #expect(counts.count == 6)
    #expect(ChiSquare(degreesOfFreedom: 5).survival(chi2) > 1e-4)
  }

  /// A bound so large that half of the draws may be refused: they are taken one at a time.
  @Test func refusedDrawsAreNotPlaces() {
    var stream = PhiloxStream(seed: 5, purpose: .testing)
    var fresh = stream
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { places in
      let isRefused = !stream.drawPlaces(below: (1 << 62) + (1 << 61), to: places)
      var (same, other) = (stream, stream)
      let (next, first) = (same.next(), fresh.next())
      #expect(isRefused && next == first)
      let isDrawn = stream.drawPlaces(below: 1 << 20, to: places)
      #expect(isDrawn)
      for (k, place) in places.enumerated() {
        let expected = other.integer(below: (1 << 20) - k)
        #expect(Int(place) == expected)
      }
    }
  }

  /// However a shuffle is cut into parts, its order is the same.
  @Test func partsOfAShuffleGiveItsOrder() {
    for sizes in [[1], [2], [32], [512], [7, 32, 1, 600]] {
      var stream = PhiloxStream(seed: 5, purpose: .epochOrder, item: 3)
      var other = stream
      var (parts, expected) = (Array(0..<1001), Array(0..<1001))
      other.shuffle(&expected)
      var (left, calls) = (parts.count, 0)
      parts.withUnsafeMutableBufferPointer {
        while left > 1 {
          let next = stream.shufflePart(of: $0, left: left, places: sizes[calls % sizes.count])
          #expect(next < left && left - next <= max(1, sizes[calls % sizes.count]))
          (left, calls) = (next, calls + 1)
        }
      }
      #expect(parts == expected)
      #expect(stream.next() == other.next())
    }
  }

  /// Draws taken many at once are those of one at a time, and what follows goes on where they end.
  @Test(arguments: [0, 1, 2, 3, 64, 65, 512, 513, 514, 1000, 1537, 2001])
  func shufflesDrawOneNumberAnElement(count: Int) {
    for before in 0..<2 {
      var stream = PhiloxStream(seed: 5, purpose: .epochOrder, item: 3)
      var other = stream
      for _ in 0..<before { #expect(stream.next() == other.next()) }
      var (shuffled, expected) = (Array(0..<count), Array(0..<count))
      stream.shuffle(&shuffled)
      for i in stride(from: count - 1, to: 0, by: -1) {
        expected.swapAt(i, other.integer(below: i + 1))
      }
      #expect(shuffled == expected)
      for _ in 0..<3 { #expect(stream.next() == other.next()) }
    }
  }
}
