import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics
import Observables

/// Events in memory at one parameter point, or a table of bins in their place, and the information of them to be filled in.
struct InformationInput {
  /// Nil where a table of bins stands for them.
  let events: CombinedEvents?
  /// Nil where there are events.
  let bins: BinnedEvents?
  let setup: Setup
  let theta: [Double]
  let point: MorphedPoint
  let luminosity: Double
  let space: InformationSpace
  let freeNorms: [String]
  let digest: String
  let order: EFTOrder?
  let context: CommandContext

  /// - Parameters:
  ///   - columns: observables or expressions of them, to be in the table.
  ///   - standard: the point where none is given; nil is the reference benchmark.
  ///   - acceptsBins: whether a table of bins will do.
  ///   - partition: the part of the events that is read.
  init(
    _ options: InformationOptions, columns: [String] = [], models: [TrainedModel] = [],
    standard: [Double]? = nil, acceptsBins: Bool = false, partition: Partition? = nil,
    context: CommandContext
  ) throws {
    self.context = context
    luminosity = try options.luminosity.require().inversePicobarn
    freeNorms = options.parameters.freeNorm
    order = options.order.order
    let text = options.theta.theta.isEmpty ? nil : try options.theta.requireOne()
    let source = try context.openTable(
      options.input, expecting: acceptsBins ? [.events, .bins] : [.events])
    let resolve = { (setup: Setup) in
      try text?.resolve(setup) ?? standard ?? setup.benchmarks[setup.referenceBenchmark].values
    }
    if source.header.kind == .bins {
      let bins = try Self.named(source.name) {
        try BinnedEvents(document: source.header.document)
      }
      guard partition == nil || partition == bins.rows else {
        throw Problem(
          .usage,
          "this table of bins is of "
            + (bins.rows == .all ? "all events" : "the \(bins.rows.rawValue) part of its events"),
          remedy: "give --partition to 'fisher bins'", file: source.name)
      }
      if let part = bins.part {
        throw Problem(
          .data, "this is \(part.description) of a table of bins",
          remedy: "put the parts together with events merge", file: source.name)
      }
      guard options.selection.cut.isEmpty, options.selection.efficiency.isEmpty,
        options.combine.combine == nil
      else {
        throw Problem(
          .usage, "a table of bins has its cuts, efficiencies and rule of combination already",
          remedy: "give the events, or make the table anew", file: source.name)
      }
      self.bins = bins
      events = nil
      setup = bins.setup.truncated(to: options.order.order)
      theta = try resolve(setup)
      point = MorphedPoint(theta, morphing: try setup.requireMorphing())
      digest = ""
    } else {
      let loaded = try EventsWithColumns(
        source, columns: columns, selection: options.selection, models: models,
        order: options.order.order, partition: partition, theta: resolve, context: context)
      bins = nil
      setup = loaded.table.setup
      theta = loaded.theta
      digest = loaded.digest
      let events = try CombinedEvents(
        loaded.table, combination: options.combine.combine, theta: theta, file: source.name,
        team: ThreadTeam(threads: context.threads))
      self.events = events
      point = try events.point(theta)
    }
    space = try options.parameters.space(setup)
    if !setup.nuisanceParameters.isEmpty, space.handling == .none {
      context.journal.warn(
        "fisher.nuisance",
        "nuisance parameters are kept at 0; the information is what it would be without systematics"
      )
    }
  }

  private static func named<T>(_ file: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem { throw problem.inFile(file) }
  }

  /// Sums over all events.
  var total: BinTable { events?.total ?? bins?.table.total ?? BinTable(benchmarkNames: []) }

  /// The events themselves.
  func requireEvents() throws -> CombinedEvents {
    guard let events else {
      throw Problem(.usage, "this needs the events, not a table of bins")
    }
    return events
  }

  /// Whether errors come from pair sums with nuisance parameters at ±1: not those of replicas.
  func needsVariedPairs(_ replicas: ReplicaOptions) -> Bool {
    space.nuisanceCount > 0 && replicas.note == nil
  }

  /// The information of a table of bins in all parameters of the space.
  /// - Parameter errors: whether its errors count; those of replicas come instead otherwise.
  func binned(
    _ table: BinTable, name: String, errors: Bool = true
  ) throws -> Information.Entry {
    if errors, space.nuisanceCount > 0, !table.hasVariedPairs {
      context.journal.warn(
        "fisher.response",
        "errors take the response of the bins to nuisance parameters for exact: "
          + (bins == nil
            ? "there are too many bins and nuisance parameters, --bootstrap knows better"
            : "the table has no varied_pair_sums (sluice-bins(5))"))
    }
    return try FisherInformation.binned(
      BinnedModel(table, morphing: point.morphing, freeNorms: freeNorms), at: theta,
      space: space, luminosity: luminosity, name: name, journal: context.journal)
  }

  /// The information with all but its matrices.
  func information(
    entries: [Information.Entry], partition: Partition? = nil, note: String? = nil
  ) throws -> Information {
    var information = Information(
      parameterNames: Array(space.names.prefix(space.count)),
      parameterUnits: Array(space.units.prefix(space.count)), isNuisance: space.isNuisance,
      isConstrained: space.isConstrained, theta: space.point(theta), luminosity: luminosity,
      partition: partition ?? bins?.rows ?? .all,
      combination: events?.combination ?? bins?.combination ?? .balance,
      entries: entries)
    if let events {
      let weights = events.crossSections(at: point)
      let statistics = EventStatistics(weights)
      information.crossSection = statistics.crossSection
      information.crossSectionError = statistics.crossSectionError
      information.events = statistics.events
      information.effectiveEvents = statistics.effectiveEvents
      information.negativeFraction = statistics.negativeFraction
      if statistics.negativeFraction > 0 {
        let count = weights.count { $0 < 0 }
        context.journal.warn(
          "fisher.negative",
          "\(count) events of negative weight (\(TextTable.number(statistics.negativeFraction, digits: 3)) of the total) "
            + (space.negative == .clip
              ? "are taken to be 0" : "count with negative information"))
      }
    } else {
      let total = self.total
      information.crossSection = point.crossSection(total).value
      let squares = point.squaredError(total)
      information.crossSectionError = max(0, squares).squareRoot()
      information.events = total.counts[0]
      information.effectiveEvents =
        squares > 0 ? information.crossSection * information.crossSection / squares : 0
      information.negativeFraction = .nan
    }
    if space.handling == .profile {
      information.notes.append(
        "profiled over \(space.nuisanceCount) nuisance parameters"
          + (space.isConstrained ? " with unit Gaussian constraints" : ", unconstrained"))
    }
    if let note { information.notes.append(note) }
    if let order { information.notes.append("order in the couplings: \(order.rawValue)") }
    if let bins, !bins.cuts.isEmpty {
      information.notes.append("cuts: " + bins.cuts.joined(separator: "; "))
    }
    return information
  }
}
