import Numerics

/// The shape of a multilayer perceptron: inputs → hidden layers with an activation → outputs
/// without one.
public struct PerceptronShape: Sendable, Equatable {
  public let inputs: Int
  /// Units of the hidden layers, first to last; may be empty.
  public let hidden: [Int]
  public let outputs: Int
  public let activation: Activation

  public init(inputs: Int, hidden: [Int], outputs: Int, activation: Activation = .tanh) {
    precondition(inputs > 0 && outputs > 0 && hidden.allSatisfy { $0 > 0 })
    self.inputs = inputs
    self.hidden = hidden
    self.outputs = outputs
    self.activation = activation
  }

  /// A layer's place in the flat parameters: `outputs` rows of `inputs` weights and then the bias.
  public struct Layer: Sendable, Equatable {
    public let inputs: Int
    public let outputs: Int
    public let offset: Int
    /// Numbers in a row: weights and bias.
    public let rowLength: Int
    public var parameterCount: Int { outputs * rowLength }
  }

  /// The layers, hidden ones and the last.
  public var layers: [Layer] {
    var offset = 0
    var width = inputs
    return (hidden + [outputs]).map { next in
      let layer = Layer(inputs: width, outputs: next, offset: offset, rowLength: width + 1)
      offset += layer.parameterCount
      width = next
      return layer
    }
  }

  public var parameterCount: Int { layers.reduce(0) { $0 + $1.parameterCount } }
}

/// A multilayer perceptron: a shape and its parameters in one flat array.
///
/// The parameters of layer l are a row-major matrix with a row for each unit, its weights first and
/// its bias last; so a layer is one matrix product with inputs that end in a 1.
public struct Perceptron<Scalar: NetworkScalar>: Sendable {
  public let shape: PerceptronShape
  public var parameters: [Scalar]

  /// A network with given parameters.
  public init(shape: PerceptronShape, parameters: [Scalar]) {
    precondition(parameters.count == shape.parameterCount)
    self.shape = shape
    self.parameters = parameters
  }

  /// A new network: weights and biases uniform in ±1/√(inputs of the layer).
  ///
  /// The numbers depend on the seed and the member alone; both scalar types get the same ones,
  /// rounded.
  /// - Parameter member: number of the network where several are trained with one seed.
  public init(shape: PerceptronShape, seed: UInt64, member: UInt64 = 0) {
    var stream = PhiloxStream(seed: seed, purpose: .initialisation, item: member)
    var parameters: [Scalar] = []
    parameters.reserveCapacity(shape.parameterCount)
    for layer in shape.layers {
      let bound = 1 / Double(layer.inputs).squareRoot()
      for _ in 0..<layer.parameterCount {
        parameters.append(Scalar(stream.uniform(-bound, bound)))
      }
    }
    self.init(shape: shape, parameters: parameters)
  }

  /// A network from weights (outputs × inputs, row-major) and biases of each layer.
  public init(shape: PerceptronShape, weights: [[Double]], biases: [[Double]]) {
    var parameters: [Scalar] = []
    for (l, layer) in shape.layers.enumerated() {
      precondition(weights[l].count == layer.inputs * layer.outputs)
      precondition(biases[l].count == layer.outputs)
      for unit in 0..<layer.outputs {
        let row = weights[l][unit * layer.inputs..<(unit + 1) * layer.inputs]
        parameters += row.map { Scalar($0) }
        parameters.append(Scalar(biases[l][unit]))
      }
    }
    self.init(shape: shape, parameters: parameters)
  }

  /// The weights of a layer (outputs × inputs, row-major) and its biases: the layout other tools
  /// use.
  public func weightsAndBiases(layer index: Int) -> (weights: [Double], biases: [Double]) {
    let layer = shape.layers[index]
    var weights: [Double] = []
    var biases: [Double] = []
    for unit in 0..<layer.outputs {
      let start = layer.offset + unit * layer.rowLength
      weights += parameters[start..<start + layer.inputs].map { Double($0) }
      biases.append(Double(parameters[start + layer.inputs]))
    }
    return (weights, biases)
  }

  /// The same network in another scalar.
  public func converted<Other: NetworkScalar>(to _: Other.Type) -> Perceptron<Other> {
    Perceptron<Other>(shape: shape, parameters: parameters.map { Other(Double($0)) })
  }
}
