import Diagnostics
import EventModel
import Networks
import Numerics

extension EstimatorTrainer {
  /// Trains a ratio that is exactly polynomial in θ: the network sees x only and gives its amplitudes.
  ///
  /// The frame is then set such that the mean of r̂ over the sample's rows of θ1 is 1 at every θ.
  func polynomialTraining(
    _ sample: TrainingRows, method: RatioMethod
  ) throws -> any MemberTraining {
    let p = sample.parameterNames.count
    let rows = try split(sample)
    // ϑ has the unit of a perceptron's θ, so that alpha means the same.
    let scales =
      start?.amplitudes?.scales ?? Scaling(sample.theta, width: p, rows: rows.training).scales
    var form = try amplitudeForm(sample, scales: scales)
    if let frame = start?.amplitudes?.frame, frame.count == form.frame.count { form.frame = frame }
    let x = xScaling(sample, rows)
    let meanWeight = sample.meanWeight
    let shape = PerceptronShape(
      inputs: sample.observableNames.count, hidden: plan.hidden, outputs: form.outputCount,
      activation: plan.activation)
    return try training(.ratio, shape: shape, sample: sample, rows: rows) { [form] sample in
      let loss = ratioLoss(sample, method, scales: scales, meanWeight: meanWeight)
      let theta = sample.theta.indices.map {
        (sample.theta[$0] - form.centre[$0 % p]) / scales[$0 % p]
      }
      return (
        InputTable(theta: ([], .identity(0)), x: (sample.x, x), rows: sample.count),
        AmplitudeLoss(form: form, ratio: loss, theta: theta)
      )
    } finish: { [form] fit in
      try polynomialModel(sample, method, form, shape, fit, x: x)
    }
  }

  private func polynomialModel(
    _ sample: TrainingRows, _ method: RatioMethod, _ form: AmplitudeForm, _ shape: PerceptronShape,
    _ fit: Fit, x: Scaling
  ) throws -> Model {
    let p = sample.parameterNames.count
    var model = model(
      .ratio, method.rawValue, sample, shape, fit, x: x, theta: .identity(p),
      scoreScales: [Double](repeating: 1, count: p), thetaRange: sample.thetaRange,
      alpha: alpha(method))
    model.amplitudes = form.layout
    model.settings.append(("network", TrainingPlan.NetworkKind.polynomial.rawValue))
    if let calibrated = try calibrated(form, model, sample) {
      model.amplitudes = calibrated.layout
    } else {
      journal.note(
        "the cross section does not decide the mean of the amplitudes; they are not calibrated")
    }
    return model
  }

  /// The amplitudes that span σ(θ) of the sample, about its θ1.
  private func amplitudeForm(_ sample: TrainingRows, scales: [Double]) throws -> AmplitudeForm {
    let setup = sample.info.setup
    guard let morphing = setup.morphing, sample.parameterNames == setup.parameterNames,
      sample.info.benchmarkTotals.count >= morphing.benchmarkCount
    else {
      throw Problem(
        .data, "a polynomial network needs the cross section as a polynomial in theta",
        remedy: "use a setup with morphing, without nuisance parameters, or --network perceptron")
    }
    guard sample.weights.allSatisfy({ $0 >= 0 }) else {
      let negative = sample.weights.count { $0 < 0 }
      throw Problem(
        .data,
        "\(negative) of \(sample.count) rows have negative weights, and a sum of squares is positive",
        remedy: "use --network perceptron")
    }
    let n = morphing.benchmarkCount
    let terms = morphing.components.enumerated().map { c, powers in
      AmplitudeForm.Term(
        powers: powers,
        coefficient: (0..<n).reduce(0) {
          $0 + morphing.matrix[c * n + $1] * sample.info.benchmarkTotals[$1]
        })
    }
    do {
      return try AmplitudeForm(
        components: terms, centre: sample.info.theta1Values, scales: scales)
    } catch AmplitudeForm.Fault.noProduct(let powers) {
      let term = zip(sample.parameterNames, powers).filter { $1 > 0 }
        .map { $1 == 1 ? $0 : "\($0)^\($1)" }.joined(separator: " ")
      throw Problem(
        .data, "the term \(term) of the cross section is no product of two amplitudes",
        remedy: "keep the squares in the setup, or use --network perceptron")
    } catch AmplitudeForm.Fault.notPositive {
      throw Problem(
        .data, "the cross section at theta1 is not positive",
        remedy: "choose another --theta1, or look at the weights with 'morph check'")
    }
  }

  /// The form with the mean that it must have over the rows drawn at θ1; nil where that is not decided.
  private func calibrated(
    _ form: AmplitudeForm, _ model: Model, _ sample: TrainingRows
  ) throws -> AmplitudeForm? {
    let d = sample.observableNames.count
    let rows = sample.labels.indices.filter { sample.labels[$0] == 1 }
    let x = rows.flatMap { sample.x[$0 * d..<($0 + 1) * d] }
    let outputs = try TrainedNetwork(model).formOutputs(x: x, rows: rows.count, team: team)
    return form.calibrated(
      outputs: outputs, weights: sample.weights.isEmpty ? [] : rows.map { sample.weights[$0] })
  }
}
