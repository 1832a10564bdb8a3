import Diagnostics
import EventModel
import Glibc

/// Marginal densities of a posterior, whether it was summed on a grid or sampled by chains.
struct Posterior {
  let parameters: [String]
  let units: [String]
  let levels: [Double]
  /// The best point, one value per parameter of `parameters`; NaN where it is not known.
  let best: [Double]
  let truth: [Double]?
  private let content: Content

  private enum Content {
    /// Density on a grid, the last axis running fastest.
    case grid(axes: [[Double]], density: [Double])
    /// Columns of samples.
    case samples([[Double]])
  }

  /// Bins of samples: along one parameter, and along each of two.
  private static let bins = (one: 40, two: 30)

  static func isHeld(by d: Document) -> Bool { d.group("posterior") != nil }

  init(_ label: String, _ d: Document) throws {
    let root = "posterior/"
    let broken = Problem(
      .data, "the posterior is not whole", remedy: "make it again with limits posterior",
      place: "group posterior")
    guard let all = d.texts(root + "parameters"), let map = d.reals(root + "map"),
      map.count == all.count
    else { throw broken }
    let allUnits = d.texts(root + "units") ?? all.map { _ in "" }
    if let names = d.texts(root + "axes/parameter"), !names.isEmpty {
      guard let log = d.reals(root + "log_density"), let lower = d.reals(root + "axes/lower"),
        let upper = d.reals(root + "axes/upper"), let counts = d.integers(root + "axes/count"),
        [lower.count, upper.count, counts.count].allSatisfy({ $0 == names.count }),
        log.count == counts.reduce(1, *), counts.allSatisfy({ $0 > 1 })
      else { throw broken }
      parameters = names
      levels = d.reals(root + "hpd/level") ?? [0.68, 0.95]
      let highest = log.filter(\.isFinite).max() ?? 0
      content = .grid(
        axes: names.indices.map {
          GridAxis(parameter: names[$0], lower: lower[$0], upper: upper[$0], count: counts[$0])
            .values
        }, density: log.map { $0.isNaN ? 0 : exp($0 - highest) })
    } else {
      guard let names = d.texts(root + "free_parameters"), let flat = d.reals(root + "samples"),
        !flat.isEmpty, flat.count % all.count == 0
      else { throw broken }
      parameters = names
      let levels = d.reals(root + "intervals/level") ?? []
      self.levels = levels.isEmpty ? [0.68, 0.95] : Array(Set(levels)).sorted()
      content = .samples(
        names.map { name in
          let p = all.firstIndex(of: name) ?? 0
          return stride(from: p, to: flat.count, by: all.count).map { flat[$0] }
        })
    }
    let places = parameters.map { all.firstIndex(of: $0) ?? 0 }
    units = places.map { allUnits[$0] }
    best = places.map { map[$0] }
    let truth = d.reals(root + "theta_true") ?? []
    self.truth = truth.count == all.count ? places.map { truth[$0] } : nil
  }

  /// Density along one parameter at equally spaced values, in units of its maximum.
  func marginal(_ k: Int) -> (x: [Double], y: [Double]) {
    let x: [Double]
    var sums: [Double]
    switch content {
    case .grid(let axes, let density):
      x = axes[k]
      sums = [Double](repeating: 0, count: x.count)
      let inner = axes[(k + 1)...].reduce(1) { $0 * $1.count }
      for (i, value) in density.enumerated() { sums[i / inner % x.count] += value }
    case .samples(let columns):
      let range = Self.range(columns[k])
      x = Self.centres(range, Self.bins.one)
      sums = [Double](repeating: 0, count: x.count)
      for value in columns[k] {
        if let bin = Self.bin(value, range, x.count) { sums[bin] += 1 }
      }
      sums = Self.smooth(sums)
    }
    let most = sums.max() ?? 1
    return (x, sums.map { $0 / (most > 0 ? most : 1) })
  }

  /// Density in two parameters.
  func marginal(_ k: Int, _ l: Int) -> GridFunction {
    switch content {
    case .grid(let axes, let density):
      var sums = [Double](repeating: 0, count: axes[k].count * axes[l].count)
      let inner = { (a: Int) in axes[(a + 1)...].reduce(1) { $0 * $1.count } }
      let (stepK, stepL) = (inner(k), inner(l))
      for (i, value) in density.enumerated() {
        sums[i / stepK % axes[k].count * axes[l].count + i / stepL % axes[l].count] += value
      }
      return GridFunction(x: axes[k], y: axes[l], values: sums)
    case .samples(let columns):
      let n = Self.bins.two
      let (a, b) = (Self.range(columns[k]), Self.range(columns[l]))
      var sums = [Double](repeating: 0, count: n * n)
      for (u, v) in zip(columns[k], columns[l]) {
        if let i = Self.bin(u, a, n), let j = Self.bin(v, b, n) { sums[i * n + j] += 1 }
      }
      return GridFunction(
        x: Self.centres(a, n), y: Self.centres(b, n), values: Self.smooth(sums, n))
    }
  }

  /// The density at the border of the smallest region that holds so much of the sum.
  static func border(_ density: [Double], level: Double) -> Double {
    let sorted = density.sorted(by: >)
    let total = sorted.reduce(0, +)
    var sum = 0.0
    for value in sorted {
      sum += value
      if sum >= level * total { return value }
    }
    return 0
  }

  /// All values but the outermost 0.1 %, and a margin in which the density falls to nothing.
  private static func range(_ values: [Double]) -> ClosedRange<Double> {
    let sorted = values.sorted()
    let low = sorted[Int(0.001 * Double(sorted.count - 1))]
    let high = sorted[Int(0.999 * Double(sorted.count - 1))]
    guard high > low else { return (low - 0.5)...(low + 0.5) }
    return (low - 0.08 * (high - low))...(high + 0.08 * (high - low))
  }

  private static func centres(_ range: ClosedRange<Double>, _ n: Int) -> [Double] {
    let width = (range.upperBound - range.lowerBound) / Double(n)
    return (0..<n).map { range.lowerBound + (Double($0) + 0.5) * width }
  }

  private static func bin(_ value: Double, _ range: ClosedRange<Double>, _ n: Int) -> Int? {
    guard range.contains(value) else { return nil }
    let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    return min(n - 1, Int(share * Double(n)))
  }

  /// A Gaussian of one bin, so that curves and contours of few samples are lines.
  private static func smooth(_ values: [Double]) -> [Double] {
    values.indices.map { i in
      var (sum, weight) = (0.0, 0.0)
      for shift in -3...3 where values.indices.contains(i + shift) {
        let k = exp(-0.5 * Double(shift * shift))
        sum += k * values[i + shift]
        weight += k
      }
      return sum / weight
    }
  }

  /// The same along both axes of a square.
  private static func smooth(_ values: [Double], _ n: Int) -> [Double] {
    let rows = (0..<n).flatMap { i in smooth(Array(values[i * n..<(i + 1) * n])) }
    let columns = (0..<n).map { j in smooth((0..<n).map { rows[$0 * n + j] }) }
    return (0..<n * n).map { columns[$0 % n][$0 / n] }
  }
}
