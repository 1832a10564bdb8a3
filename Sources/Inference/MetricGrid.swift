import Diagnostics
import EventModel

extension Geometry {
  /// The information on a grid of points as a metric in the parameters of the axes; the others are kept at θ.
  ///
  /// - Parameter information: the matrix at a point, row-major, θ first.
  /// - Throws: `.usage` for axes that do not fit, or more than four.
  public static func metric(
    axes: [GridAxis], setup: Setup, theta: [Double], luminosity: Double, source: String,
    journal: Journal? = nil, information: ([Double]) throws -> Information.Entry
  ) throws -> Geometry {
    guard (1...4).contains(axes.count) else {
      throw Problem(
        .usage, "a metric is on one to four axes", remedy: "give --grid NAME=LOW:HIGH:POINTS")
    }
    let places = try axes.map { axis in
      guard let p = setup.parameterNames.firstIndex(of: axis.parameter) else {
        throw Problem(
          .usage, "there is no parameter '\(axis.parameter)'",
          remedy: "there are " + setup.parameterNames.joined(separator: ", "))
      }
      return p
    }
    guard Set(places).count == places.count else {
      throw Problem(.usage, "a grid axis is given twice")
    }
    var geometry = Geometry(
      axes: axes, parameterNames: setup.parameterNames,
      parameterUnits: setup.parameters.map(\.unit), theta: theta, luminosity: luminosity,
      source: source, metric: [])
    let count = geometry.pointCount
    guard count <= 1_000_000 else {
      throw Problem(.usage, "a metric on more than a million points", remedy: "use fewer points")
    }
    for index in 0..<count {
      var point = theta
      for (place, value) in zip(places, geometry.point(index)) { point[place] = value }
      let matrix = try information(point).matrix
      let n = Int(Double(matrix.count).squareRoot().rounded())
      for i in places { for j in places { geometry.metric.append(matrix[i * n + j]) } }
      journal?.progress("points", index + 1, of: count)
    }
    return geometry
  }

  /// One value for each axis of a point of the analysis.
  public func coordinates(of theta: [Double]) -> [Double] {
    axes.map { axis in
      parameterNames.firstIndex(of: axis.parameter).map { theta[$0] } ?? .nan
    }
  }

  /// The point of texts as `--theta` takes them: values by name, what is not named stays at `theta`.
  /// - Throws: `.usage` for other names, and outside of the grid.
  public func point(named values: [String: Double]) throws -> [Double] {
    for name in values.keys where !axes.contains(where: { $0.parameter == name }) {
      throw Problem(
        .usage, "'\(name)' is not an axis of the grid",
        remedy: "there are " + axes.map(\.parameter).joined(separator: ", "))
    }
    let start = coordinates(of: theta)
    return try axes.enumerated().map { k, axis in
      let value = values[axis.parameter] ?? start[k]
      guard (axis.lower...axis.upper).contains(value) else {
        throw Problem(
          .usage, "\(axis.parameter)=\(value) is outside the grid",
          remedy: "it goes from \(axis.lower) to \(axis.upper)")
      }
      return value
    }
  }
}
