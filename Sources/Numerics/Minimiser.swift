import Glibc

/// The minimum of a smooth function.
public struct Minimum: Sendable {
  /// Where it is.
  public var point: [Double]
  /// The function there.
  public var value: Double
  /// The gradient there; not zero for parameters at a bound.
  public var gradient: [Double]
  /// The second derivatives there, row-major, from differences of the gradient.
  public var hessian: [Double]
  /// Which parameters ended at a bound.
  public var isAtBound: [Bool]
  /// Calls of the function.
  public var evaluations: Int
  /// Whether the estimated distance to the minimum fell below the tolerance.
  public var converged: Bool
  /// Estimated vertical distance to the minimum, ½ gᵀH⁻¹g over the parameters not at a bound.
  public var estimatedDistance: Double

  /// The inverse of the second derivatives over the parameters not at a bound (zero rows for the
  /// others), row-major; nil where they are not positive definite. For −2 log L as the function,
  /// the covariance is twice this.
  public var inverseHessian: [Double]? {
    let n = point.count
    let free = (0..<n).filter { !isAtBound[$0] }
    guard let factor = CholeskyFactor(hessian, size: n, rows: free) else { return nil }
    var inverse = Array(repeating: 0.0, count: n * n)
    for (j, column) in free.enumerated() {
      var unit = Array(repeating: 0.0, count: free.count)
      unit[j] = 1
      for (i, value) in factor.solve(unit).enumerated() { inverse[free[i] * n + column] = value }
    }
    return inverse
  }
}

/// Minimises a smooth function of a few parameters (up to about twenty) inside a box: BFGS with the
/// second derivatives at the start from differences of the gradient, a backtracking line search,
/// parameters at a bound held while the gradient points outwards, and Newton steps at the end.
///
/// Where the function returns NaN or +inf (outside its domain, such as σ(θ) < 0) the step is
/// shortened.
public struct Minimiser: Sendable {
  /// Wanted estimated vertical distance to the minimum, in units of the function. Default 1e-9.
  public var tolerance = 1e-9
  /// Most iterations of BFGS.
  public var maximumIterations = 200
  /// Lower bounds, one for each parameter, or nil.
  public var lower: [Double]?
  /// Upper bounds, one for each parameter, or nil.
  public var upper: [Double]?
  /// Typical size of a change of each parameter; nil takes a tenth of the box, or max(|x|, 1)/10
  /// without one.
  public var scales: [Double]?

  public init(
    lower: [Double]? = nil, upper: [Double]? = nil, scales: [Double]? = nil,
    tolerance: Double = 1e-9, maximumIterations: Int = 200
  ) {
    self.lower = lower
    self.upper = upper
    self.scales = scales
    self.tolerance = tolerance
    self.maximumIterations = maximumIterations
  }

  /// A function: the value at a point, and its gradient written to the second argument (which has
  /// the right size).
  public typealias Function = (_ point: [Double], _ gradient: inout [Double]) throws -> Double

  /// Minimises from `start`, which is moved into the box.
  ///
  /// - Throws: `NumericsError.startIsNotFinite`, and what the function throws.
  public func minimise(from start: [Double], _ function: Function) throws -> Minimum {
    var search = Search(minimiser: self, start: start)
    try search.evaluateStart(function)
    try search.takeHessian(function)
    for _ in 0..<maximumIterations {
      let (step, distance) = search.direction()
      if distance <= search.wantedDistance(tolerance) { break }
      if try !search.move(along: step, function, updating: true) { break }
    }
    // Newton steps remove what BFGS leaves; the last differences give the Hessian that is returned.
    for _ in 0..<8 {
      try search.takeHessian(function)
      let (step, distance) = search.direction()
      if distance <= search.wantedDistance(tolerance * 1e-3) { break }
      if try !search.move(along: step, function, updating: false) { break }
    }
    return search.minimum(tolerance: tolerance)
  }
}

/// The state of one minimisation.
private struct Search {
  let lower: [Double]
  let upper: [Double]
  let scales: [Double]
  var point: [Double]
  var value = Double.infinity
  var gradient: [Double]
  var hessian: [Double]
  var evaluations = 0

