import CVectorMath

/// What follows every layer but the last.
public enum Activation: String, Sendable, CaseIterable {
  case tanh
  case relu
  /// Slope 0.01 below zero.
  case leakyReLU = "lrelu"
  case elu
  case selu
  case softplus
  case sigmoid
  case logSigmoid = "logsigmoid"

  var kernel: cvm_activation {
    switch self {
    case .tanh: CVM_TANH
    case .relu: CVM_RELU
    case .leakyReLU: CVM_LEAKY_RELU
    case .elu: CVM_ELU
    case .selu: CVM_SELU
    case .softplus: CVM_SOFTPLUS
    case .sigmoid: CVM_SIGMOID
    case .logSigmoid: CVM_LOG_SIGMOID
    }
  }
}
