import EventModel
import Networks

extension EstimatorTrainer {
  /// Trains log r̂(x|θ0, θ1) = g(θ0, θ1, x) − g(θ1, θ0, x), antisymmetric whatever g is.
  ///
  /// Both hypotheses have one scaling, of θ0 and θ1 of all rows, else exchanging them would not be what it says.
  func pairTraining(
    _ sample: TrainingRows, method: RatioMethod
  ) throws -> any MemberTraining {
    let p = sample.parameterNames.count
    let rows = try split(sample)
    let n = Int32(sample.count)
    let theta =
      startTheta
      ?? thetaScaling(
        sample, sample.theta + sample.denominators,
        rows: rows.training + rows.training.map { n + $0 })
    let x = xScaling(sample, rows)
    let meanWeight = sample.meanWeight
    let ranges = (sample.thetaRange, sample.denominatorRange)
    let fixed =
      method.usesScore
      ? [] : (0..<p).filter { k in Set(ranges.0[k] + ranges.1[k]).count == 1 }
    let varied = (0..<p).filter { !fixed.contains($0) }
    let shape = PerceptronShape(
      inputs: 2 * varied.count + sample.observableNames.count, hidden: plan.hidden, outputs: 1,
      activation: plan.activation)
    let build: Build = { sample in
      let loss = PairLoss(
        ratioLoss(sample, method, scales: theta.scales, meanWeight: meanWeight),
        denominatorScores: limited(
          sample.denominatorScores.indices.map {
            sample.denominatorScores[$0] * theta.scales[$0 % p]
          }, "t_xz1"))
      var both: [Double] = []
      both.reserveCapacity(2 * sample.theta.count)
      for start in stride(from: 0, to: sample.theta.count, by: p) {
        both += sample.theta[start..<start + p]
        both += sample.denominators[start..<start + p]
      }
      return (
        InputTable(
          theta: (both, theta.twice), x: (sample.x, x), rows: sample.count,
          columns: varied + varied.map { p + $0 }), loss
      )
    }
    let finish: (Fit) -> Model = { fit in
      var model = model(
        .ratio, method.rawValue, sample, shape, fit, x: x, theta: theta,
        scoreScales: [Double](repeating: 1, count: p), thetaRange: ranges.0,
        alpha: alpha(method))
      model.denominatorRange = ranges.1
      model.fixedParameters = fixed
      model.referenceTheta = start?.referenceTheta ?? reference(sample, range: ranges.1)
      model.settings.append(("hypotheses", "2"))
      return model
    }
    if let start { try requireFit(start, .ratio, shape, sample) }
    switch plan.precision {
    case .float32:
      return training(Float.self, shape, width: varied.count, sample, rows, build, finish)
    case .float64:
      return training(Double.self, shape, width: varied.count, sample, rows, build, finish)
    }
  }

  private func training<Scalar: NetworkScalar>(
    _: Scalar.Type, _ shape: PerceptronShape, width: Int, _ sample: TrainingRows, _ rows: Rows,
    _ build: @escaping Build, _ finish: @escaping (Fit) throws -> Model
  ) -> any MemberTraining {
    let noise = plan.noise
    return training(shape, sample, rows, build, finish) {
      PairObjective<Scalar>(shape: shape, width: width, inputs: $0, loss: $1, noise: noise)
    }
  }
}
