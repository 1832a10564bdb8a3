import CVectorMath
import Glibc

/// The outputs of a network for one block of rows, and where a loss puts its gradients.
///
/// Arrays are laid out [1 + tangents][rows][outputs]: the values, then the derivatives by θ₁, and
/// so on.
public struct LossBlock {
  /// Numbers of the rows in the training table, by which targets are looked up.
  public let rows: UnsafeBufferPointer<Int32>
  /// Outputs of the network.
  public let outputs: Int
  /// Number of tangents.
  public let tangents: Int
  /// Outputs and tangents.
  public let values: UnsafePointer<Double>
  /// Gradients of the loss by `values`, zero at first; nil where only the loss is wanted.
  public let gradients: UnsafeMutablePointer<Double>?
  /// Where `scoreTerm` adds what it gives, times the weight of the row.
  var scoreSum: UnsafeMutablePointer<Double>?

  /// Place of an output of the i-th row; stream 0 is the value, stream k + 1 the tangent by θ_k.
  @inlinable
  public func index(_ i: Int, output: Int = 0, stream: Int = 0) -> Int {
    (stream * rows.count + i) * outputs + output
  }

  /// Asks for the cache lines where the rows' targets begin, of a table with `width` values a row, or an empty one.
  func prefetch(_ table: [Double], width: Int = 1) {
    guard !table.isEmpty else { return }
    table.withUnsafeBufferPointer { table in
      for row in rows { cvm_prefetch(table.baseAddress.map { $0 + width * Int(row) }) }
    }
  }

  /// scale · Σ_k (∂output/∂θ_k − t_k)² of the i-th row's first output; writes its gradients times the
  /// weight of the row.
  /// - Parameter targets: t of all rows of the training table, rows × tangents.
  func scoreTerm(_ i: Int, targets: [Double], scale: Double, weight: Double) -> Double {
    let first = Int(rows[i]) * tangents
    var sum = 0.0
    for k in 0..<tangents {
      let place = index(i, stream: k + 1)
      let difference = values[place] - targets[first + k]
      sum += difference * difference
      gradients?[place] = 2 * weight * scale * difference
    }
    scoreSum?.pointee += weight * scale * sum
    return scale * sum
  }
}

/// A loss: a sum over rows of a function of a network's outputs and their θ tangents.
public protocol NetworkLoss: Sendable {
  /// How many leading inputs the loss needs derivatives by; 0 for none.
  var tangents: Int { get }

  /// The sum of the loss over the block's rows; writes the gradient of the sum, if there is a place
  /// for it.
  func evaluate(_ block: LossBlock) -> Double

  /// A mean above which a training has diverged, where finite numbers do not tell.
  var largestMean: Double { get }
}

extension NetworkLoss {
  public var largestMean: Double { .infinity }
}

/// ln(1 + eˣ) without overflow.
@inlinable
public func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// 1/(1 + e⁻ˣ) without overflow.
@inlinable
public func sigmoid(_ x: Double) -> Double {
  let e = exp(-abs(x))
  return x >= 0 ? 1 / (1 + e) : e / (1 + e)
}

/// The ways to train a ratio estimator log r̂(x | θ, θ₁) with one output.
///
/// carl: Cranmer et al. arXiv:1506.02169; rolr, cascal, rascal: Brehmer et al. arXiv:1805.00020;
/// alice, alices: Stoye et al. arXiv:1808.00973.
public enum RatioMethod: String, Sendable, CaseIterable {
  case carl
  case rolr
  case alice
  case cascal
  case rascal
  case alices

  /// Whether the joint ratio is needed.
  public var usesRatio: Bool { self != .carl && self != .cascal }

  /// Whether the joint score is needed.
  public var usesScore: Bool { self == .cascal || self == .rascal || self == .alices }

  /// Weight of the score term where none is chosen: found on the W H sample of Examples/wh. It is larger where the other
  /// term knows less (the labels of cascal) or is larger itself (the squared ratios of rascal), as in arXiv:1805.00020.
  public var defaultAlpha: Double {
    switch self {
    case .cascal: 4
    case .rascal: 10
    default: 1
    }
  }

