import Diagnostics
import EventModel
import LinearAlgebra
import Numerics

/// ln ∫ L(θ, ν) dν over nuisance parameters, whose constraints are in L, and over free normalisations, whose prior is flat:
/// what a posterior in θ and its evidence are made of.
///
/// Adaptive Gauss-Hermite quadrature: nodes are placed by the maximum over ν and the curvature there (Naylor and Smith,
/// Appl. Statist. 31 (1982) 214), exact for a Gaussian times a polynomial; of more than three parameters the maximum alone is
/// the node (Laplace's approximation). A parameter that a bound cuts off, such as the strength of a process that the data do
/// not want, is no Gaussian: Gauss-Legendre quadrature goes along it first.
public struct MarginalLikelihood {
  private let likelihood: any LogLikelihood
  private let names: [String]
  private let others: [Int]
  private let bounds: [ClosedRange<Double>]

  /// - Parameters:
  ///   - likelihood: of all parameters.
  ///   - others: those that are integrated over.
  ///   - bounds: where every parameter may go.
  public init(
    _ likelihood: any LogLikelihood, names: [String], over others: [Int],
    bounds: [ClosedRange<Double>]
  ) throws {
    self.likelihood = likelihood
    self.names = names
    self.others = others
    self.bounds = bounds
    hermite = try (0...3).map { try Self.hermite(Self.nodeCount($0)) }
    legendre = try Self.legendre(32)
  }

  /// Roots of the Hermite polynomial, and ln (weight e^x²), for each number of parameters up to three.
  private let hermite: [[(x: Double, logWeight: Double)]]
  private let legendre: [(x: Double, weight: Double)]

  /// Nodes in each of so many parameters.
  static func nodeCount(_ parameters: Int) -> Int {
    switch parameters {
    case 1: 15
    case 2: 9
    case 3: 7
    default: 1
    }
  }

  /// Whether the integral is Laplace's approximation.
  public var isApproximate: Bool { Self.nodeCount(others.count) == 1 }

  /// Nodes and weights of ∫ e^−x² f(x) dx from the eigenvalues of the recurrence (Golub and Welsch 1969).
  static func hermite(_ n: Int) throws -> [(x: Double, logWeight: Double)] {
    try nodes(n) { (Double($0) / 2).squareRoot() }.map { x, square in
      (x, logarithm(Double.pi.squareRoot() * square) + x * x)
    }
  }

  /// The same of ∫ f(x) dx from −1 to 1.
  static func legendre(_ n: Int) throws -> [(x: Double, weight: Double)] {
    try nodes(n) { Double($0) / (4 * Double($0 * $0) - 1).squareRoot() }.map { ($0, 2 * $1) }
  }

  /// Eigenvalues of the recurrence of orthogonal polynomials, and the squares of the first components of its vectors.
  private static func nodes(
    _ n: Int, _ coefficient: (Int) -> Double
  ) throws -> [(x: Double, square: Double)] {
    var recurrence = Matrix(rows: n, columns: n)
    for k in 1..<max(1, n) {
      recurrence[k - 1, k] = coefficient(k)
      recurrence[k, k - 1] = recurrence[k - 1, k]
    }
    let (values, vectors) = try recurrence.symmetricEigen()
    return values.indices.map { (values[$0], vectors[0, $0] * vectors[0, $0]) }
  }

  /// The integral at a point, and the point with the best of what is integrated over; −inf where the likelihood is not
  /// defined.
  /// - Parameter point: all parameters; fits start there.
  /// - Throws: `.data` where the likelihood has no peak in the nuisance parameters.
  public func evaluate(at point: [Double]) throws -> (value: Double, best: [Double]) {
    try integral(at: point, over: others)
  }

  private func integral(
    at start: [Double], over others: [Int], above floor: Double = -.infinity, depth: Int = 0
  ) throws -> (value: Double, best: [Double]) {
    guard !others.isEmpty else {
      let value = try likelihood.evaluate(at: start, gradient: false).total
      return (value.isNaN ? -.infinity : value, start)
    }
    var box = start.map { $0...$0 }
    for p in others { box[p] = bounds[p] }
    guard
      let found = try RestrictedFit(likelihood, bounds: box).minimise(from: start, over: others)
    else { return (-.infinity, start) }
    // Far from the maximum of all parameters there is nothing to integrate, and no peak perhaps.
    guard -0.5 * found.value > floor else { return (-.infinity, found.point) }
    // One within the other these integrals take long.
    if depth < 3, let cut = others.indices.first(where: { isCut(found, $0) }) {
      return (try alongBound(found, cut, depth), found.point)
    }
    return (try around(found), found.point)
  }

