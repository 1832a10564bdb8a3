import Diagnostics

/// How the outputs of a polynomial network make a likelihood ratio: a sum of squares of amplitudes over σ(θ)/σ(θ1).
///
/// With ϑ = (θ − centre)/scale, v the monomials of ϑ with the powers `amplitudes`, and L the lower triangle of the outputs
/// (row by row without the first element, which is 1; 1 is added to the diagonal), r = |Lᵀ frameᵀ v|²/s, where s is the
/// polynomial of ϑ with `crossSectionPowers` and `crossSectionCoefficients`.
public struct AmplitudeLayout: Sendable, Equatable {
  public var scales: [Double]
  public var amplitudes: [[Int]]
  public var crossSectionPowers: [[Int]]
  public var crossSectionCoefficients: [Double]
  /// Row-major amplitudes × amplitudes.
  public var frame: [Double]

  public init(
    scales: [Double], amplitudes: [[Int]], crossSectionPowers: [[Int]],
    crossSectionCoefficients: [Double], frame: [Double]
  ) {
    self.scales = scales
    self.amplitudes = amplitudes
    self.crossSectionPowers = crossSectionPowers
    self.crossSectionCoefficients = crossSectionCoefficients
    self.frame = frame
  }

  /// Outputs of the network.
  public var outputs: Int { amplitudes.count * (amplitudes.count + 1) / 2 - 1 }

  func fits(parameters: Int) -> Bool {
    let powers = amplitudes + crossSectionPowers
    return amplitudes.count > 1 && scales.count == parameters && scales.allSatisfy { $0 > 0 }
      && powers.allSatisfy { $0.count == parameters && $0.allSatisfy { (0...64).contains($0) } }
      && crossSectionPowers.count == crossSectionCoefficients.count
      && frame.count == amplitudes.count * amplitudes.count
  }

  func write(to document: inout Document) {
    let p = scales.count
    document.set("model/network/amplitude_scales", scales)
    document.set(
      "model/network/amplitudes", amplitudes.flatMap { $0 }, shape: [amplitudes.count, p])
    document.set(
      "model/network/cross_section_powers", crossSectionPowers.flatMap { $0 },
      shape: [crossSectionPowers.count, p])
    document.set("model/network/cross_section_coefficients", crossSectionCoefficients)
    document.set(
      "model/network/frame", frame, shape: [amplitudes.count, amplitudes.count])
  }

  /// Nil where the model is no polynomial one.
  init?(document: Document) throws {
    guard let scales = document.reals("model/network/amplitude_scales") else { return nil }
    guard let amplitudes = document.integers("model/network/amplitudes"),
      let powers = document.integers("model/network/cross_section_powers"),
      let coefficients = document.reals("model/network/cross_section_coefficients"),
      let frame = document.reals("model/network/frame"), !scales.isEmpty,
      amplitudes.count % scales.count == 0, powers.count % scales.count == 0
    else {
      throw Problem(
        .data, "the model is not whole", remedy: "train it again",
        place: "dataset model/network/amplitudes")
    }
    func rows(_ values: [Int]) -> [[Int]] {
      stride(from: 0, to: values.count, by: scales.count).map {
        Array(values[$0..<$0 + scales.count])
      }
    }
    self.init(
      scales: scales, amplitudes: rows(amplitudes), crossSectionPowers: rows(powers),
      crossSectionCoefficients: coefficients, frame: frame)
  }
}
