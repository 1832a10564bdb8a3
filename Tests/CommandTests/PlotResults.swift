import EventModel
import Glibc

/// Results of `limits` and `fisher` other than likelihoods on a grid, with numbers that are easy to check.
extension PlotFixtures {
  /// CLs = e^(−μ·N) with rates that make bands, observed between the median and +1σ.
  static func strength(isObserved: Bool = true) -> Document {
    var d = Document()
    let values = [0.5, 1.0, 1.5, 2.0]
    d.set("cls/parameter", "mu_wh")
    d.set("cls/unit", "")
    d.set("cls/data", isObserved ? "observed" : "expected")
    d.set("cls/luminosity", 3e3)
    d.set("cls/level", 0.95)
    d.set("cls/null", 0.0)
    d.set("cls/values", values)
    d.set("cls/observed", values.map { isObserved ? exp(-1.5 * $0) : .nan })
    d.set("cls/observed_error", values.map { _ in 0.0 })
    d.set("cls/expected", values.flatMap { v in bands.map { exp(-$0 * v) } }, shape: [4, 5])
    d.set("cls/upper_limit", isObserved ? 1.997 : .nan)
    d.set("cls/expected_upper_limits", bands.map { log(20) / $0 })
    return d
  }

  /// −ln CLs at μ = 1 for −2 … 2 standard deviations.
  static let bands = [4.0, 3, 2, 1, 0.5]

  /// Two true points, two levels, two methods.
  static func coverage(points: [[Double]] = [[0, 0], [0.5, -0.2]]) -> Document {
    var d = Document()
    d.set("coverage/mode", "histogram")
    d.set("coverage/parameters", ["c_a", "c_b"])
    d.set("coverage/units", ["TeV^-2", "TeV^-2"])
    d.set("coverage/luminosity", 3e3)
    d.set("coverage/methods", ["asymptotic", "neyman"])
    d.set("coverage/levels", [0.68, 0.95])
    d.set("coverage/experiments", 1000)
    d.set("coverage/points", points.flatMap { $0 }, shape: [points.count, 2])
    let fraction = points.indices.flatMap { [0.64 + 0.1 * Double($0), 0.68, 0.954, 0.95] }
    let shape = [points.count, 2, 2]
    d.set("coverage/fraction", fraction, shape: shape)
    d.set("coverage/lower", fraction.map { $0 - 0.015 }, shape: shape)
    d.set("coverage/upper", fraction.map { $0 + 0.014 }, shape: shape)
    return d
  }

  /// A Gaussian of widths 0.2 and 0.1 around (0.1, −0.05), on a grid.
  static func posterior() -> Document {
    var d = posteriorHead()
    let axes = [
      GridAxis(parameter: "c_a", lower: -1, upper: 1, count: 81),
      GridAxis(parameter: "c_b", lower: -0.5, upper: 0.5, count: 81),
    ]
    d.set("posterior/axes/parameter", axes.map(\.parameter))
    d.set("posterior/axes/lower", axes.map(\.lower))
    d.set("posterior/axes/upper", axes.map(\.upper))
    d.set("posterior/axes/count", axes.map(\.count))
    d.set(
      "posterior/log_density",
      axes[0].values.flatMap { x in axes[1].values.map { -0.5 * square(x, $0) } },
      shape: [81, 81])
    d.set("posterior/hpd/level", [0.68, 0.95])
    return d
  }

  /// The same Gaussian, as samples at its quantiles.
  static func chains() -> Document {
    var d = posteriorHead()
    let n = 60
    // Sums of uniform numbers would need a seed; Box and Muller's formula over a grid needs none.
    var samples: [Double] = []
    for i in 0..<n {
      let r = (-2 * log((Double(i) + 0.5) / Double(n))).squareRoot()
      for j in 0..<n {
        let phi = 2 * Double.pi * Double(j) / Double(n)
        samples += [0.1 + 0.2 * r * cos(phi), -0.05 + 0.1 * r * sin(phi)]
      }
    }
    d.set("posterior/free_parameters", ["c_a", "c_b"])
    d.set("posterior/intervals/level", [0.68, 0.95, 0.68, 0.95])
    d.set("posterior/samples", samples, shape: [n * n, 2])
    return d
  }

  /// Independent parameters of widths 0.02, 2, 200, 0.02 …, the first ones of them with a unit.
  static func chains(_ names: [String]) -> Document {
    var d = posteriorHead()
    let n = names.count
    var samples: [Double] = []
    for i in 0..<400 {
      // Multiples of irrational numbers fill an interval evenly.
      samples += (0..<n).map { p in
        let share = (Double(i + 1) * (Double(p) + 2).squareRoot() * 0.7548776662)
          .truncatingRemainder(dividingBy: 1)
        return 2 * (share - 0.5) * [0.02, 2, 200][p % 3]
      }
    }
    d.set("posterior/parameters", names)
    d.set("posterior/free_parameters", names)
    d.set("posterior/units", names.indices.map { $0 % 2 == 0 ? "TeV^-2" : "" })
    for name in ["theta_true", "map"] {
      d.set("posterior/" + name, names.map { _ in 0.0 })
    }
    d.set("posterior/intervals/level", [0.68, 0.95])
    d.set("posterior/samples", samples, shape: [400, n])
    return d
  }

