import Diagnostics

/// A trained estimator with everything its use needs: no side files.
public struct Model: Sendable, Equatable {
  /// What the network's output means.
  public enum Target: String, Sendable {
    /// One output, log r̂(x|θ, θ1); inputs are θ then x, both scaled. With `amplitudes` or `morphed` the inputs are scaled
    /// x alone; with `denominatorRange` they are θ0, θ1 and x, and log r̂ is the output less that with θ0 and θ1 exchanged;
    /// with `isAnchored` log r̂ is the output less that at θ1.
    case ratio
    /// One output per parameter, the score t̂(x|θ_ref) in units of 1/score scale; inputs are scaled x.
    case score
    /// log p̂(x|θ) of unscaled x; inputs of each of its networks are θ then x, both scaled.
    case density
  }
  public var target: Target
  /// `carl`, `alice`, `alices`, `sally`, `scandal` …
  public var method: String
  public var observableNames: [String]
  public var parameterNames: [String]
  /// Denominator hypothesis θ1 of a ratio, reference point θ_ref of a score, the point that log ratios of a density are
  /// taken to where none is given.
  public var referenceTheta: [Double]
  /// Range of θ0 seen in training, [parameter][low, high]; empty for a score. Outside it a ratio is extrapolated.
  public var thetaRange: [[Double]]
  /// The same of θ1 where the network has two hypotheses; empty for one.
  public var denominatorRange: [[Double]] = []
  /// Parameters, by number, that had one value in all of training and are no inputs; the model holds for that value only.
  public var fixedParameters: [Int] = []
  /// Whether log r̂ is the output of the network less that at θ1, and so 0 there.
  public var isAnchored = false
  /// x' = (x − mean)/scale, θ' = (θ − mean)/scale, t = t'·(1/scoreScale): applied here and nowhere else.
  public var xMeans: [Double]
  public var xScales: [Double]
  public var thetaMeans: [Double]
  public var thetaScales: [Double]
  /// Standard deviation of the score targets per component; ones for ratios.
  public var scoreScales: [Double]
  /// Of a score with nuisance parameters: E[t̂t̂ᵀ] over the rows of training, row-major, by which they are profiled.
  public var scoreInformation: [Double] = []
  /// Widths of the layers, inputs and outputs included; of a density those of its transforming networks.
  public var layerWidths: [Int]
  /// How the networks of a density follow one another; nil for others.
  public var flow: FlowLayout?
  /// What the outputs of a polynomial network mean; nil for others.
  public var amplitudes: AmplitudeLayout?
  /// What the outputs of a morphing-aware network mean; nil for others.
  public var morphed: MorphedLayout?
  public var activation: String
  /// Network by network and layer by layer: weights row-major [output][input], then biases. Float32 networks store exactly representable values.
  public var parameters: [Double]
  /// `float32` or `float64`.
  public var precision: String
  /// Mean loss per epoch.
  public var trainingLoss: [Double]
  public var validationLoss: [Double]
  /// The part of these that is the score term, alpha included; empty where the loss has none.
  public var trainingScoreLoss: [Double] = []
  public var validationScoreLoss: [Double] = []
  /// The epoch (from 0) whose parameters these are.
  public var bestEpoch: Int
  /// Options of the training as name and value, in order.
  public var settings: [(name: String, value: String)]
  /// The sample it was trained on.
  public var sample: SampleInfo
  public var sampleDigest: String
  /// Of a member of an ensemble.
  public var member: EnsembleMember?

