import Diagnostics
import EventModel
import LinearAlgebra

/// What becomes of nuisance parameters in an information matrix.
public enum NuisanceHandling: String, Sendable, CaseIterable {
  /// They float within their constraints, and the matrix is of the other parameters.
  case profile
  /// They are parameters of the matrix.
  case keep
  /// They are kept at 0: the information without systematics.
  case none
}

/// What becomes of densities that are negative: of events of negative weight, and of polynomials in the couplings that were cut
/// off (`EFTOrder`).
public enum NegativePolicy: String, Sendable, CaseIterable {
  /// They count with negative information, and are reported.
  case keep
  /// The density is taken to be 0 there: no information.
  case clip
  /// They are an error.
  case refuse
}

/// The parameters of information matrices: θ, free normalisations, nuisance parameters; and how the latter are treated.
public struct InformationSpace: Sendable {
  public let handling: NuisanceHandling
  /// Whether unit Gaussian constraints of the nuisance parameters are added.
  public let isConstrained: Bool
  public let thetaCount: Int
  public let normCount: Int
  /// Nuisance parameters that matrices are computed with.
  public let nuisanceCount: Int
  public let names: [String]
  public let units: [String]
  public var negative = NegativePolicy.keep

  /// Above so many parameters a matrix comes without the covariance of its elements, whose size is the fourth power.
  static let largestCovariance = 12

  /// - Parameter isConstrained: nil is yes where they are profiled, no where they are kept.
  public init(
    _ setup: Setup, freeNorms: [String] = [], handling: NuisanceHandling,
    isConstrained: Bool? = nil
  ) {
    let nuisances = handling == .none ? [] : setup.nuisanceParameters
    self.handling = nuisances.isEmpty ? .none : handling
    self.isConstrained = !nuisances.isEmpty && (isConstrained ?? (handling == .profile))
    thetaCount = setup.parameters.count
    normCount = freeNorms.count
    nuisanceCount = nuisances.count
    names = setup.parameterNames + freeNorms.map { "mu_" + $0 } + nuisances.map(\.name)
    units =
      setup.parameters.map(\.unit)
      + [String](repeating: "", count: freeNorms.count + nuisances.count)
  }

  /// θ alone, without names.
  init(thetaCount: Int) {
    (handling, isConstrained, normCount, nuisanceCount) = (.none, false, 0, 0)
    (names, units) = ([], [])
    self.thetaCount = thetaCount
  }

  /// Parameters that matrices are computed with.
  public var fullCount: Int { thetaCount + normCount + nuisanceCount }
  /// Parameters that matrices are given with.
  public var count: Int { handling == .profile ? thetaCount + normCount : fullCount }
  public var isNuisance: [Bool] { (0..<count).map { $0 >= thetaCount + normCount } }

  /// The values of the parameters that are given: θ, 1 for normalisations, 0 for nuisance parameters.
  public func point(_ theta: [Double]) -> [Double] {
    theta + [Double](repeating: 1, count: normCount)
      + [Double](repeating: 0, count: count - thetaCount - normCount)
  }

  /// A matrix over all parameters (row-major) with the constraints, and U such that what is given of it is U M Uᵀ: the
  /// identity, or [1, −B C⁻¹] where nuisance parameters are profiled (spec of profiling: P = A − B C⁻¹ Bᵀ).
  /// - Throws: `.data` where the nuisance parameters cannot be profiled.
  func reduction(_ matrix: [Double], name: String) throws -> (matrix: Matrix, u: Matrix) {
    let n = fullCount
    var full = Matrix(rows: n, columns: n, elements: matrix)
    if isConstrained { for k in (n - nuisanceCount)..<n { full[k, k] += 1 } }
    guard handling == .profile else { return (full, Matrix.identity(n)) }
    let kept = Array(0..<count)
    let rest = Array(count..<n)
    guard let x = try Information.profileWeights(full, kept: kept, rest: rest) else {
      throw Problem(
        .data, "matrix '\(name)' is singular in the nuisance parameters",
        remedy: "keep their constraints, or use --nuisance none")
    }
    var u = Matrix(rows: count, columns: n)
    for row in kept {
      u[row, row] = 1
      for (k, column) in rest.enumerated() { u[row, column] = -x[row, k] }
    }
    return (full, u)
  }

  /// The entry of a matrix over all parameters.
  ///
  /// Profiling is no linear operation: fluctuations δI take away (U δI)_ik C⁻¹_kl (U δI)_jl on average, k and l being the
  /// nuisance parameters.
  ///
  /// - Parameters:
  ///   - bias: over all parameters.
  ///   - covariance: of the reduced elements, over pairs, for U; of any rows.
  func entry(
    _ name: String, _ matrix: [Double], bias: [Double]? = nil, axes: [BinAxis] = [],
    covariance: (Matrix) throws -> [Double]
  ) throws -> Information.Entry {
    let (full, u) = try reduction(matrix, name: name)
    let n = fullCount
    func reduced(_ m: Matrix) -> [Double] {
      handling == .profile ? (u * m * u.transposed).symmetrised.elements : m.elements
    }
    var linear = bias.map { reduced(Matrix(rows: n, columns: n, elements: $0)) }
    if handling == .profile, count < Self.largestCovariance, let bias = linear {
      let loss = try profilingLoss(full, u, covariance)
      linear = zip(bias, loss).map { $0 - $1 }
    }
    return Information.Entry(
      name: name, matrix: reduced(full),
      covariance: count > Self.largestCovariance
        ? nil : SymmetricPairs(count).covariance(try covariance(u)),
      bias: linear, axes: axes)
  }

  /// Σ_m Cov((U I Mᵀ)_im, (U I Mᵀ)_jm) with MᵀM = C⁻¹ on the nuisance parameters, row-major: rows m of M continue U, as many at
  /// a time as covariances are computed of.
  private func profilingLoss(
    _ full: Matrix, _ u: Matrix, _ covariance: (Matrix) throws -> [Double]
  ) throws -> [Double] {
    let rest = Array(count..<fullCount)
    let root = try Information.inverseRoot(full.submatrix(rows: rest, columns: rest))
    var loss = [Double](repeating: 0, count: count * count)
    let most = Self.largestCovariance - count
    for first in stride(from: 0, to: root.rows, by: most) {
      let added = min(most, root.rows - first)
      var rows = Matrix(rows: count + added, columns: fullCount)
      for i in 0..<count { for j in 0..<fullCount { rows[i, j] = u[i, j] } }
      for m in 0..<added {
        for (k, column) in rest.enumerated() { rows[count + m, column] = root[first + m, k] }
      }
      let pairs = SymmetricPairs(count + added)
      let c = try covariance(rows)
      for i in 0..<count {
        for j in 0..<count {
          for m in count..<count + added {
            loss[i * count + j] += c[pairs.index(i, m) * pairs.count + pairs.index(j, m)]
          }
        }
      }
    }
    return loss
  }
}

/// U applied to vectors over all parameters.
struct Reduction {
  private let rows: Int
  private let columns: Int
  private let elements: [Double]
  private let isIdentity: Bool

  init(_ u: Matrix) {
    rows = u.rows
    columns = u.columns
    elements = u.elements
    isIdentity = u == Matrix.identity(u.rows)
  }

  @inline(__always)
  func apply(_ v: [Double], into result: inout [Double]) {
    guard !isIdentity else {
      for i in 0..<rows { result[i] = v[i] }
      return
    }
    for i in 0..<rows {
      var sum = 0.0
      for j in 0..<columns { sum += elements[i * columns + j] * v[j] }
      result[i] = sum
    }
  }
}
