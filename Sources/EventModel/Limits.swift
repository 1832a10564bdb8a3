import Diagnostics

/// The likelihood on a grid of parameter points with its p-values, regions and intervals: the content of a `limits` file.
public struct Limits: Sendable, Equatable {
  /// What the kinematic likelihood is made of.
  public enum Mode: String, Sendable, CaseIterable {
    /// log r̂ of ratio models.
    case ratio
    /// Bins of observables.
    case histogram
    /// Bins of estimated score components.
    case score
    /// Bins of the component of the score along θ − θ_ref, relative to the density at θ_ref.
    case sallino
    /// Bins of the score turned towards θ − θ_ref, relative to the density at θ_ref.
    case adaptive
    /// The rate alone.
    case rate
    /// The joint ratio of each event: everything known at parton level; not measurable.
    case truth
    /// Several kinds together.
    case combined
  }

  /// The set of points inside one confidence level.
  public struct Region: Sendable, Equatable {
    /// 0.68, 0.95 …
    public var level: Double
    /// q at its border, for the degrees of freedom of the limits.
    public var threshold: Double
    /// Length, area or volume in the units of the gridded parameters, by linear interpolation between grid points.
    public var area: Double
    /// The border leaves the grid.
    public var isOpen: Bool
    public init(level: Double, threshold: Double, area: Double, isOpen: Bool) {
      self.level = level
      self.threshold = threshold
      self.area = area
      self.isOpen = isOpen
    }
  }

  /// A confidence interval of one parameter, the others profiled (one degree of freedom).
  public struct Interval: Sendable, Equatable {
    /// Index of the parameter.
    public var parameter: Int
    public var level: Double
    /// NaN where the interval leaves the range that was searched.
    public var lower: Double
    public var upper: Double
    public init(parameter: Int, level: Double, lower: Double, upper: Double) {
      self.parameter = parameter
      self.level = level
      self.lower = lower
      self.upper = upper
    }
  }

  public var mode: Mode
  /// Asimov data at `thetaTrue`, or observed events.
  public var isExpected: Bool
  /// Parameters of the theory, then nuisance parameters.
  public var parameterNames: [String]
  public var parameterUnits: [String]
  /// [pb⁻¹]
  public var luminosity: Double
  /// The point of the Asimov data; empty for observed data.
  public var thetaTrue: [Double]
  /// n: Lσ(θ_true), or the number of observed events.
  public var eventCount: Double
  public var includesRate: Bool
  public var degreesOfFreedom: Int
  /// The axes of the grid, the last running fastest; parameters without an axis are fixed or profiled.
  public var axes: [GridAxis]
  /// Parameters that have no axis and were kept at a value, and those that were profiled at every grid point.
  public var fixedParameters: [Int]
  public var profiledParameters: [Int]
  /// Row-major [point][parameter].
  public var points: [Double]
  /// n Σ_e ŵ_e log r(x_e|θ), and the rate term n ln Lσ − Lσ − ln Γ(n+1), per point; NaN where σ(θ) ≤ 0.
  public var kinematic: [Double]
  public var rate: [Double]
  /// ln of the constraints of nuisance parameters, and of the simulation's statistics, per point.
  public var constraint: [Double]
  /// q(θ) = −2 [ln L(θ) − ln L(θ̂)] and P(χ²_dof ≥ q).
  public var q: [Double]
  public var p: [Double]
  public var bestFit: [Double]
  /// −2 ln L(θ̂).
  public var minimum: Double
  /// The best fit stopped at the border of the space that was searched.
  public var bestFitIsAtBound: Bool
  public var regions: [Region]
  public var intervals: [Interval]
  /// Minima of −2 ln L inside the widest region, the best first.
  public var minima: [Minimum]
  /// The best fit with errors and correlations.
  public var fit: Fit
  public var nuisance: [Nuisance]
  public var impacts: [Impact]
  public var regionBands: [RegionBand]
  public var intervalBands: [IntervalBand]
  /// Of binned likelihoods.
  public var bins: [Bin]
  /// The finite statistics of the simulation is part of the likelihood.
  public var includesMonteCarloStatistics: Bool
  /// q(θ_true): zero for binned Asimov data, a measure of noise for unbinned; NaN for observed data.
  public var qTrue: Double
  /// Rows that stand for the Asimov data, and their Kish number; zero for observed data.
  public var events: Int
  public var effectiveEvents: Double
  /// n·|ln E_θ1[r̂(x|θ)]| at its largest inside the widest region: how far a mean error of log r̂ can move ln L; NaN where
  /// there is no ratio model.
  public var closure: Double
  /// What is binned, and the edges on each axis.
  public var observables: [String]
  public var edges: [[Double]]
  public var partition: Partition
  public var combination: Combination
  public var notes: [String]

  public init(
    mode: Mode, isExpected: Bool, parameterNames: [String], parameterUnits: [String],
    luminosity: Double, thetaTrue: [Double] = [], eventCount: Double = 0,
    includesRate: Bool = true, degreesOfFreedom: Int = 0, axes: [GridAxis] = []
  ) {
    self.mode = mode
    self.isExpected = isExpected
    self.parameterNames = parameterNames
    self.parameterUnits = parameterUnits
    self.luminosity = luminosity
    self.thetaTrue = thetaTrue
    self.eventCount = eventCount
    self.includesRate = includesRate
    self.degreesOfFreedom = degreesOfFreedom
    self.axes = axes
    fixedParameters = []
    profiledParameters = []
    (points, kinematic, rate, constraint, q, p) = ([], [], [], [], [], [])
    bestFit = []
    minimum = .nan
    bestFitIsAtBound = false
    regions = []
    intervals = []
    minima = []
    fit = Fit()
    nuisance = []
    impacts = []
    regionBands = []
    intervalBands = []
    bins = []
    includesMonteCarloStatistics = false
    qTrue = .nan
    events = 0
    effectiveEvents = 0
    closure = .nan
    observables = []
    edges = []
    partition = .all
    combination = .balance
    notes = []
  }

  public var pointCount: Int { q.count }
  public var parameterCount: Int { parameterNames.count }
  /// Parameters that are not nuisance parameters, the first ones.
  public var theoryParameterCount: Int { parameterCount - nuisance.count }
  /// Points along each axis.
  public var shape: [Int] { axes.map(\.count) }
  /// Indices of the gridded parameters, in the order of the axes.
  public var griddedParameters: [Int] {
    axes.compactMap { axis in parameterNames.firstIndex(of: axis.parameter) }
  }
}
