import Diagnostics
import EventModel
import Numerics

/// CLs along one parameter, with upper limits: the group `cls` of a `limits` file.
public struct StrengthScan: Sendable {
  /// CLs at one value of the parameter.
  public struct Point: Sendable, Equatable {
    public var value: Double
    /// NaN without data.
    public var observed: StrengthTest.Confidence
    public var observedError: Double
    /// CLs of background-only experiments at N = −2 … 2 standard deviations.
    public var expected: [Double]
    /// Their binomial errors; 0 of asymptotic formulae.
    public var expectedErrors: [Double]
  }

  public var parameter: String
  public var unit: String
  public var statistic: StrengthTest.Statistic
  /// `asymptotic`, or `toys` with so many at each value and at the null hypothesis.
  public var toys: Int
  public var level: Double
  public var hasData: Bool
  public var null: Double
  public var bestFit: Double
  public var discovery: (q0: Double, significance: Double, p: Double)
  public var points: [Point]
  public var upperLimit: Double
  public var expectedLimits: [Double]

  /// Asymptotic, with limits by root finding.
  public init(
    _ test: StrengthTest, values: [Double], level: Double, hasData: Bool, parameter: String,
    unit: String = "", upTo bound: Double? = nil, journal: Journal? = nil
  ) throws {
    self.parameter = parameter
    self.unit = unit
    statistic = test.statistic
    toys = 0
    self.level = level
    self.hasData = hasData
    null = test.null
    bestFit = hasData ? test.bestFit : .nan
    discovery = hasData ? try test.discovery() : (.nan, .nan, .nan)
    points = try values.enumerated().map { k, value in
      // Fits of what is profiled take seconds each where the likelihood is of a network.
      journal?.progress("values of \(parameter)", k, of: values.count)
      return Point(
        value: value,
        observed: hasData ? try test.confidence(value) : Self.nothing, observedError: 0,
        expected: try test.expected(value),
        expectedErrors: NeymanConstruction.bands.map { _ in 0 })
    }
    let limits = try test.upperLimits(level: level, upTo: bound ?? values.max() ?? 1)
    (upperLimit, expectedLimits) = (hasData ? limits.observed : .nan, limits.expected)
  }

  private static let nothing = StrengthTest.Confidence(
    statistic: .nan, signalAndBackground: .nan, background: .nan)

  /// Puts toys in the place of the asymptotic CLs; limits by interpolation between the values.
  public mutating func replace(with toys: [StrengthToys], count: Int, statistics: [Double]) {
    self.toys = count
    for (k, toy) in toys.enumerated() {
      if hasData {
        (points[k].observed, points[k].observedError) = toy.confidence(statistics[k])
      }
      (points[k].expected, points[k].expectedErrors) = (toy.expected, toy.expectedErrors)
    }
    upperLimit = hasData ? crossing(points.map(\.observed.cls)) : .nan
    expectedLimits = NeymanConstruction.bands.indices.map { n in
      crossing(points.map { $0.expected[n] })
    }
  }

  /// Warns of limits that are beyond the values, of counts too low for the asymptotic formulae, and of too few toys.
  ///
  /// At the limit of the band −2 a fraction α Φ(−2) of the pseudo-experiments with signal is above the statistic: of fewer
  /// than ten CLs is not known to better than a third, and of less than one not at all.
  public func warn(expectedEvents: Double, journal: Journal?) {
    let last = points.last?.value ?? null
    let open = expectedLimits.filter(\.isNaN).count
    let needed = 10 / ((1 - level) * Normal.cdf(NeymanConstruction.bands[0]))
    let hasFew = toys > 0 && Double(toys) < needed
    if hasFew {
      // To two digits.
      var unit = 1.0
      while needed / unit >= 100 { unit *= 10 }
      journal?.warn(
        "cls.toys",
        "\(toys) toys leave \(Double(Int(Double(toys) * 10 / needed * 10)) / 10) in the tail that the band of -2 standard deviations needs; give --toys \(Int((needed / unit).rounded(.up) * unit)) or more"
      )
    }
    let isBeyond =
      (hasData && upperLimit.isNaN) || (open > 0 && !hasFew)
      || (points.last.map { $0.expected[4] > 1 - level } ?? false)
    if isBeyond {
      journal?.warn(
        "cls.beyond",
        "CLs does not fall to \(Double(Int(((1 - level) * 1e6).rounded())) / 1e6) up to \(parameter) = \(last) in \(hasData && upperLimit.isNaN ? "the data" : "all bands"): such limits are nan; use a --grid that goes further"
      )
    }
    if toys == 0 { LimitWarnings.warnAboutCounts(expectedEvents, journal) }
  }

  /// Where CLs last falls below 1 − level, linear in ln CLs between values; at `null` it is 1.
  private func crossing(_ cls: [Double]) -> Double {
    let alpha = 1 - level
    let (cls, values) = ([1] + cls, [null] + points.map(\.value))
    guard let last = cls.lastIndex(where: { $0 > alpha }), last + 1 < cls.count else { return .nan }
    let (a, b) = (logarithm(cls[last] / alpha), logarithm(max(cls[last + 1], 1e-300) / alpha))
    let (x, y) = (values[last], values[last + 1])
    return x + a / (a - b) * (y - x)
  }

  public func document(_ head: Limits?) -> Document {
    var d = Document()
    let root = "cls/"
    if let head {
      head.writeHead(to: &d, at: root)
      d.set(root + "event_count", head.eventCount)
    }
    d.set(root + "parameter", parameter)
    d.set(root + "unit", unit)
    d.set(root + "data", hasData ? "observed" : "expected")
    d.set(root + "statistic", statistic.rawValue)
    d.set(root + "toys", toys)
    d.set(root + "level", level)
    d.set(root + "null", null)
    d.set(root + "best_fit", bestFit)
    d.set(root + "q0", discovery.q0)
    d.set(root + "significance", discovery.significance)
    d.set(root + "p0", discovery.p)
    d.set(root + "values", points.map(\.value))
    d.set(root + "q", points.map(\.observed.statistic))
    d.set(root + "p_signal", points.map(\.observed.signalAndBackground))
    d.set(root + "p_background", points.map(\.observed.background))
    d.set(root + "observed", points.map(\.observed.cls))
    d.set(root + "observed_error", points.map(\.observedError))
    d.set(root + "expected", points.flatMap(\.expected), shape: [points.count, 5])
    d.set(
      root + "expected_error", points.flatMap(\.expectedErrors), shape: [points.count, 5])
    d.set(root + "upper_limit", upperLimit)
    d.set(root + "expected_upper_limits", expectedLimits)
    return d
  }
}
