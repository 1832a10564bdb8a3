import Diagnostics
import EventModel

/// Several tables of one kind as one: parts of a whole put together again, or wholes appended.
///
/// Parts stand in the order of their numbers, everything else in the order of the inputs. Columns are matched by name and
/// laid out as in the first input. Nothing is weighed anew: weights are in pb per sample, and it is the sample table that
/// says how samples combine. Constant memory, but for 16 bytes an event to find events that are there twice.
public final class TableMerge {
  /// What is known before the rows; the document is completed at the end.
  public private(set) var header: Header
  private let groups: [TableGroup]
  private let mappings: [ColumnMapping]
  private var samples: MergedSamples?
  private var identities = EventIdentities()
  private let journal: Journal
  private let idIndex: Int?

  /// Throws `.data` naming what differs, in which file.
  public init(_ sources: [any Source], allowMissing: Bool = false, journal: Journal) throws {
    guard let first = sources.first else { throw Problem(.usage, "there is nothing to merge") }
    self.journal = journal
    let kind = first.header.kind
    guard [.events, .sample, .estimates].contains(kind) else {
      throw Problem(
        .data, "files of kind \(kind.rawValue) are not merged: they have no rows",
        remedy: Self.remedies[kind], file: first.name)
    }
    for source in sources where source.header.kind != kind {
      throw Problem(
        .data,
        "this is of kind \(source.header.kind.rawValue), and \(first.name) of kind \(kind.rawValue)",
        remedy: "merge files of one kind", file: source.name)
    }
    groups = try TableGroup.groups(sources, allowMissing: allowMissing, journal: journal)
    let reference = groups[0]
    header = reference.header
    header.provenance = []
    if groups.count > 1 {
      for group in groups.dropFirst() {
        try TableAgreement(reference, group).check()
      }
    }
    if kind == .events, groups.count > 1 {
      header.fields = ColumnMapping.fields(of: groups)
      samples = try MergedSamples(groups, fields: &header.fields, journal: journal)
      LHEH5Layout.merge(
        groups.dropFirst().map { ($0.name, $0.header.document) }, into: &header.document)
    }
    if let least = groups.compactMap({ $0.header.document.real(Self.leastEvents) }).min() {
      header.document.set(Self.leastEvents, least)
    }
    // Those of all points together cannot be told from those of each sample.
    if groups.count > 1, header.document[SampleInfo.effectiveQuantilesPath] != nil {
      header.document[SampleInfo.effectiveQuantilesPath] = nil
    }
    let fields = header.fields
    mappings = try groups.map { try ColumnMapping($0, to: reference, fields: fields, journal) }
    idIndex = kind == .events ? header.index(of: EventFields.eventID) : nil
    if let samples { samples.describe(in: &header.document, final: false) }
    describeParts()
  }

  /// The smallest effective number of events behind any theta of a sample: of several, the smallest of theirs.
  static let leastEvents = "sample/minimum_effective_events"

  private static let remedies: [Kind: String] = [
    .setup: "write one analysis.yaml, and make its setup with morph setup",
    .model: "merge models with models only",
    .information: "add information with fisher sum",
    .limits: "compute the limits from the merged events",
  ]

  /// Marks of what was salvaged and of what is missing.
  private func describeParts() {
    var salvaged: [String] = []
    for group in groups {
      if let names = group.header.document.texts(StreamConvention.salvaged) {
        salvaged += names
      } else if group.header.document[StreamConvention.salvaged] != nil {
        salvaged.append(group.name)
      }
    }
    if groups.count == 1 {
      groups[0].part?.write(to: &header.document)
      return
    }
    header.document[StreamConvention.salvaged] = nil
    if !salvaged.isEmpty { header.document.set(StreamConvention.salvaged, salvaged) }
    let incomplete = groups.compactMap { group in
      group.part.map { "\(group.name): \($0.description)" }
    }
    if !incomplete.isEmpty { header.document.set("sluice/incomplete", incomplete) }
  }

  /// Reads all inputs to their end and finishes the sink, which must accept a document at the end.
  public func write(to sink: any Sink) throws {
    var firstRows: [UInt64: String] = [:]
    for (g, group) in groups.enumerated() {
      var row = 0
      for source in group.sources {
        identities.begin(source.name)
        while let batch = try source.next() {
          var mapped = mappings[g].apply(batch)
          try samples?.complete(&mapped, original: batch, group: g, row: row)
          if row == 0, header.kind == .sample, batch.count > 0 {
            try refuseSameStart(batch, group, &firstRows)
          }
          if let idIndex { identities.add(mapped.columns[idIndex].integers) }
          try sink.write(mapped)
          row += batch.count
          journal.progress("rows of \(source.name)", row)
        }
      }
    }
    try identities.check()
    var document = header.document
    samples?.describe(in: &document, final: true)
    samples?.warn(journal)
    try sink.finish(document: document, rewriting: nil)
  }

  /// Two samples that begin with the same row were drawn with one seed.
  private func refuseSameStart(
    _ batch: Batch, _ group: TableGroup, _ seen: inout [UInt64: String]
  ) throws {
    var hash = XXH64()
    for (column, field) in zip(batch.columns, group.header.fields) {
      column.rows(from: 0, count: 1, width: field.width).withBytes { hash.update($0) }
    }
    if let other = seen.updateValue(group.name, forKey: hash.value) {
      throw Problem(
        .data, "this begins with the same row as \(other)",
        remedy: "draw the samples with different seeds, or as shards of one job", file: group.name)
    }
  }
}

/// Event ids that came so far, to find the ones that came twice.
struct EventIdentities {
  private var names: [String] = []
  private var ids: [[Int64]] = []

  mutating func begin(_ name: String) {
    names.append(name)
    ids.append([])
  }
  mutating func add(_ more: [Int64]) { ids[ids.count - 1].append(contentsOf: more) }

  func check() throws {
    var all = ids.flatMap { $0 }
    all.sort()
    var twice = 0
    var example: Int64?
    for i in all.indices.dropFirst() where all[i] == all[i - 1] {
      twice += 1
      example = example ?? all[i]
    }
    guard let example else { return }
    let files = names.indices.filter { ids[$0].contains(example) }.map { names[$0] }
    let places =
      files.count == 1 ? "more than once in it" : "in \(files.joined(separator: " and in "))"
    throw Problem(
      .data, "\(twice) event\(twice == 1 ? " is" : "s are") \(places)",
      remedy: "give every event once", file: files.last)
  }
}
