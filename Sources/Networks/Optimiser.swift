import Glibc

/// How parameters follow gradients.
public enum Optimiser: Sendable, Equatable {
  /// Adam with the largest second moment so far (Reddi et al. 2018); β 0.9 and 0.999, ε 1e-8.
  case amsgrad
  /// Kingma and Ba 2014; β 0.9 and 0.999, ε 1e-8.
  case adam
  /// Stochastic gradient descent.
  case sgd(momentum: Double)

  /// From its name in an option: `amsgrad`, `adam` or `sgd` (without momentum).
  public init?(name: String) {
    switch name {
    case "amsgrad": self = .amsgrad
    case "adam": self = .adam
    case "sgd": self = .sgd(momentum: 0)
    default: return nil
    }
  }

  /// Its name in an option and in a model's settings.
  public var name: String {
    switch self {
    case .amsgrad: "amsgrad"
    case .adam: "adam"
    case .sgd: "sgd"
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
  private var steps = 0.0

  init(_ optimiser: Optimiser, count: Int) {
    self.optimiser = optimiser
    self.count = count
    mean = AlignedBuffer(count: count)
    square = AlignedBuffer(count: count)
    largest = AlignedBuffer(count: count)
  }

  /// Moves the parameters against `scale` times the gradient.
  func step(
    _ parameters: UnsafeMutablePointer<Scalar>, gradient: UnsafePointer<Scalar>, scale: Double,
    rate: Double
  ) {
    steps += 1
    if case .sgd(let momentum) = optimiser {
      Scalar.descentStep(
        count, scale: scale, rate: rate, momentum: momentum, gradient: gradient,
        parameters: parameters, mean: mean.start)
      return
    }
    let (beta1, beta2) = (0.9, 0.999)
    let step = AdamStep(
      scale: scale, rate: rate / (1 - pow(beta1, steps)),
      root: (1 - pow(beta2, steps)).squareRoot(),
      beta1: beta1, beta2: beta2, epsilon: 1e-8)
    Scalar.adamStep(
      count, step, gradient: gradient, parameters: parameters, mean: mean.start,
      square: square.start, largest: optimiser == .amsgrad ? largest.start : nil)
  }
}
