/// The loss of a ratio estimator whose network sees only x and gives an `AmplitudeForm` of it.
///
/// Any of the ratio losses is taken of log r̂ and its θ derivatives, which follow from the outputs without θ tangents.
public struct AmplitudeLoss: NetworkLoss {
  private let form: AmplitudeForm
  private let ratio: RatioLoss
  private let theta: [Double]

  /// - Parameters:
  ///   - ratio: its scores are derivatives by ϑ, so joint scores times the scales of the form.
  ///   - theta: ϑ of each row, rows × parameters.
  public init(form: AmplitudeForm, ratio: RatioLoss, theta: [Double]) {
    precondition(theta.count % form.parameterCount == 0)
    precondition(ratio.parameterCount == form.parameterCount)
    self.form = form
    self.ratio = ratio
    self.theta = theta
  }

  public var largestMean: Double { ratio.largestMean }
  public var tangents: Int { 0 }

  public func evaluate(_ block: LossBlock) -> Double {
    precondition(block.outputs == form.outputCount)
    let count = block.rows.count
    let p = form.parameterCount
    let streams = 1 + ratio.tangents
    let pointLength = AmplitudePoint.length(form)
    let scratchLength = AmplitudeRatio.scratch(form, tangents: ratio.tangents)
    let numbers = count * (2 * streams + pointLength + scratchLength)
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, numbers)) { numbers in
      withUnsafeTemporaryAllocation(of: AmplitudeRatio.self, capacity: max(1, count)) { ratios in
        guard let values = numbers.baseAddress else { return 0 }
        let slopes = values + count * streams
        let points = slopes + count * streams
        let scratch = points + count * pointLength
        slopes.initialize(repeating: 0, count: count * streams)
        theta.withUnsafeBufferPointer { theta in
          for (i, row) in block.rows.enumerated() {
            let point = AmplitudePoint(
              form, at: theta.baseAddress.unsafelyUnwrapped + Int(row) * p,
              in: points + i * pointLength)
            let estimate = AmplitudeRatio(
              point, outputs: block.values + block.index(i), tangents: ratio.tangents,
              scratch: scratch + i * scratchLength)
            ratios.initializeElement(at: i, to: estimate)
            values[i] = estimate.logRatio
            for k in 0..<ratio.tangents { values[(k + 1) * count + i] = estimate.score(k) }
          }
        }
        let sum = ratio.evaluate(
          LossBlock(
            rows: block.rows, outputs: 1, tangents: ratio.tangents, values: values,
            gradients: block.gradients == nil ? nil : slopes, scoreSum: block.scoreSum))
        guard let gradients = block.gradients else { return sum }
        for i in 0..<count {
          ratios[i].addGradient(
            slope: slopes[i], scoreSlopes: slopes + count + i, stride: count,
            to: gradients + block.index(i))
        }
        return sum
      }
    }
  }
}