  /// Whether a bound is within four standard deviations of the maximum.
  private func isCut(_ found: RestrictedFit.Found, _ k: Int) -> Bool {
    let (range, value) = (bounds[found.free[k]], found.point[found.free[k]])
    let error = found.error(k)
    return !(value - 4 * error > range.lowerBound && value + 4 * error < range.upperBound)
  }

  /// Logarithm of the part of the maximum that does not matter.
  private static let negligible = -35.0

  /// The integral by Gauss-Legendre quadrature along one parameter, as far as the likelihood goes, of integrals over the
  /// others.
  private func alongBound(
    _ found: RestrictedFit.Found, _ k: Int, _ depth: Int
  ) throws -> Double {
    let p = found.free[k]
    let range = bounds[p]
    let (low, high) = (
      found.point[p] - (try reach(found, k, -1)), found.point[p] + (try reach(found, k, 1))
    )
    let (middle, half) = (
      0.5 * (max(low, range.lowerBound) + min(high, range.upperBound)),
      0.5 * (min(high, range.upperBound) - max(low, range.lowerBound))
    )
    let rest = found.free.filter { $0 != p }
    let terms = try legendre.map { x, weight -> Double in
      var point = found.point
      point[p] = middle + half * x
      let inner = try integral(
        at: point, over: rest, above: -0.5 * found.value + Self.negligible, depth: depth + 1)
      return inner.value + logarithm(weight * half)
    }
    return GridPosterior.logSumExp(terms)
  }

  /// How far from its maximum the likelihood matters: twice the distance where it has fallen by e⁻³⁵ with the others kept, or
  /// eight standard deviations where it is wider with them.
  private func reach(
    _ found: RestrictedFit.Found, _ k: Int, _ direction: Double
  ) throws -> Double {
    let p = found.free[k]
    let whole = bounds[p].upperBound - bounds[p].lowerBound
    var step = 1e-6 * whole
    while step < whole {
      var point = found.point
      point[p] += direction * step
      guard bounds[p].contains(point[p]) else { break }
      let value = try likelihood.evaluate(at: point, gradient: false).total
      if !(value > -0.5 * found.value + Self.negligible) { break }
      step *= 1.5
    }
    let error = found.error(k)
    return max(2 * step, error.isFinite ? 8 * error : 0)
  }

  /// The integral by Gauss-Hermite quadrature around a maximum.
  private func around(_ found: RestrictedFit.Found) throws -> Double {
    let others = found.free
    let k = others.count
    guard let covariance = found.covariance,
      let root = try? Matrix(rows: k, columns: k, elements: covariance).cholesky()
    else {
      let place = names.indices.filter { !others.contains($0) }
        .map { "\(names[$0])=\(found.point[$0])" }.joined(separator: ",")
      throw Problem(
        .data, "the likelihood has no peak in the nuisance parameters at \(place)",
        remedy: "use chains: leave --grid away")
    }
    let nodes = k <= 3 ? hermite[k] : hermite[0]
    var terms: [Double] = []
    var index = [Int](repeating: 0, count: k)
    while true {
      var point = found.point
      var log = 0.0
      for (i, place) in others.enumerated() {
        log += nodes[index[i]].logWeight
        for j in 0...i { point[place] += 2.0.squareRoot() * root[i, j] * nodes[index[j]].x }
      }
      let isInside = others.allSatisfy { bounds[$0].contains(point[$0]) }
      let value =
        isInside ? try likelihood.evaluate(at: point, gradient: false).total : -Double.infinity
      if !value.isNaN { terms.append(log + value) }
      guard let next = index.lastIndex(where: { $0 + 1 < nodes.count }) else { break }
      index[next] += 1
      for later in (next + 1)..<k { index[later] = 0 }
    }
    var volume = 0.0
    for i in 0..<k { volume += logarithm(root[i, i]) + 0.5 * logarithm(2) }
    return GridPosterior.logSumExp(terms) + volume
  }
}
