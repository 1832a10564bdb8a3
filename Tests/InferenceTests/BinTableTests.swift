import Diagnostics
import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// The toy with a background, two nuisance parameters and event ids: what tables of bins must carry.
private enum SystematicToy {
  /// Nuisance `norm` scales the signal by 1.1^ν, `shape` by exp(ν x/10 + ν² x²/50).
  static func table(rows: Int = 20_000) -> EventTable {
    var setup = Toy.setup
    setup.nuisanceParameters = [
      NuisanceParameter(
        name: "norm", systematic: "n", benchmarkPositive: "norm_up", benchmarkNegative: nil),
      NuisanceParameter(
        name: "shape", systematic: "s", benchmarkPositive: "shape_up",
        benchmarkNegative: "shape_down"),
    ]
    setup.nuisanceBenchmarks = ["norm_up", "shape_up", "shape_down"]
    var weights: [Double] = []
    var observations: [Double] = []
    for row in 0..<rows {
      let x = -4 + 8 * (Double(row * 7919 % rows) + 0.5) / Double(rows)
      let isBackground = row % 4 == 3
      let w = Toy.benchmarks.map {
        (isBackground ? 0.2 * Toy.s0 * exp(-x * x / 8) : Toy.density(x, $0.1)) * 8 / Double(rows)
      }
      let norm = isBackground ? 1 : 1.1
      weights +=
        w + [w[0] * norm, w[0] * exp(x / 10 + x * x / 50), w[0] * exp(-x / 10 + x * x / 50)]
      observations += [x, x * x]
    }
    let samples = [
      SampleRecord(
        file: "a", process: "toy", samplingBenchmark: 0, eventsRead: rows, eventsKept: rows),
      SampleRecord(
        file: "b", process: "bkg", samplingBenchmark: -1, eventsRead: rows, eventsKept: rows),
    ]
    return EventTable(
      setup: setup, samples: samples, hasSampleTable: true, count: rows, weights: weights,
      observations: observations, observableNames: ["x", "x2"],
      sampleIndices: (0..<rows).map { $0 % 4 == 3 ? 1 : 0 },
      eventIDs: (0..<rows).map { Int64($0) * 7_919_117 })
  }
}

@Suite struct BinTableTests {
  let events: CombinedEvents
  let axes = [BinAxis("x", edges: [-2, -0.5, 1]), BinAxis("x2", edges: [0.5, 4])]

  init() throws { events = try CombinedEvents(SystematicToy.table(), combination: .average) }

  @Test func binsAreProductsWithTheLastAxisFastest() {
    let table = BinTable(axes: axes, benchmarkNames: ["sm"])
    #expect(table.binCount == 12)
    #expect(table.bin(of: [-0.5, 0.1]) == 2 * 3)
    #expect(table.bin(of: [-3, 4]) == 2)
    #expect(table.indices(ofBin: 7) == [2, 1])
    #expect(table.label(7) == "[-0.5, 1.0) x [0.5, 4.0)")
  }

