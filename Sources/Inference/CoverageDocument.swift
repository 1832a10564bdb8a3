import EventModel

extension CoverageStudy {
  /// The group `coverage` of a `limits` file: one row for each true point.
  public func document(limits: Limits) -> Document {
    var d = Document()
    let root = "coverage/"
    let (n, levels) = (points.count, construction.levels)
    let methods = Method.allCases
    limits.writeHead(to: &d, at: root)
    d.set(root + "parameters", limits.parameterNames)
    d.set(root + "units", limits.parameterUnits)
    d.set(root + "degrees_of_freedom", construction.degreesOfFreedom)
    d.set(root + "axes/parameter", limits.axes.map(\.parameter))
    d.set(root + "axes/lower", limits.axes.map(\.lower))
    d.set(root + "axes/upper", limits.axes.map(\.upper))
    d.set(root + "axes/count", limits.axes.map(\.count))
    d.set(root + "methods", methods.map(\.rawValue))
    d.set(root + "levels", levels)
    d.set(root + "toys", construction.toys)
    d.set(root + "experiments", experiments)
    d.set(root + "seed", Int(truncatingIfNeeded: construction.seed))
    d.set(root + "points", points.flatMap { $0 }, shape: [n, limits.parameterCount])
    d.set(root + "expected_events", expectedEvents)
    // Entries are made point by point, level by level, method by method.
    let shape = [n, levels.count, methods.count]
    d.set(root + "covered", entries.map { Double($0.covered) }, shape: shape)
    d.set(root + "fraction", entries.map(\.fraction), shape: shape)
    d.set(root + "lower", entries.map(\.interval.lower), shape: shape)
    d.set(root + "upper", entries.map(\.interval.upper), shape: shape)
    d.set(root + "is_nominal", entries.map { $0.isNominal ? 1.0 : 0 }, shape: shape)
    d.set(root + "ks_distance", uniformity.map(\.distance), shape: [n, methods.count])
    d.set(root + "ks_p", uniformity.map(\.p), shape: [n, methods.count])
    return d
  }

  /// The datasets that have one row for each true point, with their shapes for so many points.
  public func wholeShapes(of n: Int) -> [(path: String, shape: [Int])] {
    let (levels, methods) = (construction.levels.count, Method.allCases.count)
    let parameters = construction.table.hypotheses.first?.count ?? 0
    return [
      ("coverage/points", [n, parameters]), ("coverage/expected_events", [n]),
      ("coverage/ks_distance", [n, methods]), ("coverage/ks_p", [n, methods]),
    ]
      + ["covered", "fraction", "lower", "upper", "is_nominal"].map {
        ("coverage/" + $0, [n, levels, methods])
      }
  }
}
