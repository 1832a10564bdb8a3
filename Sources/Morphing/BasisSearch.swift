import Diagnostics
import EventModel
import LinearAlgebra
import Numerics

/// Completes a morphing basis with points that keep the morphing weights small.
///
/// The objective is Σ_b w_b(θ)² averaged over the box of the parameters' ranges, in closed form
/// (the average of a polynomial), so that trials compare without noise. Random trials are followed
/// by a descent with the gradient from the best of them. Existing benchmarks stay, first and in
/// their order.
public struct BasisSearch: Sendable {
  /// Random starts.
  public var trials = 100
  /// Starts from which the descent is done.
  public var refinements = 5
  public var seed: UInt64

  public init(seed: UInt64, trials: Int = 100, refinements: Int = 5) {
    self.seed = seed
    self.trials = trials
    self.refinements = refinements
  }

  /// The name of the basis vector at this index of the basis.
  public static func name(_ index: Int) -> String { "morphing_basis_vector_\(index)" }

  /// The setup with as many benchmarks as its components need, and its morphing matrix.
  ///
  /// With at least as many benchmarks as components nothing is searched: the matrix is the inverse,
  /// or least squares over all of them.
  /// - Parameter maxTotalPower: largest sum of exponents of a component.
  /// - Throws: `.data` for a singular basis, equal benchmarks, or a name that is taken.
  public func complete(
    _ setup: Setup, maxTotalPower: Int, journal: Journal? = nil
  ) throws -> (setup: Setup, fit: BasisFit) {
    let components = try MorphingComponents.exponents(
      of: setup.parameters, maxTotalPower: maxTotalPower)
    try BasisFit.check(parameters: setup.parameters, benchmarks: setup.benchmarks)
    var setup = setup
    let missing = components.count - setup.benchmarks.count
    if missing > 0 {
      let problem = SearchProblem(setup: setup, components: components, missing: missing)
      for point in try search(problem, journal: journal) {
        let name = Self.name(setup.benchmarks.count)
        guard setup.benchmarkIndex(name) == nil, !setup.nuisanceBenchmarks.contains(name) else {
          throw Problem(
            .data, "the name \(name) is taken by a benchmark",
            remedy: "name the benchmark otherwise; names of this form are for added points")
        }
        setup.benchmarks.append(Benchmark(name: name, values: point))
      }
    }
    let fit = try BasisFit(
      components: components, parameters: setup.parameters, benchmarks: setup.benchmarks)
    setup.morphing = fit.morphing
    return (setup, fit)
  }

  private func search(_ problem: SearchProblem, journal: Journal?) throws -> [[Double]] {
    var starts: [(value: Double, point: [Double])] = []
    for trial in 0..<max(1, trials) {
      var stream = PhiloxStream(seed: seed, purpose: .basis, item: UInt64(trial))
      let point = problem.lower.indices.map {
        stream.uniform(problem.lower[$0], problem.upper[$0])
      }
      starts.append((problem.value(point), point))
      journal?.progress("basis", trial + 1, of: trials)
    }
    // Equal values keep the order of the trials: the sort of the standard library is stable.
    starts.sort { $0.value < $1.value }
    guard starts[0].value.isFinite else {
      throw Problem(
        .data, "no choice of \(problem.missing) more benchmarks gives a regular morphing matrix",
        remedy: "widen the ranges of the parameters or remove benchmarks that are close together")
    }
    let minimiser = Minimiser(
      lower: problem.lower, upper: problem.upper, tolerance: 1e-6, maximumIterations: 200)
    var best = starts[0]
    for start in starts.prefix(max(0, refinements)) where start.value.isFinite {
      let minimum = try minimiser.minimise(from: start.point) { point, gradient in
        problem.value(point, gradient: &gradient)
      }
      if minimum.value < best.value { best = (minimum.value, minimum.point) }
    }
    return problem.points(best.point)
  }
}

/// The objective of the search as a function of the coordinates of the missing points, in units of
/// the parameters' ranges.
private struct SearchProblem {
  let setup: Setup
  let missing: Int
  let scaling: BasisScaling
  let monomials: Monomials
  let fixedRows: [[Double]]
  let meanProducts: Matrix
  let lower: [Double]
  let upper: [Double]

  init(setup: Setup, components: [[Int]], missing: Int) {
    self.setup = setup
    self.missing = missing
    scaling = BasisScaling(parameters: setup.parameters, benchmarks: setup.benchmarks)
    monomials = Monomials(components: components)
    let (monomials, scaling) = (monomials, scaling)
    fixedRows = setup.benchmarks.map { monomials.values(scaling.scaled($0.values)) }
    meanProducts = Matrix(rows: monomials.meanProducts(in: scaling.box))
    lower = (0..<missing).flatMap { _ in scaling.box.map(\.lowerBound) }
    upper = (0..<missing).flatMap { _ in scaling.box.map(\.upperBound) }
  }

  private func point(_ i: Int, _ coordinates: [Double]) -> [Double] {
    let p = setup.parameters.count
    return Array(coordinates[i * p..<(i + 1) * p])
  }

  private func inverse(_ coordinates: [Double]) -> Matrix? {
    let rows = fixedRows + (0..<missing).map { monomials.values(point($0, coordinates)) }
    return try? Matrix(rows: rows).inverse()
  }

  func value(_ coordinates: [Double]) -> Double {
    inverse(coordinates).map { BasisFit.meanSquaredWeight($0, meanProducts) } ?? .infinity
  }

  /// f = Tr(Mᵀ V M) with M = A⁻¹ has ∂f/∂A_bc = −2 (M Mᵀ V M)_cb.
  func value(_ coordinates: [Double], gradient: inout [Double]) -> Double {
    guard let m = inverse(coordinates) else { return .infinity }
    let vm = meanProducts * m
    let slope = m * (m.transposed * vm)
    let p = setup.parameters.count
    for i in 0..<missing {
      let theta = point(i, coordinates)
      for q in 0..<p {
        let derivatives = monomials.derivatives(theta, parameter: q)
        var sum = 0.0
        for (c, derivative) in derivatives.enumerated() {
          sum -= 2 * slope[c, fixedRows.count + i] * derivative
        }
        gradient[i * p + q] = sum
      }
    }
    return zip(m.elements, vm.elements).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The points in the parameters' own units, rounded to four digits of the range (cards and tables
  /// then show what was used), inside the box, in an order that does not depend on the descent.
  func points(_ coordinates: [Double]) -> [[Double]] {
    let points = (0..<missing).map { i in
      zip(point(i, coordinates), zip(setup.parameters, scaling.scales)).map { x, unit in
        let (parameter, scale) = unit
        let width = parameter.range.upperBound - parameter.range.lowerBound
        guard width > 0 else { return parameter.range.lowerBound }
        let digits = 4 - Int((Double(width.exponent) * 0.30103).rounded(.down))
        let unit = decimalPower(abs(digits))
        let value = x * scale
        let rounded =
          digits >= 0 ? (value * unit).rounded() / unit : (value / unit).rounded() * unit
        return min(max(rounded, parameter.range.lowerBound), parameter.range.upperBound)
      }
    }
    return points.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