  public init(
    target: Target, method: String, observableNames: [String], parameterNames: [String],
    referenceTheta: [Double], thetaRange: [[Double]], xMeans: [Double], xScales: [Double],
    thetaMeans: [Double], thetaScales: [Double], scoreScales: [Double], layerWidths: [Int],
    flow: FlowLayout? = nil, activation: String, parameters: [Double], precision: String,
    trainingLoss: [Double], validationLoss: [Double], bestEpoch: Int,
    settings: [(name: String, value: String)],
    sample: SampleInfo, sampleDigest: String
  ) {
    self.target = target
    self.method = method
    self.observableNames = observableNames
    self.parameterNames = parameterNames
    self.referenceTheta = referenceTheta
    self.thetaRange = thetaRange
    self.xMeans = xMeans
    self.xScales = xScales
    self.thetaMeans = thetaMeans
    self.thetaScales = thetaScales
    self.scoreScales = scoreScales
    self.layerWidths = layerWidths
    self.flow = flow
    self.activation = activation
    self.parameters = parameters
    self.precision = precision
    self.trainingLoss = trainingLoss
    self.validationLoss = validationLoss
    self.bestEpoch = bestEpoch
    self.settings = settings
    self.sample = sample
    self.sampleDigest = sampleDigest
  }

  public static func == (a: Model, b: Model) -> Bool { a.document == b.document }

  public var document: Document {
    var d = sample.document
    d.set("model/target", target.rawValue)
    d.set("model/method", method)
    d.set("model/observables", observableNames)
    d.set("model/parameters", parameterNames)
    d.set("model/reference_theta", referenceTheta)
    d.set("model/theta_range", thetaRange.flatMap { $0 }, shape: [thetaRange.count, 2])
    d.set("model/scaling/x_means", xMeans)
    d.set("model/scaling/x_scales", xScales)
    d.set("model/scaling/theta_means", thetaMeans)
    d.set("model/scaling/theta_scales", thetaScales)
    d.set("model/scaling/score_scales", scoreScales)
    if !scoreInformation.isEmpty {
      let p = parameterNames.count
      d.set("model/score_information", scoreInformation, shape: [p, p])
    }
    d.set("model/network/layer_widths", layerWidths)
    flow?.write(to: &d)
    amplitudes?.write(to: &d)
    morphed?.write(to: &d)
    if hasTwoHypotheses {
      d.set(
        "model/theta1_range", denominatorRange.flatMap { $0 }, shape: [denominatorRange.count, 2])
    }
    if !fixedParameters.isEmpty { d.set("model/network/fixed_parameters", fixedParameters) }
    if isAnchored { d.set("model/network/anchored", 1) }
    d.set("model/network/activation", activation)
    d.set("model/network/parameters", parameters)
    d.set("model/network/precision", precision)
    d.set("model/history/training_loss", trainingLoss)
    d.set("model/history/validation_loss", validationLoss)
    if !trainingScoreLoss.isEmpty {
      d.set("model/history/training_score_loss", trainingScoreLoss)
      d.set("model/history/validation_score_loss", validationScoreLoss)
    }
    d.set("model/history/best_epoch", bestEpoch)
    d.set("model/settings/names", settings.map(\.name))
    d.set("model/settings/values", settings.map(\.value))
    d.set("model/sample_digest", sampleDigest)
    if let member { d.set("model/member", [member.number, member.count]) }
    return d
  }