  /// Sums, pairs and shifted sums of every process against a loop over the events (1e-12: order of additions).
  @Test func contentOfTheDefinition() throws {
    let table = try events.fill(axes: axes)
    #expect(table.processes.map(\.name) == ["toy", "bkg"])
    #expect(table.processes.map(\.isBackground) == [false, true])
    #expect(table.nuisances.map(\.hasNegative) == [false, true])
    var expected = BinTable(
      axes: axes, benchmarkNames: table.benchmarkNames, nuisances: table.nuisances)
    let source = events.table
    for row in 0..<source.count where source.sampleIndices[row] == 1 {
      let w = Array(source.weights[row * 9..<row * 9 + 9]).map { $0 * events.factors[row] }
      let bin = table.bin(of: Array(source.observations[2 * row..<2 * row + 2]))
      expected.counts[bin] += 1
      let up = [w[6] / w[0], w[7] / w[0]]
      let down = [w[0] / w[6], w[8] / w[0]]
      for b in 0..<6 {
        expected.sums[bin * 6 + b] += w[b]
        for k in 0..<2 {
          expected.up[(bin * 2 + k) * 6 + b] += w[b] * up[k]
          expected.down[(bin * 2 + k) * 6 + b] += w[b] * down[k]
        }
      }
    }
    let background = table.processes[1].table
    #expect(background.counts == expected.counts)
    #expect(deviation(background.sums, expected.sums) < 1e-12)
    #expect(deviation(background.up, expected.up) < 1e-12)
    #expect(deviation(background.down, expected.down) < 1e-12)
    #expect(deviation(table.total.pairSums, events.total.pairSums) < 1e-12)
    #expect(
      deviation(table.marginal(axis: 0).sums, try events.fill("x", edges: axes[0].edges).sums)
        < 1e-12)
  }

  /// At ν_k = 0 and ±1 a bin has exactly Σ dσ_e F_e, at any θ; the gradient is that of the value.
  @Test func responseIsExactAtUnitShifts() throws {
    let table = try events.fill("x", edges: [-1, 0, 1])
    let model = BinnedModel(table, morphing: events.morphing)
    let theta = [0.4, -0.3]
    let point = try events.point(theta)
    for nu in [[0.0, 0], [1, 0], [0, 1], [0, -1]] {
      var exact = [Double](repeating: 0, count: 4)
      for row in 0..<events.table.count {
        let w = Array(events.table.weights[row * 9..<row * 9 + 9])
        let f = pow(w[6] / w[0], nu[0]) * (nu[1] > 0 ? w[7] / w[0] : nu[1] < 0 ? w[8] / w[0] : 1)
        exact[table.bin(of: events.table.observations[2 * row])] +=
          events.factors[row] * f * point.value(w)
      }
      #expect(deviation(model.evaluate(at: theta + nu).values, exact) < 1e-12, "\(nu)")
    }
    try expectGradient(model, theta + [0.7, -0.4])
  }

  /// Central differences with step 1e-5: error 1e-10 from rounding and the third derivative.
  private func expectGradient(_ model: BinnedModel, _ point: [Double]) throws {
    let n = model.parameterCount
    let (_, gradients) = model.evaluate(at: point)
    for i in 0..<n {
      var (high, low) = (point, point)
      high[i] += 1e-5
      low[i] -= 1e-5
      let a = model.evaluate(at: high).values
      let b = model.evaluate(at: low).values
      let numeric = zip(a, b).map { ($0 - $1) / 2e-5 }
      let analytic = (0..<model.binCount).map { gradients[$0 * n + i] }
      #expect(deviation(analytic, numeric) < 1e-7, "parameter \(i)")
    }
  }

  @Test func freeNormalisations() throws {
    let table = try events.fill("x", edges: [-1, 0, 1])
    let model = try BinnedModel(table, morphing: events.morphing, freeNorms: ["signal"])
    #expect(model.parameterNames(events.table.setup) == ["t0", "t1", "mu_signal", "norm", "shape"])
    let nominal = model.evaluate(at: model.nominal([0.2, 0.1])).values
    #expect(
      deviation(
        nominal,
        BinnedModel(table, morphing: events.morphing).evaluate(at: [0.2, 0.1, 0, 0]).values) < 1e-12
    )
    let doubled = model.evaluate(at: [0.2, 0.1, 2, 0, 0]).values
    let signal = BinnedModel(table.processes[0].table, morphing: events.morphing)
      .evaluate(at: [0.2, 0.1, 0, 0]).values
    #expect(deviation(zip(doubled, nominal).map { $0 - $1 }, signal) < 1e-12)
    try expectGradient(model, [0.2, 0.1, 1.3, 0.5, -0.6])
    let problem = #expect(throws: Problem.self) {
      try BinnedModel(table, morphing: events.morphing, freeNorms: ["ttbar"])
    }
    #expect(problem?.remedy?.contains("toy, bkg") == true)
  }

  @Test func fileRoundTrip() throws {
    let bins = try events.binned(axes: axes, cuts: ["x > 0"])
    let back = try BinnedEvents(document: bins.document)
    #expect(back.table == bins.table)
    #expect(back.cuts == ["x > 0"])
    var broken = bins.document
    broken.set("bins/sums", [1.0])
    let problem = #expect(throws: Problem.self) { try BinnedEvents(document: broken) }
    #expect(problem?.kind == .data)
  }

  /// To the bit, whatever the cut and the order.
  @Test func partsAddUpToTheWhole() throws {
    let whole = try events.binned(axes: axes, digest: "d")
    let parts = try (1...3).map {
      let part = try events.binned(axes: axes, part: $0, of: 3, digest: "d")
      return (file: "part\($0)", events: try BinnedEvents(document: part.document))
    }
    let merged = try BinMerge.merge([parts[2], parts[0], parts[1]])
    #expect(merged.table == whole.table)
    #expect(merged.part == nil && merged.exact == nil)
    let two = try BinMerge.merge([parts[2], parts[0]], allowMissing: true)
    let again = try BinMerge.merge([(file: "two", events: two), parts[1]])
    #expect(again.table == whole.table)
    let missing = #expect(throws: Problem.self) { try BinMerge.merge([parts[0], parts[1]]) }
    #expect(missing?.fact.contains("parts 3 of 3") == true)
    let twice = #expect(throws: Problem.self) {
      try BinMerge.merge([parts[0], parts[0], parts[1]])
    }
    #expect(twice?.fact.contains("part 1 of 3 is there twice") == true)
    let shared = #expect(throws: Problem.self) {
      try BinMerge.merge([(file: "a", events: whole), (file: "b", events: whole)])
    }
    #expect(shared?.fact.contains("process 'toy' is in a too") == true)
  }

  @Test func threadsDoNotMatter() throws {
    let one = try CombinedEvents(SystematicToy.table(), team: .init(threads: 1)).fill(axes: axes)
    let three = try CombinedEvents(SystematicToy.table(), team: .init(threads: 3)).fill(axes: axes)
    #expect(one == three)
  }
}