  /// Largest norm of a batch's gradient where none is chosen. Squared ratios and joint scores have long tails: without a
  /// limit the few rows in them decide the step, and log r of all others is learned badly.
  public var defaultGradientClip: Double? { usesScore || main == .squaredRatio ? 0.1 : nil }

  /// Whether the validation loss tells which epoch is best: that of squared ratios is decided by a few rows.
  public var validationLossIsStable: Bool { main != .squaredRatio }

  /// The part of the loss that holds for log r̂ itself.
  fileprivate var main: MainTerm {
    switch self {
    case .carl, .cascal: .crossEntropy
    case .alice, .alices: .augmentedCrossEntropy
    case .rolr, .rascal: .squaredRatio
    }
  }

  fileprivate enum MainTerm { case crossEntropy, augmentedCrossEntropy, squaredRatio }
}

/// The loss of a ratio estimator with one hypothesis whose only output is log r̂.
///
/// With L = log r̂, y = 0 for numerator rows (drawn at θ) and 1 for denominator rows, r the joint
/// ratio, and t the joint score at θ, a row's loss is
///
///     cross entropy            (1−y) softplus(−L) + y softplus(L)
///     augmented cross entropy  the same with s = 1/(1+r) in place of y
///     squared ratio            (1−y)(e^{−C(L)} − e^{−C(log r)})² + y(e^{C(L)} − e^{C(log r)})²
///     score                    α (1−y) |∂L/∂θ − t|²/p
///
/// where C limits to ±`ratioClip`. The score term takes numerator rows only, since E[t(x,z) | x] =
/// t(x) holds for z drawn at θ.
public struct RatioLoss: NetworkLoss {
  public let method: RatioMethod
  /// Weight α of the score term, which is a mean over the components of the score.
  public let alpha: Double
  public let parameterCount: Int
  public let ratioClip: Double
  private let labels: [Double]
  /// log r, or s = 1/(1 + r) where the loss sees nothing else.
  private let ratios: [Double]
  private let scores: [Double]
  private let weights: [Double]

  /// - Parameters:
  ///   - labels: y of each row, 0 (numerator) or 1.
  ///   - logRatios: joint log r(x, z | θ, θ₁) of each row, ±inf allowed; empty where the method
  ///     does not use it.
  ///   - scores: joint score at θ in the units of the network's θ inputs, rows × parameters; empty
  ///     where not used.
  ///   - parameterCount: p, the number of θ inputs, which come first.
  ///   - alpha: weight of the score term.
  ///   - weights: one for each row, of mean one, or empty.
  public init(
    method: RatioMethod, labels: [Double], logRatios: [Double] = [], scores: [Double] = [],
    parameterCount: Int, alpha: Double = 1, ratioClip: Double = 10, weights: [Double] = []
  ) {
    precondition(!method.usesRatio || logRatios.count == labels.count)
    precondition(!method.usesScore || scores.count == labels.count * parameterCount)
    precondition(weights.isEmpty || weights.count == labels.count)
    self.method = method
    self.labels = labels
    ratios =
      method.main == .augmentedCrossEntropy ? logRatios.map { sigmoid(-$0) } : logRatios
    self.scores = scores
    self.parameterCount = parameterCount
    self.alpha = alpha
    self.ratioClip = ratioClip
    self.weights = weights
  }

  public var tangents: Int { method.usesScore ? parameterCount : 0 }

  /// Of squared ratios, which are limited: one row in a hundred at the limit, from where no gradient leads back.
  public var largestMean: Double {
    method.main == .squaredRatio ? 0.01 * exp(2 * ratioClip) : .infinity
  }

  /// Rows of the training table, and y and the weight of one.
  var rowCount: Int { labels.count }
  func label(_ row: Int) -> Double { labels[row] }
  func weight(_ row: Int) -> Double { weights.isEmpty ? 1 : weights[row] }

