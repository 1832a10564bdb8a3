extension Limits {
  /// A minimum of −2 ln L: quadratic amplitudes have several.
  public struct Minimum: Sendable, Equatable {
    /// −2 ln L, and its distance to that of the best fit.
    public var value: Double
    public var q: Double
    /// All parameters.
    public var point: [Double]
    public init(value: Double, q: Double, point: [Double]) {
      self.value = value
      self.q = q
      self.point = point
    }
  }

  /// The best fit with the second derivatives of −ln L there. The values of nuisance parameters are their pulls.
  public struct Fit: Sendable, Equatable {
    /// Indices of the parameters that were free.
    public var parameters: [Int]
    public var values: [Double]
    /// Standard deviations; NaN where the second derivatives are not positive definite or a bound is reached.
    public var errors: [Double]
    /// Row-major over `parameters`.
    public var correlation: [Double]
    public init(
      parameters: [Int] = [], values: [Double] = [], errors: [Double] = [],
      correlation: [Double] = []
    ) {
      self.parameters = parameters
      self.values = values
      self.errors = errors
      self.correlation = correlation
    }
  }

  /// A nuisance parameter with its constraint.
  public struct Nuisance: Sendable, Equatable {
    /// Index of the parameter.
    public var parameter: Int
    /// `gauss`, `lognormal:0.2`, `flat`.
    public var constraint: String
    /// Standard deviation of the constraint; NaN of a flat one.
    public var width: Double
    public init(parameter: Int, constraint: String, width: Double) {
      self.parameter = parameter
      self.constraint = constraint
      self.width = width
    }
  }

  /// How far the best fit of a parameter moves when a nuisance parameter is kept away from its own best fit.
  public struct Impact: Sendable, Equatable {
    /// Indices of the parameters.
    public var nuisance: Int
    public var parameter: Int
    /// By the width of the constraint; NaN where it is flat.
    public var prefitUp: Double
    public var prefitDown: Double
    /// By the standard deviation of the fit.
    public var postfitUp: Double
    public var postfitDown: Double
    public init(
      nuisance: Int, parameter: Int, prefitUp: Double, prefitDown: Double, postfitUp: Double,
      postfitDown: Double
    ) {
      self.nuisance = nuisance
      self.parameter = parameter
      self.prefitUp = prefitUp
      self.prefitDown = prefitDown
      self.postfitUp = postfitUp
      self.postfitDown = postfitDown
    }
  }

  /// The points that an experiment has inside its region of a level with at least the probability Φ(−sigma): 0 is the
  /// median experiment, ±1 and ±2 the bands around it. Of expected limits only.
  public struct RegionBand: Sendable, Equatable {
    public var level: Double
    public var sigma: Int
    /// The largest q of the Asimov data inside; NaN where no point is.
    public var threshold: Double
    public var area: Double
    public var isOpen: Bool
    public init(level: Double, sigma: Int, threshold: Double, area: Double, isOpen: Bool) {
      self.level = level
      self.sigma = sigma
      self.threshold = threshold
      self.area = area
      self.isOpen = isOpen
    }
  }

  /// The same of one parameter, the others profiled.
  public struct IntervalBand: Sendable, Equatable {
    public var sigma: Int
    public var interval: Interval
    public init(sigma: Int, interval: Interval) {
      self.sigma = sigma
      self.interval = interval
    }
  }

  /// What one bin holds.
  public struct Bin: Sendable, Equatable {
    public var label: String
    /// n_c, of data or of the Asimov set.
    public var count: Double
    /// Lσ_c before the fit (the true point, or the start; nuisance parameters at 0) and at the best fit.
    public var prefit: Double
    public var postfit: Double
    /// (ΣL²dσ²)^½ at the best fit: the error of the simulation.
    public var error: Double
    public init(label: String, count: Double, prefit: Double, postfit: Double, error: Double) {
      self.label = label
      self.count = count
      self.prefit = prefit
      self.postfit = postfit
      self.error = error
    }
  }
}
