import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

/// Errors from the events themselves, in place of those from formulas.
struct ReplicaOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Errors and bias from N replicas in which every event counts a Poisson(1) number of times.",
      valueName: "n"))
  var bootstrap: Int?

  @Option(
    help: ArgumentHelp(
      "Errors and bias from leaving out one of N groups of events at a time.", valueName: "n"))
  var jackknife: Int?

  @OptionGroup var seed: SeedOptions

  func validate() throws {
    if bootstrap != nil, jackknife != nil {
      throw ValidationError("--bootstrap and --jackknife are two ways to errors; give one")
    }
    for (name, count) in [("bootstrap", bootstrap), ("jackknife", jackknife)] {
      if let count, !(2...100_000).contains(count) {
        throw ValidationError("--\(name) takes a number from 2 to 100000")
      }
    }
  }

  /// The method, nil for the formulas.
  func method(_ context: CommandContext) throws -> InformationReplicas.Method? {
    if let bootstrap {
      return .bootstrap(replicas: bootstrap, seed: try context.seed(seed))
    }
    return jackknife.map { .jackknife(groups: $0) }
  }

  /// A note on what the errors are; nil for the formulas.
  var note: String? {
    bootstrap.map { "errors and bias: bootstrap of \($0) replicas" }
      ?? jackknife.map { "errors and bias: jackknife over \($0) groups of events" }
  }
}

extension InformationInput {
  /// Entries with the errors that were asked for.
  func entries(
    _ options: ReplicaOptions, _ compute: (CombinedEvents) throws -> [Information.Entry]
  ) throws -> [Information.Entry] {
    let events = try requireEvents()
    let central = try compute(events)
    guard let method = try options.method(context) else { return central }
    return try InformationReplicas.apply(
      method, to: central, of: events, journal: context.journal, compute)
  }
}
