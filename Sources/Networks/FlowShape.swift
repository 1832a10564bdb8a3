/// The shape of a masked autoregressive flow for p(x|θ) (Papamakarios et al. arXiv:1705.07057).
///
/// A chain of masked networks (MADE, Germain et al. arXiv:1502.03509) takes x to numbers u of a
/// known density. Each network has inputs θ and x; for observable i it puts out a mean m_i and a log
/// precision ℓ_i that depend on θ and on the observables before i in the network's order only. All
/// networks but the last transform,
///
///     u_i = e^{ℓ_i/2}(x_i − m_i),    log|du/dx| = ½ Σ ℓ_i,
///
/// and the last is the base: for each observable a Gaussian of mean m_i and precision e^{ℓ_i}, or a
/// mixture of several. What is put out for ℓ is a, with ℓ = B tanh(a/B): close to a for what data
/// ask for, and never so large that a density overflows.
///
/// Orders alternate between the one of the data and its reverse, so that no observable stays
/// Gaussian given θ; and θ reaches all observables, the first of an order too, since hidden units of
/// degree 0 see nothing but θ.
public struct FlowShape: Sendable, Equatable {
  /// Number of θ, the first inputs.
  public let parameters: Int
  /// Number of observables x, the other inputs.
  public let observables: Int
  /// Units of the hidden layers of each network.
  public let hidden: [Int]
  public let activation: Activation
  /// Gaussians in the base density of each observable.
  public let components: Int
  /// For each network the observables in the order in which they depend on one another.
  public let orders: [[Int]]
  /// Bound B of log precisions.
  public let logPrecisionBound: Double
  /// The networks, in the order in which data go through them.
  let steps: [FlowStep]

  /// Log precisions up to this: a network can narrow or widen a distribution by e⁵.
  public static let defaultLogPrecisionBound = 10.0

  /// - Parameters:
  ///   - orders: permutations of the observables, one for each network, at least one.
  public init(
    parameters: Int, observables: Int, hidden: [Int], activation: Activation = .tanh,
    components: Int = 1, orders: [[Int]], logPrecisionBound: Double = defaultLogPrecisionBound
  ) {
    precondition(observables > 0 && components > 0 && logPrecisionBound > 0 && !orders.isEmpty)
    precondition(orders.allSatisfy { $0.sorted() == Array(0..<observables) })
    self.parameters = parameters
    self.observables = observables
    self.hidden = hidden
    self.activation = activation
    self.components = components
    self.orders = orders
    self.logPrecisionBound = logPrecisionBound
    var steps: [FlowStep] = []
    for (f, order) in orders.enumerated() {
      let isBase = f == orders.count - 1
      let k = isBase ? components : 1
      let network = PerceptronShape(
        inputs: parameters + observables, hidden: hidden,
        outputs: observables * (k == 1 ? 2 : 3 * k), activation: activation)
      let offset = steps.last.map { $0.offset + $0.network.parameterCount } ?? 0
      steps.append(FlowStep(network: network, order: order, components: k, offset: offset))
    }
    self.steps = steps
  }

  /// A flow of `flows` networks whose orders alternate.
  public init(
    parameters: Int, observables: Int, hidden: [Int], activation: Activation = .tanh,
    components: Int = 1, flows: Int
  ) {
    let natural = Array(0..<observables)
    self.init(
      parameters: parameters, observables: observables, hidden: hidden, activation: activation,
      components: components,
      orders: (0..<flows).map { $0 % 2 == 0 ? natural : natural.reversed() })
  }

  public var inputs: Int { parameters + observables }

  /// All networks' parameters, one after the other.
  public var parameterCount: Int { steps.reduce(0) { $0 + $1.network.parameterCount } }

  /// The shapes of the networks: inputs θ then x, outputs m, then a, and of a mixture log weights;
  /// [observable][component] each.
  public var networks: [PerceptronShape] { steps.map(\.network) }

