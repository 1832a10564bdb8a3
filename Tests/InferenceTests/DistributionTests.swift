import EventModel
import Inference
import TestSupport
import Testing

/// Distribution of information over x of the toy.
@Suite struct DistributionTests {
  static let luminosity = 3e5
  static let axis = BinAxis("x", edges: (0...6).map { Double($0) - 3 })

  @Test(.needsShared) func truthAndRateAgreeWithReference() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let point = try events.point([0.3, -0.2])
    let golden = try Golden("inference/results.json", "results")
    let result = try DistributedInformation.distribution(
      events, axis: Self.axis, at: point, luminosity: Self.luminosity)
    func reference(_ name: String) throws -> [Double] {
      try golden.numbers("A.histogram_of_information.truth." + name, "reference")
    }
    #expect(deviation(result.crossSections, try reference("sigma_bins")) < 1e-9)
    #expect(deviation(try #require(result["rate"]).matrices, try reference("rate")) < 1e-9)
    #expect(deviation(try #require(result["truth"]).matrices, try reference("full")) < 1e-9)
    let truth = FisherInformation.truth(events, at: point, luminosity: Self.luminosity)
    #expect(deviation(try #require(result.sum("truth")), truth.matrix) < 1e-12)
  }

  /// The sum over bins of the rate is the information of the histogram, that of the truth the truth's, errors included.
  @Test(.needsShared) func totalsHaveErrors() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let point = try events.point([0.3, -0.2])
    let detector = try DetectorInformation(
      events, part: .test, models: [ExactScore()], theta: [0.3, -0.2], luminosity: Self.luminosity)
    let result = try DistributedInformation.distribution(
      events, axis: Self.axis, at: point, luminosity: Self.luminosity, detector: detector)
    let totals = try DistributedInformation.totals(
      of: result, events, at: point, luminosity: Self.luminosity, detector: detector)
    #expect(totals.map(\.name) == ["truth", "rate", "retained", "full"])
    let histogram = FisherInformation.binned(
      try events.fill(axes: [Self.axis]), at: point, luminosity: Self.luminosity, name: "histogram")
    #expect(deviation(totals[1].matrix, histogram.matrix) < 1e-12)
    #expect(totals[1].covariance == histogram.covariance && totals[1].bias == histogram.bias)
    for total in totals {
      let errors = try #require(total.standardDeviations)
      #expect(errors.allSatisfy { $0.isFinite } && errors[0] > 0 && errors[0] < total.matrix[0])
    }
  }

  /// 7.1 number 4: MadMiner adds the rate of a bin to its kinematic part, 577 in all where 300 are there.
  @Test(.needsShared) func wrongNumber4DistributionOfAnEstimatorSumsToTheTotal() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let golden = try Golden("inference/results.json", "results")
    for theta in [[0.0, 0.0], [0.3, -0.2]] {
      let detector = try DetectorInformation(
        events, part: .test, models: [ExactScore()], theta: theta, luminosity: Self.luminosity)
      let result = try DistributedInformation.distribution(
        events, axis: Self.axis, at: events.point(theta), luminosity: Self.luminosity,
        detector: detector)
      let total = try #require(detector.entries().first { $0.name == "retained" }).matrix
      // Regression scores have mean 0 with the joint score only where that is in their span: at θ = 0.
      if theta == [0, 0] {
        #expect(deviation(try #require(result.sum("retained")), total) < 1e-8)
        let full = try #require(result["full"]).matrices
        #expect(
          deviation(full, try golden.numbers("A.histogram_of_information.ml.full", "corrected"))
            < 1e-7)
      }
      // Whatever the mean of the estimated score: here it is off by a constant, and by the point.
      for models in [[ExactScore()] as [any ScoreEvaluator], [ShiftedScore()]] {
        let off = try DetectorInformation(
          events, part: .test, models: models, theta: theta, luminosity: Self.luminosity)
        let sums = try DistributedInformation.distribution(
          events, axis: Self.axis, at: events.point(theta), luminosity: Self.luminosity,
          detector: off)
        for entry in try off.entries() where entry.name == "full" || entry.name == "retained" {
          #expect(deviation(try #require(sums.sum(entry.name)), entry.matrix) < 1e-10)
        }
      }
      // The rate's part of a bin is never more than the whole.
      let rate = try #require(result["rate"]).matrices
      let truth = try #require(result["truth"]).matrices
      for bin in 0..<8 { #expect(rate[4 * bin] <= truth[4 * bin] * (1 + 1e-12)) }
    }
  }

  private static func distribution(
    _ events: CombinedEvents, _ axis: BinAxis, _ detector: DetectorInformation?
  ) throws -> InformationDistribution {
    try DistributedInformation.distribution(
      events, axis: axis, at: events.point([0.3, -0.2]), luminosity: luminosity,
      detector: detector)
  }

  /// One bin of everything has the errors of the total; those of bins whose events are independent add up to it.
  @Test func errorsOfBinsAreThoseOfTheTotal() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let point = try events.point([0.3, -0.2])
    let detector = try DetectorInformation(
      events, part: .test, models: [ExactScore(), BentScore()], theta: [0.3, -0.2],
      luminosity: Self.luminosity)
    for axis in [BinAxis("x", edges: [100]), Self.axis] {
      let result = try Self.distribution(events, axis, detector)
      let totals = try DistributedInformation.totals(
        of: result, events, at: point, luminosity: Self.luminosity, detector: detector)
      for total in totals where axis.edges.count == 1 || ["truth", "rate"].contains(total.name) {
        let covariances = try #require(result[total.name]?.covariances)
        var sum = [Double](repeating: 0, count: 16)
        for (k, value) in covariances.enumerated() { sum[k % 16] += value }
        #expect(deviation(sum, try #require(total.covariance)) < 1e-10, "\(total.name)")
      }
    }
  }

  /// Errors of single bins against the bootstrap. 400 replicas know a standard deviation to 3.5 %: 12 % are three of that and
  /// a little for the second order of fluctuations, which is all that is left where an element is near 0: there 3 % of the
  /// bin's largest error.
  @Test func errorsOfBinsAgreeWithTheBootstrap() throws {
    let events = try CombinedEvents(Toy.quadrature(copies: 20))
    let detector = try DetectorInformation(
      events, part: .test, models: [BentScore()], theta: [0.3, -0.2], luminosity: Self.luminosity)
    let axis = BinAxis("x", edges: [-1, 0, 1])
    let central = try Self.distribution(events, axis, detector)
    func entries(_ events: CombinedEvents) throws -> [Information.Entry] {
      try Self.distribution(events, axis, detector.replica(events, part: .test)).entries.map {
        Information.Entry(name: $0.name, matrix: $0.matrices)
      }
    }
    let boot = try InformationReplicas.apply(
      .bootstrap(replicas: 400, seed: 4), to: entries(events), of: events, entries)
    #expect(central.entries.map(\.name) == ["truth", "rate", "retained", "full"])
    for (entry, replicas) in zip(central.entries, boot) {
      let errors = try #require(entry.standardDeviations(parameters: 2))
      let found = try #require(replicas.standardDeviations)
      for bin in 0..<4 {
        let largest = errors[4 * bin..<4 * bin + 4].max() ?? 0
        for k in 4 * bin..<4 * bin + 4 {
          #expect(
            abs(found[k] - errors[k]) < 0.12 * errors[k] + 0.03 * largest,
            "\(entry.name), bin \(bin), element \(k % 4)")
        }
      }
    }
  }
}

/// A score that is not linear in the exact one, whose mean is not 0: regression changes it.
private struct BentScore: ScoreEvaluator {
  var name = "bent"
  var observableNames = ["x2", "x"]
  var parameterNames = ["t0", "t1"]
  func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
    (0..<rows).flatMap { (row: Int) -> [Double] in
      let (square, x) = (x[2 * row], x[2 * row + 1])
      return [0.9 * x / (1 + 0.1 * square) + 0.2, 0.5 * square - 0.1 * x - 0.3]
    }
  }
}
