import Diagnostics

/// A parameter point as written on a command line: a benchmark's name, or `cHW=0.3,cHq3=-0.1` (what is not named is 0).
public enum PointSpecification: Sendable, Equatable {
  case benchmark(String)
  case values([String: Double])

  public init(parsing text: String) throws {
    guard text.contains("=") else {
      guard !text.isEmpty else { throw Problem(.usage, "an empty parameter point") }
      self = .benchmark(text)
      return
    }
    var values: [String: Double] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2, let value = Double(pair[1].trimmed), value.isFinite else {
        throw Problem(
          .usage, "'\(part)' in parameter point '\(text)' is not NAME=NUMBER",
          remedy: "write cHW=0.3,cHq3=-0.1 or a benchmark's name")
      }
      guard values.updateValue(value, forKey: pair[0].trimmed) == nil else {
        throw Problem(.usage, "parameter '\(pair[0].trimmed)' is given twice in '\(text)'")
      }
    }
    self = .values(values)
  }

  /// The point's coordinates in parameter order.
  public func resolve(_ setup: Setup) throws -> [Double] {
    switch self {
    case .benchmark(let name):
      guard let i = setup.benchmarkIndex(name) else {
        throw Problem(
          .usage, "there is no benchmark '\(name)'",
          remedy: "the setup has " + setup.benchmarks.map(\.name).joined(separator: ", "))
      }
      return setup.benchmarks[i].values
    case .values(let values):
      try Self.check(values.keys.sorted(), setup)
      return setup.parameterNames.map { values[$0] ?? 0 }
    }
  }

  /// As it is written on a command line.
  public var description: String {
    switch self {
    case .benchmark(let name): name
    case .values(let values):
      values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
  }

  /// The written form of coordinates: `cHW=0.3,cHq3=0.0`.
  public static func name(of theta: [Double], _ setup: Setup) -> String {
    zip(setup.parameterNames, theta).map { "\($0)=\($1)" }.joined(separator: ",")
  }

  static func check(_ names: [String], _ setup: Setup) throws {
    for name in names where !setup.parameterNames.contains(name) {
      throw Problem(
        .usage, "there is no parameter '\(name)'",
        remedy: "the setup has " + setup.parameterNames.joined(separator: ", "))
    }
  }
}

/// Where θ is drawn from: points, or an independent prior for each parameter.
public enum ThetaSpecification: Sendable, Equatable {
  /// Distribution of one parameter.
  public enum Prior: Sendable, Equatable {
    case flat(Double, Double)
    case gauss(mean: Double, standardDeviation: Double)
  }
  /// One point or a list, used in turn.
  case points([PointSpecification])
  case prior([String: Prior])
  /// A flat prior over the ranges of the setup's parameters.
  case ranges

  /// `flat:cHW=-1:1,cHq3=-.3:.3`, `gauss:cHW=0:0.5`, `prior` (flat over the setup's ranges) or a point.
  public init(parsing texts: [String]) throws {
    if texts.count == 1, let text = texts.first {
      if text == "prior" {
        self = .ranges
        return
      }
      for (prefix, isFlat) in [("flat:", true), ("gauss:", false)] where text.hasPrefix(prefix) {
        self = .prior(try Self.parsePrior(String(text.dropFirst(prefix.count)), isFlat: isFlat))
        return
      }
    }
    self = .points(try texts.map { try PointSpecification(parsing: $0) })
  }

  private static func parsePrior(_ text: String, isFlat: Bool) throws -> [String: Prior] {
    var priors: [String: Prior] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      let numbers =
        pair.count == 2
        ? pair[1].split(separator: ":", omittingEmptySubsequences: false).map { Double($0.trimmed) }
        : []
      guard numbers.count == 2, let a = numbers[0], let b = numbers[1], a.isFinite, b.isFinite
      else {
        throw Problem(
          .usage, "'\(part)' in a prior is not NAME=NUMBER:NUMBER",
          remedy: isFlat ? "write flat:cHW=-1:1" : "write gauss:cHW=MEAN:WIDTH")
      }
      guard isFlat ? a < b : b > 0 else {
        throw Problem(
          .usage, "the prior of '\(pair[0].trimmed)' is empty",
          remedy: isFlat ? "the first number must be the smaller" : "the width must be positive")
      }
      guard
        priors.updateValue(
          isFlat ? .flat(a, b) : .gauss(mean: a, standardDeviation: b), forKey: pair[0].trimmed)
          == nil
      else { throw Problem(.usage, "parameter '\(pair[0].trimmed)' is given twice in a prior") }
    }
    return priors
  }

  /// The prior of each parameter in order; parameters that are not named stay at 0. Nil for points.
  public func resolvePriors(_ setup: Setup) throws -> [Prior]? {
    switch self {
    case .points: return nil
    case .ranges:
      return setup.parameters.map { .flat($0.range.lowerBound, $0.range.upperBound) }
    case .prior(let priors):
      try PointSpecification.check(priors.keys.sorted(), setup)
      return setup.parameterNames.map { priors[$0] ?? .flat(0, 0) }
    }
  }

  /// As it is written on the command line, for provenance and headers.
  public var description: String {
    switch self {
    case .ranges: return "prior"
    case .points(let points):
      return points.map(\.description).joined(separator: " ")
    case .prior(let priors):
      return priors.sorted { $0.key < $1.key }.map { name, prior in
        switch prior {
        case .flat(let a, let b): "flat:\(name)=\(a):\(b)"
        case .gauss(let m, let s): "gauss:\(name)=\(m):\(s)"
        }
      }.joined(separator: ",")
    }
  }
}

