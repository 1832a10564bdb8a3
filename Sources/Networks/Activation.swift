import CVectorMath

/// What follows every layer but the last.
public enum Activation: String, Sendable, CaseIterable {
  case tanh
  case relu
  /// Slope 0.01 below zero.
  case leakyReLU = "lrelu"
  /// Below zero a random slope between 1/8 and 1/3 in training, their mean in evaluation.
  case randomLeakyReLU = "rrelu"
  case elu
  case selu
  case softplus
  case sigmoid
  case logSigmoid = "logsigmoid"

  /// From its name in an option: `log_sigmoid` is `logsigmoid` too.
  public init?(name: String) { self.init(rawValue: name == "log_sigmoid" ? "logsigmoid" : name) }

  var kernel: cvm_activation {
    switch self {
    case .tanh: CVM_TANH
    case .relu: CVM_RELU
    case .leakyReLU: CVM_LEAKY_RELU
    case .randomLeakyReLU: CVM_RANDOM_LEAKY_RELU
    case .elu: CVM_ELU
    case .selu: CVM_SELU
    case .softplus: CVM_SOFTPLUS
    case .sigmoid: CVM_SIGMOID
    case .logSigmoid: CVM_LOG_SIGMOID
    }
  }
}
