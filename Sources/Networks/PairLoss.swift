/// The loss of a ratio estimator of two hypotheses: a `RatioLoss` of log r̂(x | θ0, θ1) with a score term at θ1 as well,
///
///     α (1−y) |∂L/∂θ0 − t0|²/p + α y |∂L/∂θ1 + t1|²/p
///
/// since ∂ log r/∂θ1 = −t(x | θ1), and E[t1(x, z) | x] is the score for z drawn at θ1 (arXiv:1805.00020, eq. 36).
public struct PairLoss: NetworkLoss {
  private let ratio: RatioLoss
  private let slopes: [Double]

  /// - Parameters:
  ///   - ratio: with the labels, joint ratios and joint scores at θ0.
  ///   - denominatorScores: joint scores +∇ log p at θ1 in the units of the network's inputs, rows × parameters; empty
  ///     where the method uses none.
  public init(_ ratio: RatioLoss, denominatorScores: [Double] = []) {
    precondition(denominatorScores.count == ratio.rowCount * ratio.tangents)
    self.ratio = ratio
    slopes = denominatorScores.map { -$0 }
  }

  public var largestMean: Double { ratio.largestMean }
  public var tangents: Int { 2 * ratio.tangents }

  public func evaluate(_ block: LossBlock) -> Double {
    let p = ratio.tangents
    precondition(block.outputs == 1 && block.tangents == 2 * p)
    // Values and tangents by θ0 stand first.
    var sum = ratio.evaluate(
      LossBlock(
        rows: block.rows, outputs: 1, tangents: p, values: block.values,
        gradients: block.gradients, scoreSum: block.scoreSum))
    for (i, row) in block.rows.enumerated() where p > 0 {
      let row = Int(row)
      let (share, weight) = (ratio.label(row), ratio.weight(row))
      guard share != 0 else { continue }
      let scale = ratio.alpha * share * weight / Double(p)
      for k in 0..<p {
        let place = block.index(i, stream: 1 + p + k)
        let difference = block.values[place] - slopes[row * p + k]
        sum += scale * difference * difference
        block.scoreSum?.pointee += scale * difference * difference
        block.gradients?[place] = 2 * scale * difference
      }
    }
    return sum
  }
}