  /// 1 for parameters that are used and 0 for those that would break the order, which stay 0.
  func mask<Scalar: NetworkScalar>(_: Scalar.Type) -> [Scalar] {
    steps.flatMap { step in
      step.mask(parameters: parameters).map { $0 ? 1 : 0 }
    }
  }
}

/// One network of a flow.
struct FlowStep: Sendable, Equatable {
  let network: PerceptronShape
  let order: [Int]
  let components: Int
  /// Of its parameters in the flow's.
  let offset: Int

  /// Which parameters are used, laid out like the network's.
  ///
  /// A unit of degree g sees θ and the first g observables of the order. Degrees of a hidden layer
  /// are spread evenly over 0 … d − 1, and a unit sees those of the layer below of at most its own.
  func mask(parameters: Int) -> [Bool] {
    let d = order.count
    var rank = [Int](repeating: 0, count: d)
    for (place, observable) in order.enumerated() { rank[observable] = place }
    var below = [Int](repeating: 0, count: parameters) + rank.map { $0 + 1 }
    var mask: [Bool] = []
    for (l, layer) in network.layers.enumerated() {
      let isLast = l == network.layers.count - 1
      let degrees =
        isLast
        ? (0..<layer.outputs).map { rank[$0 / components % d] }
        : (0..<layer.outputs).map { $0 * d / layer.outputs }
      for degree in degrees {
        for seen in below { mask.append(seen <= degree) }
        mask.append(true)
      }
      below = degrees
    }
    return mask
  }
}

/// A conditional density p(x|θ): a flow's shape and the parameters of its networks in one array.
public struct ConditionalFlow<Scalar: NetworkScalar>: Sendable {
  public let shape: FlowShape
  public var parameters: [Scalar]

  /// A flow with given parameters, those outside the masks 0.
  public init(shape: FlowShape, parameters: [Scalar]) {
    precondition(parameters.count == shape.parameterCount)
    self.shape = shape
    self.parameters = parameters
  }

  /// The networks one by one.
  public init(shape: FlowShape, networks: [Perceptron<Scalar>]) {
    precondition(networks.map(\.shape) == shape.networks)
    self.init(shape: shape, parameters: networks.flatMap(\.parameters))
  }

  /// A new flow, close to a normal distribution of x whatever θ.
  ///
  /// Networks start as any perceptron, masked, but with small last layers; the means of a mixture's
  /// components are spread.
  /// - Parameter member: number of the flow where several are trained with one seed.
  public init(shape: FlowShape, seed: UInt64, member: UInt64 = 0) {
    let mask = shape.mask(Scalar.self)
    var parameters: [Scalar] = []
    for (f, step) in shape.steps.enumerated() {
      // Networks of one flow must not start alike.
      let start = Perceptron<Scalar>(
        shape: step.network, seed: seed, member: member &* 1024 &+ UInt64(f))
      parameters += start.parameters
      guard let last = step.network.layers.last else { continue }
      for unit in 0..<last.outputs {
        let row = step.offset + last.offset + unit * last.rowLength
        for i in row..<row + last.inputs { parameters[i] *= 0.1 }
        let isMean = unit < shape.observables * step.components
        let bias = row + last.inputs
        if step.components > 1 && isMean {
          // Biases are uniform in ±1/√inputs, means of components in ±1.
          parameters[bias] *= Scalar(Double(last.inputs).squareRoot())
        } else {
          parameters[bias] = 0
        }
      }
    }
    self.init(shape: shape, parameters: zip(parameters, mask).map { $0 * $1 })
  }

  /// The same flow in another scalar.
  public func converted<Other: NetworkScalar>(to _: Other.Type) -> ConditionalFlow<Other> {
    ConditionalFlow<Other>(shape: shape, parameters: parameters.map { Other(Double($0)) })
  }

  /// The networks, in the order in which data go through them.
  public var networks: [Perceptron<Scalar>] {
    shape.steps.map { step in
      let end = step.offset + step.network.parameterCount
      return Perceptron(shape: step.network, parameters: Array(parameters[step.offset..<end]))
    }
  }
}
