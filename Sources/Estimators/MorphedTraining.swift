import Diagnostics
import EventModel
import Networks

extension EstimatorTrainer {
  /// Trains the log ratio of each benchmark, which the setup's morphing joins to that of any θ.
  func morphedTraining(
    _ sample: TrainingRows, method: RatioMethod
  ) throws -> any MemberTraining {
    let p = sample.parameterNames.count
    let rows = try split(sample)
    // θ is not scaled, but scores are, so that alpha means what it means of a perceptron.
    let scales = thetaScaling(sample, sample.theta, rows: rows.training).scales
    let form = try morphedForm(sample, scales: scales)
    let x = xScaling(sample, rows)
    let meanWeight = sample.meanWeight
    let shape = PerceptronShape(
      inputs: sample.observableNames.count, hidden: plan.hidden, outputs: form.outputCount,
      activation: plan.activation)
    return try training(.ratio, shape: shape, sample: sample, rows: rows) { sample in
      (
        InputTable(theta: ([], .identity(0)), x: (sample.x, x), rows: sample.count),
        MorphedLoss(
          form: form, ratio: ratioLoss(sample, method, scales: scales, meanWeight: meanWeight),
          theta: sample.theta)
      )
    } finish: { fit in
      var model = model(
        .ratio, method.rawValue, sample, shape, fit, x: x, theta: .identity(p),
        scoreScales: [Double](repeating: 1, count: p), thetaRange: sample.thetaRange,
        alpha: alpha(method))
      model.morphed = form.layout
      model.settings.append(("network", TrainingPlan.NetworkKind.morphingAware.rawValue))
      return model
    }
  }

  /// σ_b w_b(θ) of the sample's setup.
  private func morphedForm(_ sample: TrainingRows, scales: [Double]) throws -> MorphedForm {
    let setup = sample.info.setup
    guard let morphing = setup.morphing, sample.parameterNames == setup.parameterNames,
      sample.info.benchmarkTotals.count >= morphing.benchmarkCount
    else {
      throw Problem(
        .data, "a morphing-aware network needs the cross sections of a morphing basis",
        remedy: "use a setup with morphing, without nuisance parameters, or --network perceptron")
    }
    let n = morphing.benchmarkCount
    return MorphedForm(
      components: morphing.components,
      coefficients: morphing.matrix.indices.map {
        morphing.matrix[$0] * sample.info.benchmarkTotals[$0 % n]
      }, scales: scales)
  }
}
