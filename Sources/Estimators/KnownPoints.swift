import Diagnostics
import EventModel

// Where a model was trained, and what it can be asked for.
extension Estimator {
  /// That the parameters are those of the events, with or without nuisance parameters; observables are matched by name
  /// when events are read.
  public func requireFit(_ setup: Setup, file: String? = nil) throws {
    guard
      [false, true].contains(where: { parameterNames == setup.coordinateNames(nuisance: $0) })
    else {
      throw Problem(
        .data,
        "the model's parameters (\(parameterNames.joined(separator: ", "))) are not those of the "
          + "events (\(setup.parameterNames.joined(separator: ", ")))",
        remedy: "use a model trained on these events", file: file)
    }
  }

  /// Whether the nuisance parameters of the events are among the coordinates of the model's hypotheses.
  public func hasNuisance(_ setup: Setup) -> Bool {
    parameterNames.count > setup.parameters.count
  }

  /// The same of a sample, whose rows may have nuisance parameters among their coordinates or not.
  public func requireFit(_ sample: TrainingRows, file: String? = nil) throws {
    try requireFit(sample.info.setup, file: file)
    try requireCoordinates(sample.parameterNames, file: file)
  }

  /// That hypotheses with these coordinates are those of the model.
  func requireCoordinates(_ names: [String], file: String?) throws {
    guard names == parameterNames else {
      throw Problem(
        .data,
        "the model's hypotheses have the coordinates \(parameterNames.joined(separator: ", ")), and "
          + "those of the sample \(names.joined(separator: ", "))",
        remedy: "make the sample with the --nuisance of the training", file: file)
    }
  }

  /// The parameters by which θ lies outside the range seen in training; empty inside.
  ///
  /// A network of two hypotheses knows pairs in both orders.
  public func outsideTrainingRange(
    _ theta: [Double], denominator: [Double]? = nil
  ) -> [String] {
    guard target != .score else { return [] }
    func outside(_ point: [Double], _ range: (Model) -> [[Double]]) -> [String] {
      parameterNames.indices.filter { k in
        models.contains { Self.isOutside(point[k], range($0), k) }
      }.map { parameterNames[$0] }
    }
    guard hasTwoHypotheses else { return outside(theta, \.thetaRange) }
    let other = denominator ?? referenceTheta
    let (straight, exchanged) = (
      outside(theta, \.thetaRange) + outside(other, \.denominatorRange),
      outside(theta, \.denominatorRange) + outside(other, \.thetaRange)
    )
    let all = Set(straight.count <= exchanged.count ? straight : exchanged)
    return parameterNames.filter(all.contains)
  }

  private static func isOutside(_ value: Double, _ range: [[Double]], _ k: Int) -> Bool {
    guard k < range.count else { return false }
    // Drawn points stop a little short of the ends of their prior.
    let slack = 1e-3 * (range[k][1] - range[k][0])
    return value < range[k][0] - slack || value > range[k][1] + slack
  }

  /// The value that a parameter had in all of a ratio's training, if it had but one.
  private func onlyValue(_ k: Int, _ model: Model) -> Double? {
    guard target == .ratio, k < model.thetaRange.count else { return nil }
    let ends = model.thetaRange[k] + (model.hasTwoHypotheses ? model.denominatorRange[k] : [])
    return ends.allSatisfy { $0 == ends[0] } ? ends[0] : nil
  }

  /// The first parameter whose value in some point a training never saw, though it saw another one only.
  private func unknown(
    _ points: [Double]
  ) -> (parameter: Int, value: Double, only: Double, model: Int)? {
    let p = parameterNames.count
    for k in 0..<p {
      for (m, model) in models.enumerated() {
        guard let only = onlyValue(k, model) else { continue }
        let slack = 1e-9 * max(abs(only), 1e-3)
        for i in stride(from: k, to: points.count, by: p) where abs(points[i] - only) > slack {
          return (k, points[i], only, m)
        }
      }
    }
    return nil
  }

  func isKnown(_ points: [Double]) -> Bool { unknown(points) == nil }

  /// That no parameter is asked for away from the only value it had in training (point by point).
  /// - Parameter points: one after the other.
  public func requireKnown(_ points: [Double]) throws {
    guard let (k, value, only, model) = unknown(points) else { return }
    let name = parameterNames[k]
    throw Problem(
      .data, "the model is asked for \(name)=\(value), and knows \(name)=\(only) only",
      remedy: "train it on a sample in which \(name) varies", file: modelNames[model])
  }

  /// Whether the derivatives by all parameters are known: each was varied, or had its joint scores in the loss.
  public var hasDerivatives: Bool { models.allSatisfy(\.fixedParameters.isEmpty) }

  public func requireDerivatives() throws {
    guard let model = models.firstIndex(where: { !$0.fixedParameters.isEmpty }) else { return }
    let name = parameterNames[models[model].fixedParameters[0]]
    throw Problem(
      .data, "the model does not know how log r depends on \(name)",
      remedy: "train it on a sample in which \(name) varies, or by a method with scores",
      file: modelNames[model])
  }
}
