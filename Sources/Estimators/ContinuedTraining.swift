import Diagnostics
import EventModel
import Networks

// Training that goes on from a model: its weights and scalings stay, and its history is continued.

extension EstimatorTrainer {
  /// That a network and its sample are those of the model whose training goes on.
  func requireFit(
    _ start: Model, _ target: Model.Target, _ shape: PerceptronShape, _ sample: TrainingRows,
    isAnchored: Bool = false
  ) throws {
    func refuse(_ fact: String) -> Problem {
      Problem(
        .data, "the model to continue \(fact)", remedy: "train a new one without --continue",
        file: plan.continuingFile)
    }
    func list(_ names: [String]) -> String { names.joined(separator: ", ") }
    guard start.target == target else { throw refuse("is a \(start.target.rawValue)") }
    guard start.isAnchored == isAnchored else {
      throw refuse("is \(start.isAnchored ? "anchored" : "not anchored") at theta1 (--network)")
    }
    guard start.observableNames == sample.observableNames else {
      throw Problem(
        .data,
        "the model to continue has the observables \(list(start.observableNames)), the sample "
          + list(sample.observableNames), remedy: "name the model's with --observables",
        file: plan.continuingFile)
    }
    guard start.parameterNames == sample.parameterNames else {
      throw refuse("has the parameters \(list(start.parameterNames))")
    }
    guard
      target == .density || !start.denominatorRange.isEmpty
        || start.referenceTheta == sample.referenceTheta
    else {
      throw refuse("has another reference point than the sample")
    }
    let layers = [shape.inputs] + shape.hidden + [shape.outputs]
    guard
      start.layerWidths[0] == shape.inputs || start.layerWidths.dropFirst() != layers.dropFirst()
    else {
      throw refuse(
        "has \(start.layerWidths[0]) inputs, not \(shape.inputs): a parameter that does not vary is one for methods with scores only"
      )
    }
    guard start.layerWidths == layers else {
      let widths = { (layers: [Int]) in layers.map(String.init).joined(separator: "-") }
      throw refuse("has the layers \(widths(start.layerWidths)), not \(widths(layers))")
    }
    guard start.validationLoss.isEmpty == (plan.validationFraction == 0) else {
      throw Problem(
        .usage,
        "the model to continue was trained \(start.validationLoss.isEmpty ? "without" : "with") "
          + "validation rows",
        remedy: "give --validation-split \(start.validationLoss.isEmpty ? "0" : "above 0")",
        file: plan.continuingFile)
    }
  }
}

extension TrainingPlan {
  /// The plan with the network of the model it continues. Throws `.usage` where choices contradict that.
  func adopting(_ ensemble: ModelEnsemble) throws -> TrainingPlan {
    var plan = self
    let model = ensemble.first
    let layers = Array(model.layerWidths.dropFirst().dropLast())
    func refuse(_ option: String, _ value: String) -> Problem {
      Problem(
        .usage, "\(option) is \(value) in the model to continue", remedy: "leave \(option) out")
    }
    guard !isChosen.hidden || hidden == layers else {
      throw refuse("--hidden", layers.map(String.init).joined(separator: ","))
    }
    guard !isChosen.activation || activation.rawValue == model.activation else {
      throw refuse("--activation", model.activation)
    }
    guard let activation = Activation(rawValue: model.activation),
      let precision = Precision(rawValue: model.precision)
    else {
      throw Problem(
        .data, "the model's activation or precision is not known",
        remedy: "use a newer version of this program")
    }
    guard self.precision == .float32 || precision == .float64 else {
      throw refuse("the precision", model.precision)
    }
    // One file may hold one member of several; it goes on as that.
    let count = ensemble.members.count
    var choice = EnsembleChoice()
    choice.count = count
    if count == 1, let member = model.member {
      (choice.count, choice.only) = (member.count, member.number)
    }
    guard count == 1 || model.member?.count ?? count == count else {
      throw Problem(
        .data, "the model to continue lacks members", remedy: "merge all of them first")
    }
    guard !isChosen.members || plan.ensemble.count == choice.count,
      choice.only == nil || plan.ensemble.only == choice.only || !isChosen.members
    else {
      throw Problem(
        .usage, "the model to continue has other members than --members or --member asks for",
        remedy: "leave them out")
    }
    if !isChosen.members { plan.ensemble = choice }
    (plan.hidden, plan.activation, plan.precision) = (layers, activation, precision)
    return plan
  }
}

extension Model {
  /// Puts the epochs of an earlier training before its own.
  mutating func continueHistory(of start: Model) {
    func joined(_ path: KeyPath<Model, [Double]>, _ whole: KeyPath<Model, [Double]>) -> [Double] {
      guard !start[keyPath: path].isEmpty || !self[keyPath: path].isEmpty else { return [] }
      // A loss without a score term has none in any epoch.
      func filled(_ model: Model) -> [Double] {
        let values = model[keyPath: path]
        return values.isEmpty
          ? [Double](repeating: 0, count: model[keyPath: whole].count) : values
      }
      return filled(start) + filled(self)
    }
    trainingScoreLoss = joined(\.trainingScoreLoss, \.trainingLoss)
    validationScoreLoss = joined(\.validationScoreLoss, \.validationLoss)
    bestEpoch = bestEpoch < 0 ? start.bestEpoch : start.trainingLoss.count + bestEpoch
    trainingLoss = start.trainingLoss + trainingLoss
    validationLoss = start.validationLoss + validationLoss
    settings.append(("continued_epochs", "\(start.trainingLoss.count)"))
    thetaRange =
      thetaRange.count == start.thetaRange.count
      ? zip(thetaRange, start.thetaRange).map { [min($0[0], $1[0]), max($0[1], $1[1])] }
      : thetaRange
  }
}
