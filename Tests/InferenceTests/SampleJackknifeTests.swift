import Diagnostics
import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// Errors from leaving out whole samples.
@Suite struct SampleJackknifeTests {
  /// Runs of the toy at its first benchmark with so many events each, x from quantiles that a run has to itself; the weights
  /// of a run sum to σ.
  private func runs(_ sizes: [Int], processes: [String]? = nil) -> EventTable {
    let setup = Toy.setup
    var (weights, observations, indices): ([Double], [Double], [Int32]) = ([], [], [])
    var state: UInt64 = 88_172_645_463_325_252
    func uniform() -> Double {
      // Marsaglia's xorshift: any fixed sequence does.
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (Double(state >> 11) + 0.5) * 0x1p-53
    }
    for (s, size) in sizes.enumerated() {
      for _ in 0..<size {
        let x = (-2 * log(uniform())).squareRoot() * cos(2 * Double.pi * uniform())
        observations += [x, x * x]
        indices.append(Int32(s))
        let reference = Toy.density(x, [0, 0])
        weights += Toy.benchmarks.map { Toy.s0 / Double(size) * Toy.density(x, $0.1) / reference }
      }
    }
    return EventTable(
      setup: setup,
      samples: sizes.enumerated().map {
        SampleRecord(
          file: "run\($0)", process: processes?[$0] ?? "toy", samplingBenchmark: 0,
          eventsRead: $1, eventsKept: $1, sumAbsoluteWeights: Toy.s0, sumWeights: Toy.s0,
          sumSquaredWeights: Toy.s0 * Toy.s0 / Double($1))
      }, count: indices.count, weights: weights, observations: observations,
      observableNames: ["x", "x2"], sampleIndices: indices,
      eventIDs: indices.indices.map { Int64($0) })
  }

  private func truth(_ events: CombinedEvents) throws -> [Information.Entry] {
    [FisherInformation.truth(events, at: try events.point([0.3, -0.2]), luminosity: 3e5)]
  }

  /// Truth information is a sum over events: what one run says of it is T_j, its pseudo-value, and the covariance is
  /// Σ (T_j − T)² n_j/(n − n_j)/g in closed form. Rounding: 1e-9.
  @Test func linearQuantitiesInClosedForm() throws {
    let sizes = [300, 500, 200, 1000, 700]
    let table = runs(sizes)
    let events = try CombinedEvents(table)
    let central = try truth(events)
    let entry = try InformationReplicas.apply(.samples, to: central, of: events, truth)[0]
    let total = Double(sizes.reduce(0, +))
    var expected = [Double](repeating: 0, count: 16)
    for (s, size) in sizes.enumerated() {
      let rows = (0..<table.count).filter { table.sampleIndices[$0] == s }
      var alone = table.selecting(rows, scales: rows.map { _ in 1 })
      alone.samples = [table.samples[s]]
      alone.sampleIndices = rows.map { _ in 0 }
      let own = try truth(CombinedEvents(alone))[0].matrix
      let d = zip(own, central[0].matrix).map { $0 - $1 }
      let n = Double(size)
      for k in 0..<16 { expected[k] += d[k / 4] * d[k % 4] * n / (total - n) / 5 }
    }
    #expect(deviation(entry.covariance ?? [], expected) < 1e-9)
    #expect((entry.bias ?? [1]).allSatisfy { abs($0) < 1e-9 * central[0].matrix[0] })
    #expect(entry.matrix == central[0].matrix)
  }

  /// 30 equal runs know a standard deviation to 1/√58 = 13 %: within three of them of the formula's.
  @Test func agreesWithTheFormula() throws {
    let events = try CombinedEvents(runs([Int](repeating: 400, count: 30)))
    let edges = [-1.5, -0.5, 0.5, 1.5]
    func compute(_ events: CombinedEvents) throws -> [Information.Entry] {
      try truth(events) + [
        FisherInformation.binned(
          try events.fill("x", edges: edges), at: try events.point([0.3, -0.2]), luminosity: 3e5,
          name: "histogram")
      ]
    }
    let central = try compute(events)
    let knife = try InformationReplicas.apply(.samples, to: central, of: events, compute)
    for (a, b) in zip(knife, central) {
      let ratio = try #require(a.standardDeviations)[0] / #require(b.standardDeviations)[0]
      #expect(abs(ratio - 1) < 0.4, "\(a.name): \(ratio)")
    }
    // Threads change no bit.
    let three = try CombinedEvents(
      runs([Int](repeating: 400, count: 30)), team: .init(threads: 3))
    #expect(
      try InformationReplicas.apply(.samples, to: compute(three), of: three, compute) == knife)
  }

  @Test func aSampleThatIsAloneCannotBeLeftOut() throws {
    let events = try CombinedEvents(runs([100, 100, 50], processes: ["a", "a", "b"]))
    let problem = try #require(throws: Problem.self) {
      try InformationReplicas.apply(.samples, to: truth(events), of: events, truth)
    }
    #expect(problem.kind == .data && problem.fact.contains("'b' is of one sample, run2"))
    let closest = try CombinedEvents(runs([100, 100]), combination: .closest, theta: [0, 0])
    let refusal = try #require(throws: Problem.self) {
      try InformationReplicas.apply(.samples, to: truth(closest), of: closest, truth)
    }
    #expect(refusal.kind == .usage)
  }
}
