import Diagnostics
import Estimators
import EventModel

/// What is made of an estimated score t̂ before it is binned.
public enum ScoreStatistic: String, CaseIterable, Sendable {
  /// t̂, a histogram of as many dimensions as components (SALLY).
  case sally
  /// h = t̂·Δ/|Δ| with Δ = θ − θ_ref (SALLINO).
  case sallino
  /// Of two components h and the one across; of more, h and all components (adaptive binning).
  case adaptive

  /// Bins on each axis where none are given, as many as MadMiner takes.
  public func defaultBins(components k: Int) -> [Int] {
    switch (self, k) {
    case (.sallino, _), (_, 1): [25]
    case (.sally, 2): [8, 8]
    case (.sally, _): [Int](repeating: 5, count: k)
    case (.adaptive, 2): [15, 5]
    case (.adaptive, _): [12] + [Int](repeating: 5, count: k)
    }
  }

  var mode: Limits.Mode {
    switch self {
    case .sally: .score
    case .sallino: .sallino
    case .adaptive: .adaptive
    }
  }
}

/// Score models whose outputs are averaged: columns of scores of any events.
public struct ScoreColumns {
  private let models: [any ScoreEvaluator]
  /// Where the score is taken.
  public let reference: [Double]
  /// `score_cHW`, one for each parameter.
  public let names: [String]

  /// - Parameter reference: where the models take the score.
  public init(_ models: [any ScoreEvaluator], reference: [Double]) {
    precondition(!models.isEmpty)
    self.models = models
    self.reference = reference
    names = models[0].parameterNames.map { "score_" + $0 }
  }

  /// - Throws: `.data` for models of other kinds, whose statistic would change with θ, and for scores at different points
  ///   or of different parameters.
  public init(_ models: [TrainedModel]) throws {
    self.init(models, reference: models[0].referenceTheta)
    for model in models {
      guard model.model.target == .score else {
        throw Problem(
          .data,
          "the score of a \(model.model.target.rawValue) model is another variable at every theta, so its histograms cannot be compared across theta",
          remedy: "use the model without --statistic, or train-score", file: model.name)
      }
      guard model.parameterNames == models[0].parameterNames else {
        throw Problem(
          .data, "the model is of other parameters than \(models[0].name)",
          remedy: "give models of one analysis", file: model.name)
      }
      guard model.referenceTheta == reference else {
        throw Problem(
          .data,
          "the score is at another point than that of \(models[0].name); their mean is the score of neither",
          remedy: "give models of one reference point", file: model.name)
      }
    }
  }

  /// The mean score of rows of observables, row-major [row][parameter].
  public func values(_ observations: [Double], names available: [String], file: String?) throws
    -> [Double]
  {
    let rows = available.isEmpty ? 0 : observations.count / available.count
    var sum = [Double](repeating: 0, count: rows * names.count)
    for model in models {
      let choice = try ObservableChoice(model.observableNames, available: available, file: file)
      var x: [Double] = []
      choice.append(observations, to: &x)
      if let at = x.firstIndex(where: \.isNaN) {
        throw Problem(
          .data,
          "observable '\(model.observableNames[at % model.observableNames.count])' is undefined (NaN)",
          remedy: "give it a value in the analysis (on_undefined) or cut such events", file: file,
          place: "row \(at / model.observableNames.count + 1)")
      }
      for (i, t) in try model.scores(x, rows: rows, at: reference).enumerated() { sum[i] += t }
    }
    return models.count == 1 ? sum : sum.map { $0 / Double(models.count) }
  }

  /// Adds the columns to a table of events.
  public func add(to table: inout EventTable, file: String?) throws {
    let values = try values(table.observations, names: table.observableNames, file: file)
    let k = names.count
    let count = table.count
    table.add(
      columns: names.enumerated().map { i, name in
        (name, (0..<count).map { values[$0 * k + i] })
      })
  }
}
