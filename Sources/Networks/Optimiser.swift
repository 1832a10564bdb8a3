import Glibc

/// How parameters follow gradients.
public enum Optimiser: Sendable, Equatable {
  /// Adam with the largest second moment so far (Reddi et al. 2018); β 0.9 and 0.999, ε 1e-8.
  case amsgrad
  /// Kingma and Ba 2014; β 0.9 and 0.999, ε 1e-8.
  case adam
  /// Stochastic gradient descent; with Nesterov's momentum where asked for (Sutskever et al. 2013).
  case sgd(momentum: Double, nesterov: Bool = false)

  /// From its name in an option: `amsgrad`, `adam`, `sgd`, `sgd:0.9` with momentum, or `nesterov:0.9`.
  public init?(name: String) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2 else { return nil }
    let momentum = parts.count == 2 ? Double(parts[1]) : nil
    if parts.count == 2 {
      guard let momentum, (0..<1).contains(momentum) else { return nil }
    }
    switch (first, momentum) {
    case ("amsgrad", nil): self = .amsgrad
    case ("adam", nil): self = .adam
    case ("sgd", _): self = .sgd(momentum: momentum ?? 0)
    case ("nesterov", _): self = .sgd(momentum: momentum ?? 0.9, nesterov: true)
    default: return nil
    }
  }

  /// Its name in an option and in a model's settings.
  public var name: String {
    switch self {
    case .amsgrad: "amsgrad"
    case .adam: "adam"
    case .sgd(let momentum, true): "nesterov:\(momentum)"
    case .sgd(let momentum, false): momentum == 0 ? "sgd" : "sgd:\(momentum)"
    }
  }
}

/// The moments an optimiser remembers.
final class OptimiserState<Scalar: NetworkScalar> {
  private let optimiser: Optimiser
  private let count: Int
  private let mean: AlignedBuffer<Scalar>
  private let square: AlignedBuffer<Scalar>
  private let largest: AlignedBuffer<Scalar>
  private(set) var steps = 0

  init(_ optimiser: Optimiser, count: Int) {
    self.optimiser = optimiser
    self.count = count
    mean = AlignedBuffer(count: count)
    square = AlignedBuffer(count: count)
    largest = AlignedBuffer(count: count)
  }

  /// All moments, one after the other.
  var moments: [Scalar] {
    [mean, square, largest].flatMap { UnsafeBufferPointer(start: $0.start, count: count) }
  }

  /// Takes up earlier moments; false where they are not as many.
  func restore(moments: [Scalar], steps: Int) -> Bool {
    guard moments.count == 3 * count, steps >= 0 else { return false }
    for (b, buffer) in [mean, square, largest].enumerated() {
      for i in 0..<count { buffer.start[i] = moments[b * count + i] }
    }
    self.steps = steps
    return true
  }

  /// The n-th step of the optimiser from now, from 1, of which several threads may move a range of the parameters each:
  /// against `scale` times the gradient, after they have shrunk by `rate` times `decay`.
  func step(_ n: Int, scale: Double, rate: Double, decay: Double = 0) -> OptimiserStep {
    let (beta1, beta2, t) = (0.9, 0.999, Double(steps + n))
    let adam = AdamStep(
      scale: scale, rate: rate / (1 - pow(beta1, t)), root: (1 - pow(beta2, t)).squareRoot(),
      beta1: beta1, beta2: beta2, epsilon: 1e-8)
    return OptimiserStep(adam: adam, rate: rate, decay: decay)
  }

  /// Moves the parameters of a range by a step.
  func move(
    _ range: Range<Int>, of parameters: UnsafeMutablePointer<Scalar>,
    gradient: UnsafePointer<Scalar>, by step: OptimiserStep
  ) {
    let (first, count) = (range.lowerBound, range.count)
    let (weights, slope) = (parameters + first, gradient + first)
    if step.decay > 0 { Scalar.scale(count, by: 1 - step.rate * step.decay, weights) }
    if case .sgd(let momentum, let nesterov) = optimiser {
      Scalar.descentStep(
        count, scale: step.adam.scale, rate: step.rate, momentum: momentum, nesterov: nesterov,
        gradient: slope, parameters: weights, mean: mean.start + first)
      return
    }
    Scalar.adamStep(
      count, step.adam, gradient: slope, parameters: weights, mean: mean.start + first,
      square: square.start + first,
      largest: optimiser == .amsgrad ? largest.start + first : nil)
  }

  /// Counts the steps that were made.
  func advance(by count: Int) { steps += count }
}

/// The numbers of one step of an optimiser.
struct OptimiserStep {
  fileprivate let adam: AdamStep
  fileprivate let rate: Double
  fileprivate let decay: Double
}
