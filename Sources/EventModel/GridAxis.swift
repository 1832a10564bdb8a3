import Diagnostics

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

  /// As it is written on a command line.
  public var description: String { "\(parameter)=\(lower):\(upper):\(count)" }

  public var values: [Double] {
    (0..<count).map {
      $0 == count - 1 ? upper : lower + (upper - lower) * Double($0) / Double(count - 1)
    }
  }

  /// All points of a grid, the last axis running fastest; parameters without an axis are 0.
  public static func points(
    _ axes: [GridAxis], setup: Setup, nuisance: Bool = false
  ) throws -> [[Double]] {
    let places = try axes.map { try setup.coordinate($0.parameter, nuisance: nuisance) }
    return try points(axes, at: places, of: setup.coordinateNames(nuisance: nuisance).count)
  }

  /// The points of a grid whose axes are at some places among so many coordinates, the others being 0.
  /// - Throws: `.usage` for an axis that is given twice, and for too many points.
  public static func points(
    _ axes: [GridAxis], at places: [Int], of count: Int
  ) throws -> [[Double]] {
    guard Set(places).count == axes.count else {
      throw Problem(.usage, "a grid axis is given twice")
    }
    guard axes.reduce(1.0, { $0 * Double($1.count) }) <= 1e8 else {
      throw Problem(.usage, "a grid of more than 100 million points", remedy: "use fewer points")
    }
    var points = [[Double](repeating: 0, count: count)]
    for (axis, p) in zip(axes, places) {
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