  init(minimiser: Minimiser, start: [Double]) {
    let n = start.count
    let lower = minimiser.lower ?? Array(repeating: -.infinity, count: n)
    let upper = minimiser.upper ?? Array(repeating: .infinity, count: n)
    self.lower = lower
    self.upper = upper
    point = (0..<n).map { min(max(start[$0], lower[$0]), upper[$0]) }
    scales =
      minimiser.scales
      ?? (0..<n).map { i in
        let width = upper[i] - lower[i]
        return width.isFinite && width > 0 ? width / 10 : max(abs(start[i]), 1) / 10
      }
    gradient = Array(repeating: 0, count: n)
    hessian = Array(repeating: 0, count: n * n)
  }

  mutating func evaluateStart(_ function: Minimiser.Function) throws {
    evaluations += 1
    value = try function(point, &gradient)
    guard value.isFinite, gradient.allSatisfy(\.isFinite) else {
      throw NumericsError.startIsNotFinite
    }
  }

  /// The rounding error of the function bounds what distance can be asked for.
  func wantedDistance(_ tolerance: Double) -> Double {
    max(tolerance, Double.ulpOfOne * abs(value))
  }

  func isHeld(_ i: Int) -> Bool {
    (point[i] <= lower[i] && gradient[i] >= 0) || (point[i] >= upper[i] && gradient[i] <= 0)
  }

  /// Second derivatives from central differences of the gradient, one-sided at a bound or at the
  /// edge of the domain.
  mutating func takeHessian(_ function: Minimiser.Function) throws {
    let n = point.count
    var rows = hessian
    for i in 0..<n {
      let h = max(1e-4 * scales[i], 1e-7 * abs(point[i]))
      var ends: [(x: Double, gradient: [Double])] = []
      for x in [point[i] + h, point[i] - h] where x >= lower[i] && x <= upper[i] {
        var there = point
        there[i] = x
        var g = gradient
        evaluations += 1
        if try function(there, &g).isFinite, g.allSatisfy(\.isFinite) { ends.append((x, g)) }
      }
      if ends.count == 1 { ends.append((point[i], gradient)) }
      guard ends.count == 2 else { continue }
      let width = ends[0].x - ends[1].x
      for j in 0..<n { rows[i * n + j] = (ends[0].gradient[j] - ends[1].gradient[j]) / width }
    }
    for i in 0..<n {
      for j in 0..<n { hessian[i * n + j] = 0.5 * (rows[i * n + j] + rows[j * n + i]) }
    }
  }

  /// The Newton step over the parameters that are not held, and ½ gᵀH⁻¹g.
  func direction() -> (step: [Double], distance: Double) {
    let n = point.count
    let free = (0..<n).filter { !isHeld($0) }
    var step = Array(repeating: 0.0, count: n)
    guard !free.isEmpty else { return (step, 0) }
    var matrix = hessian
    var damping = 0.0
    // Not positive definite: add to the diagonal, in units of the scales, until it is.
    while true {
      if let factor = CholeskyFactor(matrix, size: n, rows: free) {
        let solution = factor.solve(free.map { -gradient[$0] })
        var distance = 0.0
        for (i, index) in free.enumerated() {
          step[index] = solution[i]
          distance -= 0.5 * gradient[index] * solution[i]
        }
        // A damped matrix is no estimate of the curvature: the distance counts as unknown while a
        // gradient is left.
        if damping > 0, distance > 0 { distance = max(distance, 1) }
        return (step, distance)
      }
      let largest = free.map { abs(hessian[$0 * n + $0]) * scales[$0] * scales[$0] }.max() ?? 1
      damping = damping == 0 ? max(1e-3 * largest, 1e-12) : damping * 10
      for i in free { matrix[i * n + i] = hessian[i * n + i] + damping / (scales[i] * scales[i]) }
      if !damping.isFinite { return (step, 0) }
    }
  }

