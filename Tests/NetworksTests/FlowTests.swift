import Glibc
import Numerics
import Testing

@testable import Networks

/// Flows against finite differences, against themselves, and against numerical integrals.
@Suite struct FlowTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    var flows = 2
    var components = 1
    var observables = 3
    var hidden = [6, 5]
    var activation = Activation.tanh
    var method = DensityMethod.scandal
    var testDescription: String {
      "\(method) \(flows)x\(hidden) \(activation) K=\(components) d=\(observables)"
    }

    var shape: FlowShape {
      FlowShape(
        parameters: 2, observables: observables, hidden: hidden, activation: activation,
        components: components, flows: flows)
    }
  }

  static let settings = [
    Setting(flows: 1), Setting(), Setting(flows: 3), Setting(method: .nde),
    Setting(components: 3), Setting(flows: 1, components: 2), Setting(components: 3, method: .nde),
    Setting(flows: 3, components: 2, hidden: [4, 4, 4], activation: .softplus),
    Setting(hidden: []), Setting(observables: 1), Setting(flows: 3, components: 2, observables: 1),
    Setting(observables: 5, hidden: [3]), Setting(activation: .selu),
  ]

  /// A flow far from its start, where every output matters.
  static func flow(_ shape: FlowShape, seed: UInt64 = 5) -> ConditionalFlow<Double> {
    var flow = ConditionalFlow<Double>(shape: shape, seed: seed)
    let mask = shape.mask(Double.self)
    var stream = PhiloxStream(seed: seed, purpose: .testing, item: 77)
    for i in flow.parameters.indices {
      flow.parameters[i] += mask[i] * stream.uniform(-0.5, 0.5)
    }
    return flow
  }

  static func inputs(_ shape: FlowShape, rows: Int) -> [Double] {
    var stream = PhiloxStream(seed: 8, purpose: .testing)
    return (0..<rows * shape.inputs).map { _ in stream.normal() }
  }

  static func logDensity<Scalar>(
    _ flow: ConditionalFlow<Scalar>, _ inputs: [Double], tangents: Int = 0, threads: Int = 1
  ) -> PerceptronOutputs {
    let width = flow.shape.inputs
    return flow.logDensity(
      rows: inputs.count / width, tangents: tangents, team: ThreadTeam(threads: threads)
    ) { range, block in
      for (i, j) in (range.lowerBound * width..<range.upperBound * width).enumerated() {
        block[i] = Scalar(inputs[j])
      }
    }
  }

  static func objective(
    _ setting: Setting, noise: HiddenNoise? = nil
  ) -> FlowObjective<Double> {
    let rows = GradientTests.rowCount
    return FlowObjective(
      shape: setting.shape, inputs: inputs(setting.shape, rows: rows),
      loss: DensityLoss(
        method: setting.method, scores: GradientTests.sample().scores, parameterCount: 2,
        alpha: 1.7, weights: (0..<rows).map { 0.5 + 0.1 * Double($0) }),
      noise: noise)
  }

  /// Also of the score term, whose gradient takes second derivatives by θ and parameters. The sums
  /// reach a few hundred here, so differences keep 1e-6 of their size; a wrong term is off by its
  /// own size. What the masks forbid has no gradient at all, whatever its difference.
  @Test(arguments: settings, [false, true])
  func gradients(setting: Setting, hasDropout: Bool) {
    let objective = Self.objective(setting, noise: hasDropout ? GradientTests.noise() : nil)
    let start = Self.flow(setting.shape).parameters
    let mask = setting.shape.mask(Double.self)
    let pairs = GradientTests.differences(objective, at: start, isNoisy: hasDropout)
    for (i, pair) in pairs.enumerated() {
      if mask[i] == 0 {
        #expect(pair.gradient == 0)
      } else {
        #expect(abs(pair.difference - pair.gradient) < 1e-6 * max(1, abs(pair.gradient)))
      }
    }
  }

  @Test(arguments: settings)
  func tangentsAreTheScore(setting: Setting) {
    let flow = Self.flow(setting.shape)
    let width = setting.shape.inputs
    let inputs = Self.inputs(setting.shape, rows: 7)
    let tangents = Self.logDensity(flow, inputs, tangents: 2).tangents
    for k in 0..<2 {
      func shifted(_ step: Double) -> [Double] {
        var moved = inputs
        for row in 0..<7 { moved[row * width + k] += step }
        return Self.logDensity(flow, moved).values
      }
      let (above, below) = (shifted(1e-5), shifted(-1e-5))
      for row in 0..<7 {
        let difference = (above[row] - below[row]) / 2e-5
        #expect(abs(tangents[row * 2 + k] - difference) < 1e-7 * max(1, abs(difference)))
      }
    }
  }

  /// Training and evaluation are two codes for one function.
  @Test(arguments: settings)
  func trainingAndEvaluationAgree(setting: Setting) {
    let rows = 70
    let shape = setting.shape
    let inputs = Self.inputs(shape, rows: rows)
    let flow = Self.flow(shape)
    let objective = FlowObjective(
      shape: shape, inputs: inputs, loss: DensityLoss(method: .nde, parameterCount: 2))
    let mean = Trainer(settings: TrainingSettings(), team: ThreadTeam(threads: 1)).meanLoss(
      objective, parameters: flow.parameters, rows: (0..<Int32(rows)).map { $0 })
    let values = Self.logDensity(flow, inputs).values
    let expected = -values.reduce(0, +) / Double(rows)
    #expect(abs(mean - expected) < 1e-12 * abs(expected))
  }

  /// m_i and ℓ_i see θ, all observables before i in the order, and none from i on: the first of an
  /// order depends on θ too.
  /// (learning.md 7.1 no. 4: θ reaches every observable.)
  @Test(arguments: settings)
  func outputsSeeThetaAndWhatComesBefore(setting: Setting) {
    let shape = setting.shape
    let d = setting.observables
    let inputs = Array(Self.inputs(shape, rows: 1))
    for (step, network) in zip(shape.steps, Self.flow(shape).networks) {
      let team = ThreadTeam(threads: 1)
      let base = network.evaluate(inputs: inputs, team: team).values
      for input in 0..<shape.inputs {
        var moved = inputs
        moved[input] += 0.7
        let values = network.evaluate(inputs: moved, team: team).values
        for unit in values.indices {
          let rank = step.order.firstIndex(of: unit / step.components % d) ?? -1
          let seen = input < 2 || (step.order.firstIndex(of: input - 2) ?? d) < rank
          // Narrow layers may lose an observable, never θ, and must not see what comes later.
          if !seen { #expect(values[unit] == base[unit]) }
          if input < 2 || (seen && setting.hidden.allSatisfy { $0 >= d }) {
            #expect(values[unit] != base[unit])
          }
        }
      }
    }
  }

  /// learning.md 7.1 no. 4.
  @Test func ordersAlternate() {
    let shape = Setting(flows: 3).shape
    #expect(shape.orders == [[0, 1, 2], [2, 1, 0], [0, 1, 2]])
  }

  /// Trapezoids of 0.02 from −30 to 30, far into the tails: the sum of a smooth density is exact to
  /// 1e-6 and better. Without the Jacobian of one network it is off by tens of per cent.
  /// (learning.md 7.1 no. 11: mixtures of one observable.)
  @Test(arguments: [1, 3])
  func integratesToOneInOneDimension(components: Int) {
    let shape = Setting(flows: 2, components: components, observables: 1).shape
    let step = 0.02
    let inputs = stride(from: -30.0, through: 30, by: step).flatMap { [0.4, -1.1, $0] }
    let values = Self.logDensity(Self.flow(shape), inputs).values
    #expect(abs(values.reduce(0) { $0 + exp($1) } * step - 1) < 1e-6)
  }

  /// The mean, the covariance and the norm of a two-dimensional flow by a sum over a grid, against
  /// draws. 40,000 draws: five standard errors of the means and covariances.
  @Test(arguments: [1, 2])
  func integralsAndDrawsAgreeInTwoDimensions(components: Int) {
    let setting = Setting(flows: 3, components: components, observables: 2)
    let flow = Self.flow(setting.shape, seed: 7)
    let (theta, step) = ([0.8, -0.5], 0.05)
    let axis = Array(stride(from: -14.0, through: 14, by: step))
    let inputs = axis.flatMap { x in axis.flatMap { theta + [x, $0] } }
    let density = Self.logDensity(flow, inputs, threads: 2).values.map { exp($0) * step * step }
    // Norm, first and second moments, and their squares for errors.
    var grid = [Double](repeating: 0, count: 6)
    var squares = grid
    func moments(_ x: Double, _ y: Double) -> [Double] { [1, x, y, x * x, x * y, y * y] }
    for (i, x) in axis.enumerated() {
      for (j, y) in axis.enumerated() {
        for (k, value) in moments(x, y).enumerated() {
          grid[k] += value * density[i * axis.count + j]
          squares[k] += value * value * density[i * axis.count + j]
        }
      }
    }
    #expect(abs(grid[0] - 1) < 1e-5)
    let n = 40_000
    let x = flow.draw(rows: 0..<n, seed: 3, team: ThreadTeam(threads: 2)) { _ in theta }
    var drawn = [Double](repeating: 0, count: 6)
    for row in 0..<n {
      for (k, value) in moments(x[2 * row], x[2 * row + 1]).enumerated() {
        drawn[k] += value / Double(n)
      }
    }
    for k in 1..<6 {
      let error = ((squares[k] - grid[k] * grid[k]) / Double(n)).squareRoot()
      #expect(abs(drawn[k] - grid[k]) < 5 * error)
    }
    // The flow must not be a plain Gaussian for this to mean anything.
    #expect(abs(grid[1]) > 0.05)
    #expect(abs(grid[4] - grid[1] * grid[2]) > 0.02)
  }

  /// Extreme inputs and outputs stay finite: log precisions are bounded.
  @Test func densitiesStayFinite() {
    let shape = Setting(components: 2).shape
    var flow = Self.flow(shape)
    for i in flow.parameters.indices { flow.parameters[i] *= 50 }
    let inputs = Self.inputs(shape, rows: 50).map { 10 * $0 }
    let got = Self.logDensity(flow.converted(to: Float.self), inputs, tangents: 2)
    #expect(got.values.allSatisfy { $0.isFinite } && got.tangents.allSatisfy { $0.isFinite })
  }

  /// float32 has 24 bits; log p and scores of order ten keep 1e-4.
  @Test func singlePrecisionAgreesWithDouble() {
    let shape = Setting(flows: 3, components: 2, hidden: [20, 20]).shape
    let flow = ConditionalFlow<Double>(shape: shape, seed: 4)
    let inputs = Self.inputs(shape, rows: 100)
    let double = Self.logDensity(flow, inputs, tangents: 2)
    let single = Self.logDensity(flow.converted(to: Float.self), inputs, tangents: 2)
    for (a, b) in zip(double.values + double.tangents, single.values + single.tangents) {
      #expect(abs(a - b) < 1e-4)
    }
  }

  @Test func bitsDoNotDependOnThreadsPlacesOrShards() throws {
    let setting = Setting(components: 2, hidden: [20])
    let shape = setting.shape
    let inputs = Self.inputs(shape, rows: 1100)
    let scores = (0..<2200).map { cos(Double($0)) }
    let objective = FlowObjective<Float>(
      shape: shape, inputs: inputs.map { Float($0) },
      loss: DensityLoss(method: .scandal, scores: scores, parameterCount: 2))
    var settings = TrainingSettings()
    settings.epochs = 2
    settings.batchSize = 200
    let start = ConditionalFlow<Float>(shape: shape, seed: 1)
    let results = try [1, 2, 3].map { threads in
      try Trainer(settings: settings, team: ThreadTeam(threads: threads)).train(
        objective, from: start.parameters, trainingRows: (0..<900).map { $0 },
        validationRows: (900..<1100).map { $0 })
    }
    #expect(results[0].parameters != start.parameters)
    let mask = shape.mask(Float.self)
    #expect(zip(results[0].parameters, mask).allSatisfy { $1 == 1 || $0 == 0 })
    let flow = ConditionalFlow(shape: shape, parameters: results[0].parameters)
    let all = Self.logDensity(flow, inputs, tangents: 2)
    let draws = flow.draw(rows: 0..<1000, seed: 2, team: ThreadTeam(threads: 1)) { _ in [0.1, 1] }
    for threads in [2, 3] {
      #expect(results[threads - 1].parameters == results[0].parameters)
      #expect(results[threads - 1].validationLosses == results[0].validationLosses)
      #expect(Self.logDensity(flow, inputs, tangents: 2, threads: threads) == all)
      let team = ThreadTeam(threads: threads)
      let part = flow.draw(rows: 77..<1000, seed: 2, team: team) { _ in [0.1, 1] }
      #expect(part == Array(draws[(77 * 3)...]))
    }
    let some = Self.logDensity(flow, Array(inputs[(33 * 5)...]), tangents: 2)
    #expect(some.values == Array(all.values[33...]))
  }
}
