import Glibc
import LinearAlgebra

/// A likelihood ratio that is positive and exactly polynomial in θ: a sum of squares of amplitudes over the known ratio of
/// cross sections.
///
/// With ϑ = (θ − θ₁)/scale, monomials v(ϑ) of which the first is 1 and all others vanish at θ₁, a fixed matrix W and a
/// lower-triangular L(x) whose first element is 1,
///
///     r̂(x | θ, θ₁) = |L(x)ᵀ Wᵀ v(ϑ)|² / s(θ),   s(θ) = σ(θ)/σ(θ₁)
///
/// so r̂ = 1 at θ₁. A cross section that is the square of an amplitude linear in v has such a form in every phase-space
/// point; sums over z, over helicities and over backgrounds keep it, since sums of positive matrices are positive. A
/// network gives L(x) alone, so one pass over the events serves every θ.
public struct AmplitudeForm: Sendable, Equatable {
  /// Why there is no such form.
  public enum Fault: Error, Equatable {
    /// A component of the cross section, by its powers, that is no product of two amplitudes: a truncated interference.
    case noProduct([Int])
    /// The cross section at θ₁ is not positive.
    case notPositive
  }

  /// A monomial of a polynomial in ϑ.
  public struct Term: Sendable, Equatable {
    public var powers: [Int]
    public var coefficient: Double

    public init(powers: [Int], coefficient: Double) {
      self.powers = powers
      self.coefficient = coefficient
    }
  }

  /// θ₁ and the unit of ϑ, per parameter.
  public let centre: [Double]
  public let scales: [Double]
  /// Powers of ϑ in each amplitude monomial; the first has none.
  public let amplitudes: [[Int]]
  /// s(θ) as a polynomial in ϑ.
  public let crossSection: [Term]
  /// W, row-major amplitudes × amplitudes, lower-triangular with a first element of 1.
  public var frame: [Double]

  public var parameterCount: Int { centre.count }
  /// What the network gives: L below and on its diagonal, row by row, without the first element; 1 is added to the diagonal.
  public var outputCount: Int { amplitudes.count * (amplitudes.count + 1) / 2 - 1 }

  /// The form of a cross section σ(θ) = Σ_c coefficient_c Π_k θ_k^(powers_ck).
  ///
  /// - Parameters:
  ///   - components: the terms of σ(θ) in θ itself, zero coefficients included.
  ///   - centre: θ₁.
  ///   - scales: unit of ϑ, positive, such as the half range of each parameter.
  /// - Throws: `Fault`.
  public init(components: [Term], centre: [Double], scales: [Double]) throws {
    let expanded = Self.shifted(components, centre: centre, scales: scales)
    let zero = [Int](repeating: 0, count: centre.count)
    guard let constant = expanded[zero], constant > 0 else { throw Fault.notPositive }
    let amplitudes = expanded.keys
      .filter { powers in powers.allSatisfy { $0 % 2 == 0 } }
      .map { $0.map { $0 / 2 } }
      .sorted(by: Self.precedes)
    var products: Set<[Int]> = []
    for (i, a) in amplitudes.enumerated() {
      for b in amplitudes[...i] { products.insert(zip(a, b).map { $0 + $1 }) }
    }
    let terms = expanded.sorted { Self.precedes($0.key, $1.key) }
    if let alone = terms.first(where: { !products.contains($0.key) }) {
      throw Fault.noProduct(alone.key)
    }
    self.init(
      centre: centre, scales: scales, amplitudes: amplitudes,
      crossSection: terms.map { Term(powers: $0.key, coefficient: $0.value / constant) },
      frame: Self.identity(amplitudes.count))
    if let root = try? crossSectionMatrix?.cholesky() { frame = root.elements }
  }

  /// A form from its parts, as a model keeps them.
  public init(
    centre: [Double], scales: [Double], amplitudes: [[Int]], crossSection: [Term], frame: [Double]
  ) {
    precondition(frame.count == amplitudes.count * amplitudes.count)
    self.centre = centre
    self.scales = scales
    self.amplitudes = amplitudes
    self.crossSection = crossSection
    self.frame = frame
  }

  /// T with s(θ) = vᵀTv; nil where several matrices give the same polynomial, so that E[A(x)] need not be this one.
  var crossSectionMatrix: Matrix? {
    let n = amplitudes.count
    var places: [[Int]: (Int, Int)] = [:]
    for i in 0..<n {
      for j in 0...i {
        let product = zip(amplitudes[i], amplitudes[j]).map { $0 + $1 }
        if places.updateValue((i, j), forKey: product) != nil { return nil }
      }
    }
    var matrix = Matrix(rows: n, columns: n)
    for term in crossSection {
      guard let (i, j) = places[term.powers] else { return nil }
      let value = i == j ? term.coefficient : term.coefficient / 2
      matrix[i, j] = value
      matrix[j, i] = value
    }
    return matrix
  }

  private static func identity(_ n: Int) -> [Double] {
    (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 }
  }

  /// By degree, then by the powers of the first parameters.
  private static func precedes(_ a: [Int], _ b: [Int]) -> Bool {
    let (degreeA, degreeB) = (a.reduce(0, +), b.reduce(0, +))
    return degreeA == degreeB ? b.lexicographicallyPrecedes(a) : degreeA < degreeB
  }

  /// A polynomial in θ as one in ϑ: each power (centre + scale ϑ)ⁿ expanded.
  private static func shifted(
    _ components: [Term], centre: [Double], scales: [Double]
  ) -> [[Int]: Double] {
    var result: [[Int]: Double] = [:]
    for component in components {
      var partial: [[Int]: Double] = [[]: component.coefficient]
      for (k, power) in component.powers.enumerated() {
        var next: [[Int]: Double] = [:]
        for (powers, value) in partial.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
          var binomial = 1.0
          for n in 0...power {
            let factor = binomial * pow(centre[k], Double(power - n)) * pow(scales[k], Double(n))
            // The leading power stays even where its coefficient happens to be zero.
            if n == power || factor != 0 { next[powers + [n], default: 0] += value * factor }
            binomial *= Double(power - n) / Double(n + 1)
          }
        }
        partial = next
      }
      for (powers, value) in partial { result[powers, default: 0] += value }
    }
    return result
  }
}
