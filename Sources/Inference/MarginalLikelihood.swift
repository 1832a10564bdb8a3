import Diagnostics
import EventModel
import LinearAlgebra
import Numerics

/// ln ∫ L(θ, ν) dν over nuisance parameters, whose constraints are in L: what a posterior in θ and its evidence are made of.
///
/// Adaptive Gauss-Hermite quadrature: nodes are placed by the maximum over ν and the curvature there (Naylor and Smith,
/// Appl. Statist. 31 (1982) 214), exact for a Gaussian times a polynomial; of more than three parameters the maximum alone is
/// the node (Laplace's approximation).
public struct MarginalLikelihood {
  private let likelihood: any LogLikelihood
  private let parameters: LimitParameters
  private let others: [Int]
  /// Roots of the Hermite polynomial, and ln (weight e^x²).
  private let nodes: [(x: Double, logWeight: Double)]

  /// - Parameter likelihood: of θ, then of the nuisance parameters.
  public init(_ likelihood: any LogLikelihood, parameters: LimitParameters) throws {
    self.likelihood = likelihood
    self.parameters = parameters
    others = Array((parameters.names.count - parameters.nuisanceCount)..<parameters.names.count)
    nodes = try Self.hermite(Self.nodeCount(parameters.nuisanceCount))
  }

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
  public var isApproximate: Bool { nodes.count == 1 }

  /// Nodes and weights of ∫ e^−x² f(x) dx from the eigenvalues of the recurrence (Golub and Welsch 1969).
  static func hermite(_ n: Int) throws -> [(x: Double, logWeight: Double)] {
    var recurrence = Matrix(rows: n, columns: n)
    for k in 1..<max(1, n) {
      recurrence[k - 1, k] = (Double(k) / 2).squareRoot()
      recurrence[k, k - 1] = recurrence[k - 1, k]
    }
    let (values, vectors) = try recurrence.symmetricEigen()
    return values.indices.map { k in
      (
        values[k],
        logarithm(Double.pi.squareRoot() * vectors[0, k] * vectors[0, k]) + values[k] * values[k]
      )
    }
  }

  /// The integral at θ, and the point with the best nuisance parameters; −inf where the likelihood is not defined.
  /// - Throws: `.data` where the likelihood has no peak in the nuisance parameters.
  public func evaluate(at theta: [Double]) throws -> (value: Double, best: [Double]) {
    let start = parameters.point(theta)
    let fit = RestrictedFit(likelihood, bounds: theta.map { $0...$0 } + parameters.otherBounds)
    guard let found = try fit.minimise(from: start, over: others) else {
      return (-.infinity, start)
    }
    let k = others.count
    guard let covariance = found.covariance,
      let root = try? Matrix(rows: k, columns: k, elements: covariance).cholesky()
    else {
      throw Problem(
        .data,
        "the likelihood has no peak in the nuisance parameters at \(zip(parameters.names, theta).map { "\($0)=\($1)" }.joined(separator: ","))",
        remedy: "use chains: leave --grid away")
    }
    var terms: [Double] = []
    var index = [Int](repeating: 0, count: k)
    while true {
      var point = found.point
      var log = 0.0
      for (i, place) in others.enumerated() {
        log += nodes[index[i]].logWeight
        for j in 0...i { point[place] += 2.0.squareRoot() * root[i, j] * nodes[index[j]].x }
      }
      let isInside = others.allSatisfy { fit.bounds[$0].contains(point[$0]) }
      let value =
        isInside ? try likelihood.evaluate(at: point, gradient: false).total : -Double.infinity
      if !value.isNaN { terms.append(log + value) }
      guard let next = index.lastIndex(where: { $0 + 1 < nodes.count }) else { break }
      index[next] += 1
      for later in (next + 1)..<k { index[later] = 0 }
    }
    var volume = 0.0
    for i in 0..<k { volume += logarithm(root[i, i]) + 0.5 * logarithm(2) }
    return (GridPosterior.logSumExp(terms) + volume, found.point)
  }
}
