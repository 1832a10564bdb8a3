import Diagnostics
import EventModel
import Numerics

/// What is known of a nuisance parameter ν from elsewhere: the likelihood of its auxiliary measurement, found at ν = 0.
public enum NuisanceConstraint: Sendable, Equatable {
  /// ν is normal with this standard deviation.
  case gaussian(Double)
  /// 1 + Sν is log-normal: ln(1 + Sν)/ln(1 + S) is standard normal, so that ν = 1 is one standard deviation and
  /// ν > −1/S.
  case logNormal(Double)
  /// 1 + δν is known from a count whose relative error is δ: m = (1 + δν_found)/δ² events, Poisson with mean (1 + δν)/δ²
  /// (the gamma constraint; arXiv:1103.0354, section 4). ν = 1 is one standard deviation, and ν > −1/δ.
  case poisson(Double)
  /// Nothing is known.
  case flat

  /// `gauss`, `gauss:0.5`, `lognormal:0.2`, `poisson:0.1`, `flat`.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let width = parts.count == 2 ? Double(parts[1]) : nil
    switch (parts[0], parts.count, width) {
    case ("gauss", 1, _): self = .gaussian(1)
    case ("gauss", 2, let width?) where width > 0 && width.isFinite: self = .gaussian(width)
    case ("lognormal", 2, let width?) where width > 0 && width.isFinite: self = .logNormal(width)
    case ("poisson", 2, let error?) where error > 0 && error <= 1: self = .poisson(error)
    case ("flat", 1, _): self = .flat
    default:
      throw Problem(
        .usage, "'\(text)' is no constraint of a nuisance parameter",
        remedy: "write gauss, gauss:WIDTH, lognormal:S, poisson:ERROR (at most 1) or flat")
    }
  }

  /// As it is written on a command line.
  public var description: String {
    switch self {
    case .gaussian(let width): width == 1 ? "gauss" : "gauss:\(width)"
    case .logNormal(let width): "lognormal:\(width)"
    case .poisson(let error): "poisson:\(error)"
    case .flat: "flat"
    }
  }

  /// One standard deviation upwards; NaN of a flat one.
  public var width: Double {
    switch self {
    case .gaussian(let width): width
    case .logNormal, .poisson: 1
    case .flat: .nan
    }
  }

  /// Where fits may search: what is beyond would be more than eight standard deviations off.
  var range: ClosedRange<Double> {
    switch self {
    case .gaussian(let width): -8 * width...8 * width
    case .logNormal(let s):
      (exponential(-8 * logarithm(1 + s)) - 1) / s...(exponential(8 * logarithm(1 + s)) - 1) / s
    // A factor of 0 has no logarithm; eight standard deviations upwards in the square root of the count.
    case .poisson(let error):
      (1e-6 - 1) / error...((1 + 4 * error) * (1 + 4 * error) - 1) / error
    case .flat: -10...10
    }
  }

  /// ln of the constraint and its derivative; a normal one with its −½ ln 2π.
  /// - Parameter found: where the auxiliary measurement came out; 0 but in pseudo-experiments.
  public func logLikelihood(
    _ nu: Double, found: Double = 0
  ) -> (value: Double, slope: Double) {
    let constant = -0.5 * logarithm(2 * .pi)
    switch self {
    case .gaussian(let width):
      let z = (nu - found) / width
      return (constant - 0.5 * z * z - logarithm(width), -z / width)
    case .logNormal(let s):
      guard 1 + s * nu > 0 else { return (-.infinity, .nan) }
      let scale = logarithm(1 + s)
      let z = (logarithm(1 + s * nu) - logarithm(1 + s * found)) / scale
      return (constant - 0.5 * z * z, -z / scale * s / (1 + s * nu))
    case .poisson(let error):
      let (mean, count) = (
        (1 + error * nu) / (error * error), (1 + error * found) / (error * error)
      )
      guard mean > 0 else { return (-.infinity, .nan) }
      let shape = count > 0 ? count * logarithm(mean) : 0
      return (shape - mean - logGamma(count + 1), (count / mean - 1) / error)
    case .flat: return (0, 0)
    }
  }

  /// An auxiliary measurement where ν is the truth: normal about it in the variable in which the constraint is normal.
  func measurement(of nu: Double, _ stream: inout PhiloxStream) -> Double {
    switch self {
    case .gaussian(let width): return nu + width * stream.normal()
    case .logNormal(let s):
      let log = logarithm(1 + s * nu) + logarithm(1 + s) * stream.normal()
      return (exponential(log) - 1) / s
    case .poisson(let error):
      let square = error * error
      return (Double(stream.poisson(mean: (1 + error * nu) / square)) * square - 1) / error
    case .flat: return 0
    }
  }
}

/// A likelihood of θ and ν with the constraints of ν, which are its last parameters.
public struct ConstrainedLikelihood: LogLikelihood {
  public let base: any LogLikelihood
  public let constraints: [NuisanceConstraint]
  /// Where the auxiliary measurements came out.
  private let found: [Double]

  /// - Parameter found: where the auxiliary measurements came out; nil is 0, which they are defined by.
  public init(
    _ base: any LogLikelihood, _ constraints: [NuisanceConstraint], found: [Double]? = nil
  ) {
    precondition(constraints.count <= base.parameterCount)
    precondition(found.map { $0.count == constraints.count } ?? true)
    self.base = base
    self.constraints = constraints
    self.found = found ?? constraints.map { _ in 0 }
  }

  public var parameterCount: Int { base.parameterCount }
  public var isCheap: Bool { base.isCheap }
  public var isSmooth: Bool { base.isSmooth }
  public var isInterpolated: Bool { base.isInterpolated }

  public func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue {
    var result = try base.evaluate(at: theta, gradient: gradient)
    let first = parameterCount - constraints.count
    for (k, constraint) in constraints.enumerated() {
      let (value, slope) = constraint.logLikelihood(theta[first + k], found: found[k])
      result.constraint += value
      if gradient { result.gradient[first + k] += slope }
    }
    return result
  }
}
