import Diagnostics

/// Benchmarks that stand a small step ε beside others, so that scores are known there without a morphing basis:
/// ∂W/∂θ_p = (W at the shifted benchmark − W at the base)/ε.
public struct FiniteDifferences: Sendable, Equatable {
  /// The step, the same for every parameter.
  public var epsilon: Double
  /// For each base benchmark, by name, the one shifted in each parameter.
  public var bases: [(base: String, shifted: [String])]

  public init(epsilon: Double, bases: [(base: String, shifted: [String])]) {
    self.epsilon = epsilon
    self.bases = bases
  }

  public static func == (a: FiniteDifferences, b: FiniteDifferences) -> Bool {
    a.epsilon == b.epsilon && a.bases.count == b.bases.count
      && zip(a.bases, b.bases).allSatisfy { $0.base == $1.base && $0.shifted == $1.shifted }
  }

  private static let root = "finite_differences/"

  func write(to d: inout Document) {
    d.set(Self.root + "base_benchmarks", bases.map(\.base))
    d[Self.root + "shifted_benchmarks"] = .texts(
      bases.flatMap(\.shifted), shape: [bases.count, bases.first?.shifted.count ?? 0], width: nil)
    d.set(Self.root + "epsilon", epsilon)
  }

  /// Nil where there are none. Throws `.data` for names that are no benchmarks, and a step of 0.
  static func read(_ d: Document, _ setup: Setup) throws -> FiniteDifferences? {
    guard let names = d.texts(root + "base_benchmarks"), !names.isEmpty else { return nil }
    let shifted = d.texts(root + "shifted_benchmarks") ?? []
    let p = setup.parameters.count
    // Some versions of MadMiner store ε with an axis.
    guard let epsilon = d.reals(root + "epsilon")?.first, epsilon != 0, epsilon.isFinite,
      shifted.count == names.count * p,
      (names + shifted).allSatisfy({ setup.benchmarkIndex($0) != nil })
    else {
      throw Problem(
        .data, "the finite differences do not fit the benchmarks",
        place: "group finite_differences")
    }
    return FiniteDifferences(
      epsilon: epsilon,
      bases: names.indices.map { (names[$0], Array(shifted[($0 * p)..<(($0 + 1) * p)])) })
  }
}
