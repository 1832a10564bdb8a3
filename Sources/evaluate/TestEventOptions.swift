import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel

/// Which events a model is compared with, and with which weights.
struct TestEventOptions: ParsableArguments {
  @OptionGroup var partition: PartitionOption
  @OptionGroup var order: OrderOption
  @OptionGroup var combination: CombineOption

  /// The events of a part, with cross sections to the order of the model's training.
  func events(
    _ source: any Source, _ estimator: Estimator, part: Partition, _ context: CommandContext
  ) throws -> WeightedTestEvents {
    var table = try EventTable.load(source, observables: estimator.observableNames)
    let order = try estimator.order(
      for: table.setup, given: order.order, file: source.name)
    if let order, self.order.order == nil {
      context.journal.note(
        "the model was trained to \(order.rawValue) order, and so are the events")
    }
    table.setup = table.setup.truncated(to: order)
    return try WeightedTestEvents(
      table, estimator: estimator, part: partition.partition ?? part,
      combination: combination.combine, file: source.name)
  }

  /// A sample is taken as it was drawn: that none of these options is given, nor one of some others.
  func refuse(for source: any Source, _ others: [(name: String, isGiven: Bool)] = []) throws {
    let own = [
      ("--partition", partition.partition != nil), ("--order", order.order != nil),
      ("--combine", combination.combine != nil),
    ]
    for (option, isGiven) in others + own where isGiven {
      throw Problem(
        .usage, "\(option) is for events; the rows of a sample are drawn at their own hypotheses",
        remedy: "leave it out, or give events", file: source.name)
    }
  }
}

extension CommandContext {
  /// The points of `--theta` and `--grid`, which a score model has no use for: it is tested at its own.
  func points(
    _ theta: ThetaOption, _ grid: GridOption, of estimator: Estimator, setup: Setup
  ) throws -> [(name: String, theta: [Double])] {
    let points = try points(theta, grid, setup: setup, nuisance: estimator.hasNuisance(setup))
    guard points.isEmpty || estimator.target != .score else {
      throw Problem(
        .usage, "a score model is tested at its own point",
        remedy: "leave \(theta.theta.isEmpty ? "--grid" : "--theta") away")
    }
    return points
  }
}
