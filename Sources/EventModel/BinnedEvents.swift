import Diagnostics

/// Events reduced to a table of bins: the content of a file of kind `bins`, which stands for the events wherever only
/// binned quantities are needed.
public struct BinnedEvents: Sendable {
  public var setup: Setup
  public var samples: [SampleRecord]
  public var combination: Combination
  /// The point whose closest benchmark counts; empty unless combined by `closest`.
  public var closestTo: [Double]
  public var table: BinTable
  /// Expressions of the observables, applied after those of the setup.
  public var cuts: [String]
  public var efficiencies: [String]
  /// The sums without rounding, in the order of `BinTable.values`; of parts of a job only, so that they add up to the same
  /// bits as one job.
  public var exact: [ExactSum]?
  /// Which part of a job this is; nil is the whole.
  public var part: TablePart?
  /// The rows that were binned, and how the parts of the events are made.
  public var rows = Partition.all
  public var partition = PartitionDefinition()
  /// Content digest of the events; empty where it is not known.
  public var eventsDigest = ""

  public init(
    setup: Setup, samples: [SampleRecord], combination: Combination, closestTo: [Double] = [],
    table: BinTable, cuts: [String] = [], efficiencies: [String] = [], exact: [ExactSum]? = nil,
    part: TablePart? = nil
  ) {
    self.setup = setup
    self.samples = samples
    self.combination = combination
    self.closestTo = closestTo
    self.table = table
    self.cuts = cuts
    self.efficiencies = efficiencies
    self.exact = exact
    self.part = part
  }

  public var document: Document {
    var d = setup.document()
    SampleTable.write(samples, to: &d)
    table.write(to: &d, at: "bins")
    d.set("bins/combination", combination.rawValue)
    if !closestTo.isEmpty { d.set("bins/closest_to", closestTo) }
    d.set("bins/cuts", cuts)
    d.set("bins/efficiencies", efficiencies)
    if let exact { d.set("bins/exact", exact.map(\.text)) }
    d.set("bins/part", rows.rawValue)
    partition.write(to: &d, at: "bins/partition")
    if !eventsDigest.isEmpty { d.set("bins/events_digest", eventsDigest) }
    part?.write(to: &d)
    return d
  }

  public init(document d: Document) throws {
    let setup = try Setup(document: d)
    guard let table = try BinTable.read(d, at: "bins") else {
      throw Problem(.data, "there is no table of bins", remedy: "make one with fisher bins")
    }
    let names = setup.benchmarks.prefix(setup.morphing?.benchmarkCount ?? 0).map(\.name)
    guard table.benchmarkNames == names else {
      throw Problem(
        .data, "the benchmarks of the bins are not those of the morphing basis",
        remedy: "make the table again with fisher bins", place: "dataset bins/benchmarks")
    }
    self.init(
      setup: setup, samples: try SampleTable.read(d) ?? [],
      combination: d.text("bins/combination").flatMap(Combination.init) ?? .balance,
      closestTo: d.reals("bins/closest_to") ?? [], table: table, cuts: d.texts("bins/cuts") ?? [],
      efficiencies: d.texts("bins/efficiencies") ?? [], part: try TablePart.read(d))
    if let text = d.text("bins/part") {
      guard let known = Partition(rawValue: text) else {
        throw Problem(
          .data, "'\(text)' is no part of events",
          remedy: "it is one of " + Partition.allCases.map(\.rawValue).joined(separator: ", "),
          place: "dataset bins/part")
      }
      rows = known
    }
    partition = PartitionDefinition(d, at: "bins/partition")
    eventsDigest = d.text("bins/events_digest") ?? ""
    if let texts = d.texts("bins/exact") {
      let sums = texts.compactMap { ExactSum(text: $0) }
      guard sums.count == table.values.count else {
        throw Problem(.data, "the exact sums are not whole", place: "dataset bins/exact")
      }
      exact = sums
    }
  }

  /// Whether another table has the same bins of the same analysis under the same selection; else the problem what differs.
  func requireAgreement(_ other: BinnedEvents, file: String, first: String) throws {
    func differ(_ what: String) -> Problem {
      Problem(
        .data, "the \(what) differ from those of \(first)",
        remedy: "make both tables with the same options of the same analysis", file: file)
    }
    guard other.setup.parameterNames == setup.parameterNames else { throw differ("parameters") }
    guard other.setup.morphing == setup.morphing, other.setup.benchmarks == setup.benchmarks else {
      throw differ("benchmarks")
    }
    guard other.table.axes == table.axes else { throw differ("bins") }
    guard other.table.nuisances == table.nuisances else { throw differ("nuisance parameters") }
    guard other.cuts == cuts, other.efficiencies == efficiencies else {
      throw differ("cuts or efficiencies")
    }
    guard other.rows == rows, rows == .all || other.partition == partition else {
      throw differ("parts of the events (--partition)")
    }
    guard other.combination == combination, other.closestTo == closestTo else {
      throw differ("rules of combination")
    }
  }
}

extension BinTable {
  /// All sums of all processes, one after the other: sums, pair sums, up, down, varied pair sums.
  public var values: [Double] {
    get {
      let parts = processes.isEmpty ? [self] : processes.map(\.table)
      return parts.flatMap { $0.sums + $0.pairSums + $0.up + $0.down + $0.variedPairSums }
    }
    set {
      var rest = newValue[...]
      func take(_ count: Int) -> [Double] {
        let head = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return head
      }
      func fill(_ table: inout BinTable) {
        table.sums = take(table.sums.count)
        table.pairSums = take(table.pairSums.count)
        table.up = take(table.up.count)
        table.down = take(table.down.count)
        table.variedPairSums = take(table.variedPairSums.count)
      }
      precondition(newValue.count == values.count)
      guard !processes.isEmpty else { return fill(&self) }
      var parts = processes
      for p in parts.indices { fill(&parts[p].table) }
      self = BinTable(processes: parts)
    }
  }
}