  static func square(_ x: Double, _ y: Double) -> Double {
    (x - 0.1) * (x - 0.1) / 0.04 + (y + 0.05) * (y + 0.05) / 0.01
  }

  private static func posteriorHead() -> Document {
    var d = Document()
    d.set("posterior/method", "grid")
    d.set("posterior/data", "expected")
    d.set("posterior/parameters", ["c_a", "c_b"])
    d.set("posterior/units", ["TeV^-2", "TeV^-2"])
    d.set("posterior/luminosity", 3e3)
    d.set("posterior/theta_true", [0.0, 0.0])
    d.set("posterior/map", [0.1, -0.05])
    return d
  }

  /// A fit with three nuisance parameters; the second moves c_HW most.
  static func impacts() -> Limits {
    var limits = limits()
    limits.parameterNames += ["nu_scale", "nu_pdf", "nu_lumi"]
    limits.parameterUnits += ["", "", ""]
    limits.points = []
    for x in limits.axes[0].values {
      for y in limits.axes[1].values { limits.points += [x, y, 0, 0, 0] }
    }
    limits.bestFit += [0.3, -0.4, 0.02]
    limits.thetaTrue += [0, 0, 0]
    limits.nuisance = [
      .init(parameter: 2, constraint: "gauss", width: 1),
      .init(parameter: 3, constraint: "gauss", width: 1),
      .init(parameter: 4, constraint: "lognormal:0.02", width: 0.02),
    ]
    limits.fit = .init(
      parameters: [0, 1, 2, 3, 4], values: limits.bestFit, errors: [0.1, 0.05, 0.9, 0.5, 0.02],
      correlation: (0..<25).map { $0 % 6 == 0 ? 1 : 0 })
    limits.impacts = [(2, 0.02), (3, 0.05), (4, 0.001)].flatMap { nuisance, size in
      [0, 1].map { p in
        Limits.Impact(
          nuisance: nuisance, parameter: p, prefitUp: 1.2 * size, prefitDown: -1.1 * size,
          postfitUp: size, postfitDown: p == 0 ? -0.9 * size : .nan)
      }
    }
    return limits
  }

  /// Information over four bins of an observable with a unit.
  static func distributed(hasErrors: Bool = false) -> Information {
    var info = information()
    info.parameterNames = ["cHW", "cHq3"]
    info.parameterUnits = ["TeV^-2", "TeV^-2"]
    info.isNuisance = [false, false]
    info.theta = [0, 0]
    info.entries = [.init(name: "truth", matrix: [10, 0, 0, 26])]
    let matrices = [1.0, 2, 3, 4].flatMap { (k: Double) -> [Double] in [k, 0, 0, 2 * k] }
    info.distribution = InformationDistribution(
      axis: BinAxis("pt_w", edges: [0, 100, 300], unit: "GeV"),
      crossSections: [0, 2e-3, 1e-3, 5e-4],
      entries: [
        .init(
          name: "truth", matrices: matrices,
          covariances: hasErrors ? [1.0, 2, 3, 4].flatMap(PlotFixtures.covariance) : nil)
      ])
    return info
  }

  /// Of a 2 × 2 matrix whose elements have the errors k/10, those outside of the diagonal 0.
  private static func covariance(_ k: Double) -> [Double] {
    (0..<16).map { [0, 15].contains($0) ? 0.01 * k * k : 0 }
  }

  /// A flat metric diag(4, 25) with its distances from (0.25, 0) and a path along the first axis.
  static func geometry(hasDistances: Bool, hasPath: Bool = false) -> Geometry {
    let axes = [
      GridAxis(parameter: "c_a", lower: -1, upper: 1, count: 41),
      GridAxis(parameter: "c_b", lower: -0.4, upper: 0.4, count: 21),
    ]
    var result = Geometry(
      axes: axes, parameterNames: ["c_a", "c_b"], parameterUnits: ["TeV^-2", ""], theta: [0, 0],
      luminosity: 3e5, source: "histogram", metric: [])
    for _ in 0..<result.pointCount { result.metric += [4, 0, 0, 25] }
    if hasDistances || hasPath { result.origin = [0.25, 0] }
    if hasDistances {
      result.distances = (0..<result.pointCount).map {
        let p = result.point($0)
        return (4 * (p[0] - 0.25) * (p[0] - 0.25) + 25 * p[1] * p[1]).squareRoot()
      }
    }
    if hasPath {
      let s = (0...12).map { 0.1 * Double($0) }
      result.paths = [
        .init(points: s.flatMap { [0.25 + $0 / 2, 0] }, distances: s, reachesBorder: false)
      ]
    }
    return result
  }
}
