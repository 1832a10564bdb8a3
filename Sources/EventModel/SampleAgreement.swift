/// What the sample table says about samples that are combined.
extension SampleTable {
  /// A sentence for each pair of samples of one process and benchmark whose cross sections differ beyond 5 standard
  /// deviations and 1 %: they are taken for runs of the same thing.
  public static func disagreements(_ records: [SampleRecord]) -> [String] {
    var sentences: [String] = []
    for (i, a) in records.enumerated() {
      for b in records[..<i]
      where a.process == b.process && a.samplingBenchmark == b.samplingBenchmark {
        let variance = [a, b].reduce(0) { $0 + $1.crossSectionVariance }
        let difference = abs(a.sumWeights - b.sumWeights)
        let mean = (abs(a.sumWeights) + abs(b.sumWeights)) / 2
        guard difference > 5 * variance.squareRoot() + 0.01 * mean else { continue }
        sentences.append(
          "\(b.file) and \(a.file) are combined as runs of process '\(a.process)', but their cross sections are \(Rounded.text(b.sumWeights)) and \(Rounded.text(a.sumWeights)) pb; name their processes if they are different"
        )
      }
    }
    return sentences
  }
}

extension SampleRecord {
  /// Of the sum of weights of so many events, and of the generator's own cross section [pb²].
  fileprivate var crossSectionVariance: Double {
    let n = Double(max(1, eventsRead))
    let scatter = sumSquaredWeights - sumWeights * sumWeights / n
    let declared = declaredError.isNaN ? 0 : declaredError
    return max(0, scatter) + declared * declared
  }
}

/// Numbers in sentences.
public enum Rounded {
  /// Six significant digits.
  public static func text(_ x: Double) -> String {
    guard x != 0, x.isFinite else { return "\(x)" }
    var scale = 1.0
    var magnitude = abs(x)
    while magnitude >= 1e6 {
      magnitude /= 10
      scale /= 10
    }
    while magnitude < 1e5 {
      magnitude *= 10
      scale *= 10
    }
    return "\((x * scale).rounded() / scale)"
  }
}
