/// The loss of a ratio estimator whose network sees only x and gives log ratios of benchmarks to a `MorphedForm`.
public struct MorphedLoss: NetworkLoss {
  private let form: MorphedForm
  private let ratio: RatioLoss
  private let theta: [Double]

  /// - Parameters:
  ///   - ratio: its scores are derivatives by θ/scale, so joint scores times the scales of the form.
  ///   - theta: θ of each row in its own units, rows × parameters.
  public init(form: MorphedForm, ratio: RatioLoss, theta: [Double]) {
    precondition(theta.count == ratio.rowCount * form.parameterCount)
    precondition(ratio.parameterCount == form.parameterCount)
    self.form = form
    self.ratio = ratio
    self.theta = theta
  }

  public var largestMean: Double { ratio.largestMean }
  public var tangents: Int { 0 }

  public func evaluate(_ block: LossBlock) -> Double {
    precondition(block.outputs == form.outputCount)
    let (count, n, p) = (block.rows.count, form.outputCount, form.parameterCount)
    let streams = 1 + ratio.tangents
    let numbers = 2 * count * streams + form.pointLength + count * n * streams
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, numbers)) { numbers in
      withUnsafeTemporaryAllocation(of: MorphedRatio.self, capacity: max(1, count)) { ratios in
        guard let values = numbers.baseAddress else { return 0 }
        let slopes = values + count * streams
        let point = slopes + count * streams
        let terms = point + form.pointLength
        slopes.initialize(repeating: 0, count: count * streams)
        theta.withUnsafeBufferPointer { theta in
          for (i, row) in block.rows.enumerated() {
            form.fractions(theta.baseAddress.unsafelyUnwrapped + Int(row) * p, into: point)
            let estimate = MorphedRatio(
              form, fractions: point, outputs: block.values + block.index(i),
              tangents: ratio.tangents, terms: terms + i * n * streams)
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

extension MorphedForm {
  /// log r̂ of many rows, and its derivatives by θ itself where `gradient` is asked for.
  ///
  /// - Parameters:
  ///   - outputs: of the network, rows × `outputCount`.
  ///   - theta: one for all rows or one for each.
  /// - Returns: one value a row, NaN where σ(θ) is not positive; rows × parameters.
  public func logRatio(outputs: [Double], theta: [Double], gradient: Bool = false) -> (
    values: [Double], gradient: [Double]
  ) {
    let (n, p) = (outputCount, parameterCount)
    let rows = outputs.count / n
    let tangents = gradient ? p : 0
    let isPerRow = theta.count > p
    precondition(theta.count == p || theta.count == rows * p)
    var values = [Double](repeating: 0, count: rows)
    var slopes = [Double](repeating: 0, count: rows * tangents)
    let room = pointLength + n * (1 + tangents)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: room) { buffer in
      guard let point = buffer.baseAddress else { return }
      outputs.withUnsafeBufferPointer { outputs in
        theta.withUnsafeBufferPointer { theta in
          guard let start = outputs.baseAddress, let theta = theta.baseAddress else { return }
          fractions(theta, into: point)
          for row in 0..<rows {
            if isPerRow { fractions(theta + row * p, into: point) }
            let estimate = MorphedRatio(
              self, fractions: point, outputs: start + row * n, tangents: tangents,
              terms: point + pointLength)
            values[row] = estimate.logRatio
            for k in 0..<tangents { slopes[row * p + k] = estimate.score(k) / scales[k] }
          }
        }
      }
    }
    return (values, slopes)
  }
}
