import Diagnostics

/// How the outputs of a morphing-aware network make a likelihood ratio: r = Σ_b a_b(θ) exp(output b).
///
/// a_b = A_b/Σ A_b with A_b(θ) = Σ_c coefficients_cb Π_k θ_k^(powers_ck), which is w_b(θ) σ_b [pb]. Where the sum s comes out
/// negative or small, log ½(s + √(s² + smoothing² Σ_b (a_b exp(output b))²)) takes the place of its logarithm.
public struct MorphedLayout: Sendable, Equatable {
  /// Powers of θ in each component.
  public var powers: [[Int]]
  /// Row-major components × benchmarks.
  public var coefficients: [Double]
  public var smoothing: Double

  public init(powers: [[Int]], coefficients: [Double], smoothing: Double) {
    self.powers = powers
    self.coefficients = coefficients
    self.smoothing = smoothing
  }

  /// Outputs of the network: benchmarks.
  public var outputs: Int { coefficients.count / max(1, powers.count) }

  func fits(parameters: Int) -> Bool {
    !powers.isEmpty && smoothing > 0 && !coefficients.isEmpty
      && coefficients.count % powers.count == 0
      && powers.allSatisfy { $0.count == parameters && $0.allSatisfy { (0...64).contains($0) } }
  }

  func write(to document: inout Document) {
    document.set(
      "model/network/component_powers", powers.flatMap { $0 },
      shape: [powers.count, powers.first?.count ?? 0])
    document.set(
      "model/network/component_coefficients", coefficients, shape: [powers.count, outputs])
    document.set("model/network/component_smoothing", smoothing)
  }

  /// Nil where the model is no morphing-aware one.
  init?(document: Document) throws {
    guard let powers = document.integers("model/network/component_powers") else { return nil }
    let width = document.texts("model/parameters")?.count ?? 0
    guard let coefficients = document.reals("model/network/component_coefficients"),
      let smoothing = document.real("model/network/component_smoothing"), width > 0,
      powers.count % width == 0
    else {
      throw Problem(
        .data, "the model is not whole", remedy: "train it again",
        place: "dataset model/network/component_powers")
    }
    self.init(
      powers: stride(from: 0, to: powers.count, by: width).map { Array(powers[$0..<$0 + width]) },
      coefficients: coefficients, smoothing: smoothing)
  }
}
