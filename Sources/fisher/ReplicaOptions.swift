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

  /// What is left out, one at a time.
  enum Jackknife: ExpressibleByArgument {
    case groups(Int)
    case samples

    init?(argument: String) {
      if argument == "samples" {
        self = .samples
      } else if let count = Int(argument) {
        self = .groups(count)
      } else {
        return nil
      }
    }
  }

  @Option(
    help: ArgumentHelp(
      "Errors and bias from leaving out one of N groups of events at a time, or with 'samples' one of the samples, of each process two or more.",
      valueName: "n"))
  var jackknife: Jackknife?

  @OptionGroup var seed: SeedOptions

  func validate() throws {
    if bootstrap != nil, jackknife != nil {
      throw ValidationError("--bootstrap and --jackknife are two ways to errors; give one")
    }
    var groups: Int?
    if case .groups(let count)? = jackknife { groups = count }
    for (name, count) in [("bootstrap", bootstrap), ("jackknife", groups)] {
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
    switch jackknife {
    case .groups(let count)?: return .jackknife(groups: count)
    case .samples?: return .samples
    case nil: return nil
    }
  }

  /// A note on what the errors are; nil for the formulas.
  var note: String? {
    if let bootstrap { return "errors and bias: bootstrap of \(bootstrap) replicas" }
    switch jackknife {
    case .groups(let count)?: return "errors and bias: jackknife over \(count) groups of events"
    case .samples?: return "errors and bias: jackknife over samples"
    case nil: return nil
    }
  }
}

extension ReplicaOptions {
  /// Throws `.usage` where replicas are asked of a table of bins.
  func refuseBins() throws {
    guard let note else { return }
    throw Problem(
      .usage, "\(note.prefix { $0 != ":" }) of replicas need events, and a table of bins has none",
      remedy: "give the events, or leave \(bootstrap == nil ? "--jackknife" : "--bootstrap") away")
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