  public func evaluate(_ block: LossBlock) -> Double {
    let main = method.main
    // Rows come in random order: their targets are asked for at once, not when each is needed.
    block.prefetch(labels)
    block.prefetch(weights)
    if method.usesRatio { block.prefetch(ratios) }
    if method.usesScore { block.prefetch(scores, width: parameterCount) }
    var sum = 0.0
    for (i, row) in block.rows.enumerated() {
      let row = Int(row)
      let weight = weights.isEmpty ? 1 : weights[row]
      let value = block.values[block.index(i)]
      let label = labels[row]
      var term: (loss: Double, slope: Double)
      switch main {
      case .crossEntropy:
        term = crossEntropy(value, target: label)
      case .augmentedCrossEntropy:
        term = crossEntropy(value, target: ratios[row])
      case .squaredRatio:
        term = squaredRatio(value, label: label, logRatio: ratios[row])
      }
      if method.usesScore && label != 1 {
        let scale = alpha * (1 - label) / Double(parameterCount)
        term.loss += block.scoreTerm(i, targets: scores, scale: scale, weight: weight)
      }
      sum += weight * term.loss
      block.gradients?[block.index(i)] = weight * term.slope
    }
    return sum
  }

  /// (1−s) softplus(−L) + s softplus(L) = softplus(−L) + s L, and its slope by L.
  private func crossEntropy(_ value: Double, target: Double) -> (loss: Double, slope: Double) {
    // Both softplus from one exponential; the sum of positive terms keeps its digits.
    let e = exp(-abs(value))
    let small = log1p(e)
    let falling = max(-value, 0) + small
    let rising = max(value, 0) + small
    let slope = (value >= 0 ? 1 / (1 + e) : e / (1 + e)) - (1 - target)
    // A target of 0 or 1 must not meet an infinite softplus.
    let loss = (target < 1 ? (1 - target) * falling : 0) + (target > 0 ? target * rising : 0)
    return (loss, slope)
  }

  private func squaredRatio(
    _ value: Double, label: Double, logRatio: Double
  ) -> (loss: Double, slope: Double) {
    func clip(_ x: Double) -> Double { min(max(x, -ratioClip), ratioClip) }
    // At NaN the comparisons are false and NaN stays, as it must.
    let isClipped = abs(value) > ratioClip
    let up = exp(clip(value))
    let down = 1 / up
    let numerator = down - exp(-clip(logRatio))
    let denominator = up - exp(clip(logRatio))
    let loss = (1 - label) * numerator * numerator + label * denominator * denominator
    let slope = 2 * (label * denominator * up - (1 - label) * numerator * down)
    return (value.isNaN ? value : loss, isClipped ? 0 : slope)
  }
}

/// The loss of a score estimator (sally, sallino; Brehmer et al. arXiv:1805.00020): the squared
/// difference of outputs and joint scores, its mean over the components.
public struct ScoreLoss: NetworkLoss {
  private let scores: [Double]
  private let weights: [Double]
  private let components: Int

  /// - Parameters:
  ///   - scores: joint scores, rows × components, each component in a unit of about its spread.
  ///   - components: of the score; the number of outputs of the network.
  ///   - weights: one for each row, of mean one, or empty.
  public init(scores: [Double], components: Int, weights: [Double] = []) {
    precondition(components > 0 && scores.count % components == 0)
    precondition(weights.isEmpty || weights.count * components == scores.count)
    self.scores = scores
    self.components = components
    self.weights = weights
  }

  public var tangents: Int { 0 }

  public func evaluate(_ block: LossBlock) -> Double {
    precondition(block.outputs == components)
    var sum = 0.0
    for (i, row) in block.rows.enumerated() {
      let factor = (weights.isEmpty ? 1 : weights[Int(row)]) / Double(components)
      for k in 0..<components {
        let place = block.index(i, output: k)
        let difference = block.values[place] - scores[Int(row) * components + k]
        sum += factor * difference * difference
        block.gradients?[place] = 2 * factor * difference
      }
    }
    return sum
  }
}