  public init(document d: Document) throws {
    func missing(_ path: String) -> Problem {
      Problem(.data, "the model is not whole", remedy: "train it again", place: "dataset \(path)")
    }
    func texts(_ path: String) throws -> [String] {
      guard let value = d.texts(path) else { throw missing(path) }
      return value
    }
    func reals(_ path: String) throws -> [Double] {
      guard let value = d.reals(path) else { throw missing(path) }
      return value
    }
    func text(_ path: String) throws -> String {
      guard let value = d.text(path) else { throw missing(path) }
      return value
    }
    guard let target = Target(rawValue: try text("model/target")) else {
      throw Problem(
        .data, "the model's target is '\(try text("model/target"))'",
        remedy: "use a newer version of this program", place: "dataset model/target")
    }
    guard let widths = d.integers("model/network/layer_widths"),
      let best = d.integer("model/history/best_epoch")
    else { throw missing("model/network/layer_widths") }
    let ranges = try reals("model/theta_range")
    let names = try texts("model/settings/names")
    let values = try texts("model/settings/values")
    self.init(
      target: target, method: try text("model/method"),
      observableNames: try texts("model/observables"),
      parameterNames: try texts("model/parameters"),
      referenceTheta: try reals("model/reference_theta"),
      thetaRange: (0..<ranges.count / 2).map { [ranges[2 * $0], ranges[2 * $0 + 1]] },
      xMeans: try reals("model/scaling/x_means"), xScales: try reals("model/scaling/x_scales"),
      thetaMeans: try reals("model/scaling/theta_means"),
      thetaScales: try reals("model/scaling/theta_scales"),
      scoreScales: try reals("model/scaling/score_scales"), layerWidths: widths,
      flow: target == .density ? try FlowLayout(document: d) : nil,
      activation: try text("model/network/activation"),
      parameters: try reals("model/network/parameters"),
      precision: try text("model/network/precision"),
      trainingLoss: try reals("model/history/training_loss"),
      validationLoss: try reals("model/history/validation_loss"), bestEpoch: best,
      settings: zip(names, values).map { ($0, $1) }, sample: try SampleInfo(document: d),
      sampleDigest: try text("model/sample_digest"))
    amplitudes = try AmplitudeLayout(document: d)
    trainingScoreLoss = d.reals("model/history/training_score_loss") ?? []
    validationScoreLoss = d.reals("model/history/validation_score_loss") ?? []
    if let numbers = d.integers("model/member") {
      guard numbers.count == 2, (1...max(1, numbers[1])).contains(numbers[0]) else {
        throw missing("model/member")
      }
      member = EnsembleMember(number: numbers[0], count: numbers[1])
    }
    morphed = try MorphedLayout(document: d)
    let denominators = d.reals("model/theta1_range") ?? []
    denominatorRange = (0..<denominators.count / 2).map {
      [denominators[2 * $0], denominators[2 * $0 + 1]]
    }
    fixedParameters = d.integers("model/network/fixed_parameters") ?? []
    isAnchored = d.integer("model/network/anchored") == 1
    scoreInformation = d.reals("model/score_information") ?? []
    guard hasMatchingShapes else { throw missing("model/network/parameters") }
  }

  /// Whether θ1 is an input of the network beside θ0.
  public var hasTwoHypotheses: Bool { !denominatorRange.isEmpty }

  /// Inputs of the network that are parameters.
  private var thetaInputs: Int {
    guard target != .score, amplitudes == nil, morphed == nil else { return 0 }
    return (hasTwoHypotheses ? 2 : 1) * (parameterNames.count - fixedParameters.count)
  }

  /// Whether all arrays have the lengths that names and widths ask for.
  private var hasMatchingShapes: Bool {
    let (d, p) = (observableNames.count, parameterNames.count)
    let inputs = thetaInputs + d
    let outputs: Int
    switch target {
    case .ratio: outputs = amplitudes?.outputs ?? morphed?.outputs ?? 1
    case .score: outputs = p
    case .density: outputs = 2 * d
    }
    guard layerWidths.count >= 2, layerWidths.allSatisfy({ $0 > 0 }), layerWidths[0] == inputs,
      layerWidths.last == outputs, xMeans.count == d, xScales.count == d,
      thetaMeans.count == p || target == .score, thetaScales.count == thetaMeans.count,
      scoreScales.count == p, referenceTheta.count == p
    else { return false }
    let networks = flow?.outputs(observables: d) ?? [outputs]
    let expected = networks.reduce(0) { sum, outputs in
      let widths = layerWidths.dropLast() + [outputs]
      return sum + zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 + $1.1 }
    }
    return parameters.count == expected && flow?.fits(observables: d) ?? true
      && amplitudes?.fits(parameters: p) ?? true && morphed?.fits(parameters: p) ?? true
      && Set(fixedParameters).isSubset(of: 0..<p)
      && (!isAnchored || target == .ratio && !hasTwoHypotheses && inputs > d)
      && [0, p].contains(denominatorRange.count) && [0, p * p].contains(scoreInformation.count)
  }
}