/// One axis of a grid of parameter points: `cHW=-1:1:41`.
public struct GridAxis: Sendable, Equatable {
  public var parameter: String
  public var lower: Double
  public var upper: Double
  public var count: Int

  public init(parameter: String, lower: Double, upper: Double, count: Int) {
    self.parameter = parameter
    self.lower = lower
    self.upper = upper
    self.count = count
  }

  public init(parsing text: String) throws {
    let pair = text.split(separator: "=", omittingEmptySubsequences: false)
    let numbers =
      pair.count == 2
      ? pair[1].split(separator: ":", omittingEmptySubsequences: false) : []
    guard numbers.count == 3, let lower = Double(numbers[0].trimmed),
      let upper = Double(numbers[1].trimmed), let count = Int(numbers[2].trimmed),
      lower.isFinite, upper.isFinite
    else {
      throw Problem(
        .usage, "grid axis '\(text)' is not NAME=LOW:HIGH:POINTS", remedy: "write cHW=-1:1:41")
    }
    guard lower < upper, count >= 2 else {
      throw Problem(.usage, "grid axis '\(text)' needs LOW < HIGH and at least 2 points")
    }
    self.init(parameter: pair[0].trimmed, lower: lower, upper: upper, count: count)
  }

  public var values: [Double] {
    (0..<count).map {
      $0 == count - 1 ? upper : lower + (upper - lower) * Double($0) / Double(count - 1)
    }
  }

  /// All points of a grid, the last axis running fastest; parameters without an axis are 0.
  public static func points(_ axes: [GridAxis], setup: Setup) throws -> [[Double]] {
    try PointSpecification.check(axes.map(\.parameter), setup)
    guard Set(axes.map(\.parameter)).count == axes.count else {
      throw Problem(.usage, "a grid axis is given twice")
    }
    guard axes.reduce(1.0, { $0 * Double($1.count) }) <= 1e8 else {
      throw Problem(.usage, "a grid of more than 100 million points", remedy: "use fewer points")
    }
    var points = [[Double](repeating: 0, count: setup.parameters.count)]
    for axis in axes {
      guard let p = setup.parameterNames.firstIndex(of: axis.parameter) else { continue }
      points = points.flatMap { point in
        axis.values.map { value in
          var next = point
          next[p] = value
          return next
        }
      }
    }
    return points
  }
}

/// Integrated luminosity with its unit: `300/fb`.
public struct Luminosity: Sendable, Equatable {
  /// In inverse picobarn.
  public var inversePicobarn: Double
  public init(inversePicobarn: Double) { self.inversePicobarn = inversePicobarn }

  public init(parsing text: String) throws {
    let units: [(String, Double)] = [("/ab", 1e6), ("/fb", 1e3), ("/pb", 1), ("/nb", 1e-3)]
    for (suffix, scale) in units where text.hasSuffix(suffix) {
      guard let value = Double(text.dropLast(suffix.count).trimmed), value.isFinite, value > 0
      else {
        break
      }
      inversePicobarn = value * scale
      return
    }
    throw Problem(
      .usage, "luminosity '\(text)' is not a positive number with a unit",
      remedy: "write 300/fb (units: /ab /fb /pb /nb)")
  }

  public var description: String {
    let value = inversePicobarn / 1e3
    return (value == value.rounded() && value < 1e15 ? String(Int(value)) : String(value)) + "/fb"
  }
}

extension StringProtocol {
  /// Without blanks at either end.
  var trimmed: String {
    var part = self[...]
    while let c = part.first, c == " " || c == "\t" { part = part.dropFirst() }
    while let c = part.last, c == " " || c == "\t" { part = part.dropLast() }
    return String(part)
  }
}
