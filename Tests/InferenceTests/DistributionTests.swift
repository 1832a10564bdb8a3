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
}
