import EventModel
import Numerics

/// Models of every kind with random networks, to be written for other programs.
enum ExportModels {
  static let setup = Setup(
    name: "toy",
    parameters: [
      Parameter(name: "a", lhaBlock: "toy", lhaID: 1, range: -1...1),
      Parameter(name: "b", lhaBlock: "toy", lhaID: 2, range: -2...2),
    ],
    benchmarks: [Benchmark(name: "sm", values: [0, 0])],
    observables: ["x1", "x2", "x3"].map { Observable(name: $0, expression: nil) })

  private static func numbers(_ count: Int, _ item: UInt64, scale: Double = 1) -> [Double] {
    var stream = PhiloxStream(seed: 4, purpose: .testing, item: item)
    // What both precisions hold exactly.
    return (0..<count).map { _ in Double(Float(scale * stream.normal())) }
  }

  static func model(
    _ target: Model.Target, activation: String = "tanh", precision: String = "float32",
    flow: FlowLayout? = nil, amplitudes: AmplitudeLayout? = nil, morphed: MorphedLayout? = nil,
    hasTwoHypotheses: Bool = false, isAnchored: Bool = false, fixed: [Int] = [],
    variant: UInt64 = 0
  ) -> Model {
    let (p, d, hidden) = (2, 3, [5, 4])
    let isTheta = target != .score && amplitudes == nil && morphed == nil
    let output =
      switch target {
      case .ratio: amplitudes?.outputs ?? morphed?.outputs ?? 1
      case .score: p
      case .density: 2 * d
      }
    let inputs = (isTheta ? (hasTwoHypotheses ? 2 : 1) * (p - fixed.count) : 0) + d
    var parameters: [Double] = []
    for (n, output) in (flow?.outputs(observables: d) ?? [output]).enumerated() {
      let widths = [inputs] + hidden + [output]
      for (l, (below, above)) in zip(widths, widths.dropFirst()).enumerated() {
        let weights = numbers(below * above, 1000 * variant + UInt64(10 * n + l + 1), scale: 0.5)
        parameters +=
          weights + numbers(above, 1000 * variant + UInt64(100 + 10 * n + l), scale: 0.3)
      }
    }
    var model = Model(
      target: target, method: target == .score ? "sally" : "alices",
      observableNames: ["x1", "x2", "x3"], parameterNames: ["a", "b"],
      referenceTheta: [0.25, 0], thetaRange: target == .score ? [] : [[-1, 1], [-2, 2]],
      xMeans: [1, -50, 0.25], xScales: [2, 30, 0.125],
      thetaMeans: isTheta ? [0.125, -0.25] : (target == .score ? [] : [0, 0]),
      thetaScales: isTheta ? [0.5, 1.5] : (target == .score ? [] : [1, 1]),
      scoreScales: target == .score ? [3, 0.5] : [1, 1], layerWidths: [inputs] + hidden + [output],
      flow: flow, activation: activation, parameters: parameters, precision: precision,
      trainingLoss: [1], validationLoss: [], bestEpoch: 0, settings: [("epochs", "1")],
      sample: SampleInfo(method: "ratio", theta1Values: [0.25, 0], setup: setup),
      sampleDigest: "")
    model.amplitudes = amplitudes
    model.morphed = morphed
    if hasTwoHypotheses { model.denominatorRange = model.thetaRange }
    model.fixedParameters = fixed
    model.isAnchored = isAnchored
    for k in fixed { model.thetaRange[k] = [fixedValue, fixedValue] }
    return model
  }

