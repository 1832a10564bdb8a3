import Numerics

/// ln L(θ) and its parts at one point. NaN where the likelihood is not defined (σ(θ) ≤ 0).
public struct LikelihoodValue: Sendable, Equatable {
  /// n Σ_e ŵ_e ℓ(x_e|θ).
  public var kinematic: Double
  /// n ln Lσ − Lσ − ln Γ(n + 1); 0 where the rate is not used.
  public var rate: Double
  /// ln of the constraints of nuisance parameters, and of the factors that the simulation's statistics leave free.
  public var constraint: Double
  /// ∂ ln L/∂θ; empty where it was not asked for.
  public var gradient: [Double]
  /// E_θ₁[r̂(x|θ)] − 1, which is 0 for an exact ratio; NaN where it is not known.
  public var closure: Double
  /// Rows whose log r was taken to be `RatioLikelihood.floor`.
  public var flooredRows: Int
  /// Bins without events whose cross section is negative.
  public var negativeBins: Int

  public init(
    kinematic: Double, rate: Double, constraint: Double = 0, gradient: [Double] = [],
    closure: Double = .nan, flooredRows: Int = 0, negativeBins: Int = 0
  ) {
    self.constraint = constraint
    self.negativeBins = negativeBins
    self.flooredRows = flooredRows
    self.kinematic = kinematic
    self.rate = rate
    self.gradient = gradient
    self.closure = closure
  }

  public var total: Double { kinematic + rate + constraint }

  static func undefined(_ parameters: Int) -> LikelihoodValue {
    LikelihoodValue(
      kinematic: .nan, rate: .nan, gradient: [Double](repeating: .nan, count: parameters))
  }
}

/// The logarithm of an extended likelihood as a function of θ, and of nuisance parameters after them.
public protocol LogLikelihood {
  var parameterCount: Int { get }
  /// A call costs microseconds, so that profiles can be fitted at every point.
  var isCheap: Bool { get }
  /// False where the likelihood jumps between neighbouring points, so that only a grid is of use, not a fit.
  var isSmooth: Bool { get }
  /// Known on the points of a grid alone, which nothing between them can improve on.
  var isInterpolated: Bool { get }
  func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue
}

extension LogLikelihood {
  public var isSmooth: Bool { true }
  public var isInterpolated: Bool { false }
}

/// ln Pois(n | Lσ) with Γ(n + 1) for the factorial: n of an Asimov set need not be whole.
struct RateTerm: Sendable {
  /// Of one bin.
  let model: BinnedModel
  let luminosity: Double
  let eventCount: Double
  private let constant: Double

  init(_ model: BinnedModel, luminosity: Double, eventCount: Double) {
    precondition(model.binCount == 1)
    self.model = model
    self.luminosity = luminosity
    self.eventCount = eventCount
    constant = logGamma(eventCount + 1)
  }

  /// Value, and gradient over all parameters; nil where σ is not positive.
  func evaluate(
    at point: [Double], gradient: Bool
  ) -> (value: Double, gradient: [Double])? {
    let (values, slopes) = model.evaluate(at: point, gradient: gradient)
    guard let sigma = values.first, sigma > 0 else { return nil }
    let mean = luminosity * sigma
    let shape = eventCount > 0 ? eventCount * logarithm(mean) : 0
    return (shape - mean - constant, slopes.map { (eventCount / sigma - luminosity) * $0 })
  }
}
