import EventModel
import Numerics

/// The likelihood of independent channels, ln L = Σ ln L_i, each of which knows some of the parameters.
struct JointLikelihood: LogLikelihood {
  /// Likelihoods with the places of their parameters among all, and how many events each is of.
  let channels: [(likelihood: any LogLikelihood, places: [Int], eventCount: Double)]
  let parameterCount: Int

  var isCheap: Bool { channels.allSatisfy(\.likelihood.isCheap) }
  var isSmooth: Bool { channels.allSatisfy(\.likelihood.isSmooth) }

  func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue {
    var sum = LikelihoodValue(
      kinematic: 0, rate: 0,
      gradient: [Double](repeating: 0, count: gradient ? parameterCount : 0))
    // n ln(1 + closure) is how far a mean error of log r moves ln L, which adds up.
    var (shift, events, hasClosure) = (0.0, 0.0, false)
    for (likelihood, places, eventCount) in channels {
      let value = try likelihood.evaluate(at: places.map { theta[$0] }, gradient: gradient)
      sum.kinematic += value.kinematic
      sum.rate += value.rate
      sum.constraint += value.constraint
      sum.flooredRows += value.flooredRows
      sum.negativeBins += value.negativeBins
      if gradient { for (k, p) in places.enumerated() { sum.gradient[p] += value.gradient[k] } }
      events += eventCount
      if !value.closure.isNaN {
        hasClosure = true
        shift += eventCount * logarithm(1 + value.closure)
      }
    }
    if hasClosure, events > 0 { sum.closure = exponential(shift / events) - 1 }
    return sum
  }
}