  /// (1 + a)² + b² about a = 0.25, in monomials 1, a, b.
  static let polynomial = AmplitudeLayout(
    scales: [0.5, 1.5], amplitudes: [[0, 0], [1, 0], [0, 1]],
    crossSectionPowers: [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]],
    crossSectionCoefficients: [1, 0.4, 0.1, 0.5, 0.125, 0.75],
    frame: [1, 0, 0, 0.25, 0.75, 0, -0.125, 0.5, 1.25])

  /// Of three benchmarks; the sum of their fractions is negative for some of the rows.
  static let morphedLayout = MorphedLayout(
    powers: [[0, 0], [1, 0], [0, 1]],
    coefficients: [2, -0.5, 0.25, 0.5, 1, -1.25, -0.75, 0.5, 1], smoothing: 0.0009765625)

  /// What a parameter has that is no input.
  static let fixedValue = 0.25

  static let all: [(name: String, ensemble: ModelEnsemble)] =
    singles.map { ($0, ModelEnsemble($1)) } + ensembles

  /// Corrections of the size of log r, some of them with one knot.
  private static func calibration(
    _ method: Calibration.Method, points: [Double], scales: [Double]
  ) -> Calibration {
    let count = points.count / scales.count
    var stream = PhiloxStream(seed: 4, purpose: .testing, item: 903)
    let sizes = (0..<count).map { method == .expectation ? 1 : [5, 1, 2][$0 % 3] }
    return Calibration(
      method: method, points: points, scales: scales,
      knots: sizes.map { size in
        (0..<size).map { size == 1 ? 0 : Double($0) * 0.75 - 1.5 }
      },
      corrections: sizes.map { size in (0..<size).map { _ in 0.5 * stream.normal() } },
      errors: [Double](repeating: 0, count: count), part: .validation, eventsDigest: "")
  }

  /// Of three members, whose outputs are averaged; one calibrated by one number.
  private static let ensembles: [(name: String, ensemble: ModelEnsemble)] = {
    var all: [(String, ModelEnsemble)] = []
    for precision in ["float32", "float64"] {
      func members(_ make: (UInt64) -> Model) -> ModelEnsemble {
        let models = (1...3).map { number in
          var model = make(UInt64(number))
          model.member = EnsembleMember(number: number, count: 3)
          return model
        }
        // Of one plan by construction.
        return (try? ModelEnsemble(models)) ?? ModelEnsemble(models[0])
      }
      all += [
        ("ratios_\(precision)", members { model(.ratio, precision: precision, variant: $0) }),
        ("scores_\(precision)", members { model(.score, precision: precision, variant: $0) }),
        (
          "polynomials_\(precision)",
          members {
            model(.ratio, precision: precision, amplitudes: polynomial, variant: $0)
          }
        ),
      ]
      var calibrated = members { model(.ratio, precision: precision, variant: $0) }
      calibrated.calibration = Calibration(
        method: .expectation, points: [0, 0], scales: [1, 1], knots: [[0]], corrections: [[0.125]],
        errors: [0], part: .validation, eventsDigest: "")
      all.append(("calibrated_\(precision)", calibrated))
      // At several points, of which two are among those that are asked for.
      let asked = Array(theta.prefix(4))
      for method in Calibration.Method.allCases {
        var several = calibrated
        several.calibration = calibration(
          method, points: asked + [-1, 0, 1, 0, 0, 1, 0.5, -1], scales: [2, 1.5])
        all.append(("\(method.rawValue)_\(precision)", several))
        // Of pairs, in both orders: θ0 of the first row over θ1 of the first, and another.
        let pair = Array(theta.prefix(2)) + Array(denominators.prefix(2))
        let turned = Array(denominators.prefix(2)) + Array(theta.prefix(2))
        var pairs = ModelEnsemble(
          model(.ratio, precision: precision, hasTwoHypotheses: true))
        pairs.calibration = calibration(
          method, points: pair + [1, 0, 0, 1] + turned + [0, 1, 1, 0], scales: [2, 1.5, 2, 1.5])
        all.append(("\(method.rawValue)_pairs_\(precision)", pairs))
      }
    }
    return all
  }()

  private static let singles: [(name: String, model: Model)] = {
    var all: [(String, Model)] = []
    for activation in [
      "tanh", "relu", "lrelu", "rrelu", "elu", "selu", "softplus", "sigmoid", "logsigmoid",
    ] {
      for precision in ["float32", "float64"] {
        all.append(
          (
            "\(activation)_\(precision)",
            model(.ratio, activation: activation, precision: precision)
          ))
      }
    }
    for precision in ["float32", "float64"] {
      all.append(("score_\(precision)", model(.score, precision: precision)))
      all.append(
        ("polynomial_\(precision)", model(.ratio, precision: precision, amplitudes: polynomial)))
      all.append(
        ("morphed_\(precision)", model(.ratio, precision: precision, morphed: morphedLayout)))
      all.append(("pair_\(precision)", model(.ratio, precision: precision, hasTwoHypotheses: true)))
      all.append(("anchored_\(precision)", model(.ratio, precision: precision, isAnchored: true)))
      all.append(
        (
          "anchored_fixed_\(precision)",
          model(.ratio, precision: precision, isAnchored: true, fixed: [0])
        ))
      all.append(("fixed_\(precision)", model(.ratio, precision: precision, fixed: [1])))
      all.append(
        (
          "pair_fixed_\(precision)",
          model(.ratio, precision: precision, hasTwoHypotheses: true, fixed: [0])
        ))
      for components in [1, 3] {
        let flow = FlowLayout(
          orders: [[0, 1, 2], [2, 1, 0]], components: components, logPrecisionBound: 10)
        all.append(
          (
            "density\(components)_\(precision)", model(.density, precision: precision, flow: flow)
          ))
      }
    }
    return all
  }()

  /// Observables of a few rows, in the models' own units.
  static let rows = 7
  static let x: [Double] = zip(numbers(3 * rows, 900), 0...).map { value, i in
    [1, -50, 0.25][i % 3] + [2, 30, 0.125][i % 3] * value
  }.map { Double(Float($0)) }
  /// A point for each row, and one for the denominator of two hypotheses.
  static let theta = numbers(2 * rows, 901, scale: 0.5)
  static let denominators = numbers(2 * rows, 902, scale: 0.5)

  /// Points that a model knows.
  static func points(_ values: [Double], for model: Model) -> [Double] {
    values.enumerated().map { i, value in
      model.fixedParameters.contains(i % 2) ? fixedValue : value
    }
  }
}
