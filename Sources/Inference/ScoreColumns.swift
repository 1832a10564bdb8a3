import Diagnostics
import EventModel

extension EventTable {
  /// Adds the scores that models estimate at θ, their mean where there are several, as columns.
  ///
  /// - Parameter names: one for each parameter.
  /// - Throws: `.data` where a model is of other parameters, or needs what the table has not.
  public mutating func addScores(
    of models: [any ScoreEvaluator], at theta: [Double], names: [String]
  ) throws {
    let n = setup.parameterNames.count
    let width = observableNames.count
    var mean = [Double](repeating: 0, count: count * n)
    for model in models {
      guard model.parameterNames == setup.parameterNames else {
        throw Problem(
          .data, "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
          remedy: "the events have \(setup.parameterNames.joined(separator: ", "))",
          file: model.name)
      }
      let columns = try ObservableChoice(model.observableNames, available: observableNames)
      var x: [Double] = []
      x.reserveCapacity(count * columns.indices.count)
      for row in 0..<count {
        for i in columns.indices { x.append(observations[row * width + i]) }
      }
      let scores = try model.scores(x, rows: count, at: theta)
      for i in mean.indices { mean[i] += scores[i] / Double(models.count) }
    }
    add(
      columns: names.enumerated().map { i, name in
        (name: name, values: (0..<count).map { mean[$0 * n + i] })
      })
  }
}