  /// Backtracks along the projected step until the value falls enough (Armijo); false if it does
  /// not.
  mutating func move(
    along step: [Double], _ function: Minimiser.Function, updating: Bool
  ) throws -> Bool {
    let n = point.count
    var length = 1.0
    for _ in 0..<60 {
      var trial = point
      for i in 0..<n { trial[i] = min(max(point[i] + length * step[i], lower[i]), upper[i]) }
      if trial == point { return false }
      var g = gradient
      evaluations += 1
      let f = try function(trial, &g)
      var expected = 0.0
      for i in 0..<n { expected += gradient[i] * (trial[i] - point[i]) }
      let noise = 4 * Double.ulpOfOne * abs(value)
      if f.isFinite, g.allSatisfy(\.isFinite), expected <= 0, f <= value + 1e-4 * expected + noise {
        let isBetter = f < value || norm(g) < norm(gradient)
        guard isBetter else { return false }
        if updating { update(to: trial, gradient: g) }
        (point, value, gradient) = (trial, f, g)
        return true
      }
      length *= f.isFinite && expected < 0 ? shortening(f - value, expected) : 0.25
    }
    return false
  }

  /// The minimum of the parabola through value, slope and trial, kept between 0.1 and 0.5.
  private func shortening(_ rise: Double, _ expected: Double) -> Double {
    let best = -0.5 * expected / (rise - expected)
    return best.isFinite ? min(0.5, max(0.1, best)) : 0.25
  }

  private func norm(_ g: [Double]) -> Double {
    var sum = 0.0
    for i in g.indices where !isHeld(i) { sum += g[i] * g[i] * scales[i] * scales[i] }
    return sum
  }

  /// The BFGS update of the second derivatives (Nocedal and Wright, eq. 6.19), left out without
  /// positive curvature.
  private mutating func update(to trial: [Double], gradient g: [Double]) {
    let n = point.count
    let s = (0..<n).map { trial[$0] - point[$0] }
    let y = (0..<n).map { g[$0] - gradient[$0] }
    var curvature = 0.0
    var bs = Array(repeating: 0.0, count: n)
    for i in 0..<n {
      curvature += s[i] * y[i]
      for j in 0..<n { bs[i] += hessian[i * n + j] * s[j] }
    }
    var sbs = 0.0
    for i in 0..<n { sbs += s[i] * bs[i] }
    guard curvature > 1e-12 * abs(sbs), sbs > 0 else { return }
    for i in 0..<n {
      for j in 0..<n {
        hessian[i * n + j] += y[i] * y[j] / curvature - bs[i] * bs[j] / sbs
      }
    }
  }

  func minimum(tolerance: Double) -> Minimum {
    let distance = direction().distance
    return Minimum(
      point: point, value: value, gradient: gradient, hessian: hessian,
      isAtBound: point.indices.map { isHeld($0) }, evaluations: evaluations,
      // The rounding of the function may hide the last digits of the tolerance.
      converged: distance <= max(tolerance, 1e3 * Double.ulpOfOne * abs(value)),
      estimatedDistance: distance)
  }
}

/// The Cholesky factor of some rows and columns of a small symmetric matrix.
private struct CholeskyFactor {
  private let size: Int
  private var lower: [Double]

  /// Nil if the selected part is not positive definite.
  init?(_ matrix: [Double], size full: Int, rows: [Int]) {
    size = rows.count
    lower = Array(repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0...i {
        var sum = matrix[rows[i] * full + rows[j]]
        let diagonal = sum
        for k in 0..<j { sum -= lower[i * size + k] * lower[j * size + k] }
        if i == j {
          guard sum > 1e-14 * abs(diagonal), sum.isFinite else { return nil }
          lower[i * size + i] = sum.squareRoot()
        } else {
          lower[i * size + j] = sum / lower[j * size + j]
        }
      }
    }
  }

  func solve(_ right: [Double]) -> [Double] {
    var x = right
    for i in 0..<size {
      for k in 0..<i { x[i] -= lower[i * size + k] * x[k] }
      x[i] /= lower[i * size + i]
    }
    for i in (0..<size).reversed() {
      for k in i + 1..<max(size, i + 1) { x[i] -= lower[k * size + i] * x[k] }
      x[i] /= lower[i * size + i]
    }
    return x
  }
}
