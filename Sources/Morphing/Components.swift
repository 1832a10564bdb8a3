import Diagnostics
import EventModel

/// Which monomials of the parameters a squared matrix element may hold.
public enum MorphingComponents {
  /// All exponent lists with each exponent ≤ its parameter's and the sum ≤ `maxTotalPower`, in
  /// lexicographic order, the last parameter running fastest.
  ///
  /// Two parameters with powers [2, 2] and 2 in all give (0,0) (0,1) (0,2) (1,0) (1,1) (2,0).
  public static func exponents(maxPowers: [Int], maxTotalPower: Int) -> [[Int]] {
    var lists: [[Int]] = [[]]
    for power in maxPowers {
      lists = lists.flatMap { list in
        let left = maxTotalPower - list.reduce(0, +)
        return (0...max(0, min(power, left))).map { list + [$0] }
      }
    }
    return lists
  }

  /// The components of a setup's parameters, or the problem that there are too many to be meant.
  public static func exponents(
    of parameters: [Parameter], maxTotalPower: Int
  ) throws -> [[Int]] {
    guard !parameters.isEmpty else {
      throw Problem(
        .data, "there are no parameters to morph in", remedy: "list them under 'parameters'")
    }
    for parameter in parameters where !(0...20).contains(parameter.maxPower) {
      throw Problem(
        .data, "the power of parameter \(parameter.name) is \(parameter.maxPower)",
        remedy: "give a number from 0 to 20; a squared matrix element with one insertion has 2")
    }
    guard (0...64).contains(maxTotalPower) else {
      throw Problem(
        .data, "the power in all parameters together is \(maxTotalPower)",
        remedy: "give a number from 0 to 64; a squared matrix element with one insertion has 2")
    }
    let powers = parameters.map(\.maxPower)
    // Counted before they are listed: the list of a mistyped power must not fill the memory.
    var ways = [1.0]
    for power in powers {
      var next = [Double](repeating: 0, count: maxTotalPower + 1)
      for (total, count) in ways.enumerated() {
        for k in 0...power where total + k <= maxTotalPower { next[total + k] += count }
      }
      ways = next
    }
    let count = ways.reduce(0, +)
    guard count <= 1000 else {
      throw Problem(
        .data, "the morphing basis needs \(Int(min(count, 1e15))) benchmarks",
        remedy: "lower the powers of the parameters, or the power in all together")
    }
    return exponents(maxPowers: powers, maxTotalPower: maxTotalPower)
  }
}

/// The monomials of one set of components, with derivatives, and their averages over a box.
struct Monomials {
  let components: [[Int]]

  func values(_ theta: [Double]) -> [Double] {
    components.map { powers in
      zip(powers, theta).reduce(1) { $0 * integerPower($1.1, $1.0) }
    }
  }

  /// ∂v_c/∂θ_p for every component.
  func derivatives(_ theta: [Double], parameter p: Int) -> [Double] {
    components.map { powers in
      guard powers[p] > 0 else { return 0 }
      var product = Double(powers[p])
      for (q, k) in powers.enumerated() {
        product *= integerPower(theta[q], q == p ? k - 1 : k)
      }
      return product
    }
  }

  /// ⟨v_c v_c'⟩ for θ uniform in the box: the integral of a polynomial, exact.
  func meanProducts(in box: [ClosedRange<Double>]) -> [[Double]] {
    components.map { left in
      components.map { right in
        var product = 1.0
        for (p, range) in box.enumerated() {
          product *= meanPower(left[p] + right[p], range)
        }
        return product
      }
    }
  }

  /// ⟨θ^k⟩ over a range: Σ_i lo^i hi^(k−i) / (k + 1), which has no cancellation for a narrow one.
  private func meanPower(_ k: Int, _ range: ClosedRange<Double>) -> Double {
    (0...k).reduce(0.0) {
      $0 + integerPower(range.lowerBound, $1) * integerPower(range.upperBound, k - $1)
    } / Double(k + 1)
  }
}

/// x^k for k ≥ 0, with 0⁰ = 1.
func integerPower(_ x: Double, _ k: Int) -> Double {
  var result = 1.0
  for _ in 0..<k { result *= x }
  return result
}
