import Diagnostics
import EventModel

/// The outcome of reading: the sample table and how each file ended.
public struct ReadingResult: Sendable {
  public var records: [SampleRecord] = []
  /// Factor that turns rows into pb, k-factor included; until then the rows' column `sample` counts these, since the
  /// processes of one sample may need factors of their own. `sampleOfFactor` says what sample each is of.
  var factors: [Double] = []
  var sampleOfFactor: [Int64] = []
  var salvaged: [String] = []
}

extension SampleSet {
  /// Reads all samples in order and finishes the sink, which must accept deferred changes: weights are in pb only once a
  /// file's events are counted.
  ///
  /// The setup written is the one given, with `observables` as they were evaluated.
  public func read(into sink: any Sink, select: EventSelection) throws -> [SampleRecord] {
    var result = ReadingResult()
    let rows = RowBuffer(layout)
    var contents = ContentSamples()
    for (index, sample) in samples.enumerated() {
      let reading = SampleReading(
        self, sample, index: index, firstFactor: result.factors.count)
      do {
        try reading.read(rows, sink, select)
        if samples.count > 1 {
          try contents.add(reading.content, of: sample.reader.name, journal: journal)
        }
        try reading.conclude(&result)
      } catch let problem as Problem {
        throw problem.inFile(sample.reader.name)
      }
    }
    guard result.records.contains(where: { $0.eventsKept > 0 }) else {
      throw Problem(
        .data, "no event passes the cuts", remedy: "loosen the cuts of the setup",
        file: samples.map(\.reader.name).joined(separator: ", "))
    }
    try rows.flush(to: sink)
    try solveVariations(result.factors, sink)
    for (i, sentence) in SampleTable.disagreements(result.records).enumerated() {
      journal.warn("same process \(i)", sentence)
    }
    let (factors, sampleOfFactor) = (result.factors, result.sampleOfFactor)
    var clipped = ClippedRatios(finalSetup)
    try sink.finish(document: document(records: result.records, salvaged: result.salvaged)) {
      rows.scale(&$0, by: factors)
      rows.name(&$0, sampleOfFactor)
      clipped.add($0.columns[1].doubles)
    }
    clipped.report(journal)
    return result.records
  }
}

/// One sample on its way into the table.
private final class SampleReading {
  private let set: SampleSet
  private let sample: SampleSet.Sample
  private let index: Int
  private let firstFactor: Int
  private let reader: LHEReader
  private let table: ObservableTable?
  // Checks of overlapping access cost more than the access in the loop over events; nothing here calls back.
  @exclusivity(unchecked) private var sums = WeightSums()
  @exclusivity(unchecked) private var kept = 0
  /// Slot of each benchmark's weight; −1 is XWGTUP, −2 the weight 0.
  private var slots: [Int] = []
  private var extraSlots: [Int] = []
  private let variations: VariationReader
  private var attributeSlots: [Int] = []
  private var missingExtra = 0
  /// Weights beyond those of benchmarks that are NaN or infinite in the file.
  private var nonFiniteExtra = 0
  private var record: ParticleRecord?
  /// Which events there are, for samples beside others.
  @exclusivity(unchecked) private(set) var content = ContentSample()
  /// Σ XWGTUP, against the sampling benchmark's own weight.
  @exclusivity(unchecked) private var sumEventWeights = 0.0

  init(_ set: SampleSet, _ sample: SampleSet.Sample, index: Int, firstFactor: Int) {
    self.firstFactor = firstFactor
    self.set = set
    self.sample = sample
    self.index = index
    reader = sample.reader
    variations = VariationReader(set.variations.columns.sources[index], sample.reader)
    table = set.tables.isEmpty ? nil : set.tables[index]
    slots = (sample.weights?.origins ?? []).map { origin in
      switch origin {
      case .id(let id): reader.want(id)
      case .event(let id): reader.want(id)
      }
    }
    extraSlots = set.extraIDs.map { reader.want($0, asItIs: true) }
    attributeSlots = set.layout.attributes.map { reader.wantAttribute($0) }
    record = set.layout.blockIDs.map { ParticleRecord(reader, ids: $0) }
  }

  func read(_ rows: RowBuffer, _ sink: any Sink, _ select: EventSelection) throws {
    if set.options.threads > 1 { try reader.startThread() }
    var event = ParticleEvent()
    let isSignal = sample.weights != nil
    let sampling = sample.weights?.samplingBenchmark ?? 0
    let label = Int64(sample.weights?.samplingBenchmark ?? -1)
    let count = set.setup.benchmarks.count
    let reference = set.setup.referenceBenchmark
    var weights = [Double](repeating: 0, count: count)
    let isOneOfSeveral = set.samples.count > 1
    while try reader.next(into: &event) {
      let number = reader.eventCount
      if number == 1 { resolveSamplingWeight() }
      if number & 0xFFF == 0 { set.journal.progress("events of \(reader.name)", number) }
      if isSignal {
        for b in 0..<count { weights[b] = try weight(slots[b], event) }
      } else {
        for b in 0..<count { weights[b] = event.weight }
      }
      let own = weights.isEmpty ? event.weight : weights[sampling]
      let part = sums.add(
        own, process: event.processID, document: reader.documents.count - 1,
        trials: reader.ownTrials)
      sumEventWeights += event.weight
      let key = event.contentKey
      if isOneOfSeveral { content.add(key) }
      if let table {
        guard let values = table.row(ofEvent: number) else { continue }
        set.tableRow = Array(values)
      }
      let efficiency: Double?
      do {
        efficiency = try select(event, number, Int64(bitPattern: key), &rows.observations)
      } catch var problem as Problem {
        problem.place = reader.placeWithLine
        throw problem
      }
      guard let efficiency else { continue }
      kept += 1
      for b in 0..<count { rows.weights.append(weights[b] * efficiency) }
      try variations.append(
        eventWeight: event.weight,
        reference: reference < count ? weights[reference] * efficiency : 0,
        to: &rows.weights)
      for slot in extraSlots { rows.weightsByID.append(extra(slot) * efficiency) }
      if !set.hasSetup {
        rows.nominal.append(event.weight * efficiency)
        rows.processes.append(Int64(event.processID))
        for slot in attributeSlots { rows.attributes.append(reader.attributeValue(slot)) }
      }
      record?.append(event, of: reader, to: rows)
      let id = EventIdentity.id(sampleKey: reader.sampleKey, index: number - 1)
      rows.append(samplingBenchmark: label, sample: firstFactor + part, id: id)
      if rows.isFull { try rows.flush(to: sink) }
    }
  }

  /// An undeclared weight of the sampling benchmark is used if the first event has it.
  private func resolveSamplingWeight() {
    guard let weights = sample.weights else { return }
    for (b, origin) in weights.origins.enumerated() {
      if case .event = origin, reader.weight(slots[b]) == nil { slots[b] = -1 }
    }
    standAlone(weights.samplingBenchmark)
  }

  /// Where nothing joins the benchmarks (mass hypotheses, signal and background), a file without any weight of the others
  /// stands for its own alone: its events weigh 0 at them, which have samples of their own.
  private func standAlone(_ own: Int) {
    guard set.setup.morphing == nil, set.setup.finiteDifferences == nil, slots.count > 1 else {
      return
    }
    let others = slots.indices.filter { $0 != own }
    let declared = Set(reader.head.weights.map(\.id))
    guard
      others.allSatisfy({
        slots[$0] >= 0 && reader.weight(slots[$0]) == nil
          && !declared.contains(reader.knownIDs[slots[$0]])
      })
    else { return }
    for b in others { slots[b] = -2 }
    set.journal.note(
      "\(reader.name): no weight of another benchmark; its events have the weight 0 there")
  }

  @inline(__always)
  private func weight(_ slot: Int, _ event: borrowing ParticleEvent) throws -> Double {
    if slot < 0 { return slot == -1 ? event.weight : 0 }
    if let value = reader.weight(slot) { return value }
    throw missing(slot)
  }

  private func missing(_ slot: Int) -> Problem {
    let id = reader.knownIDs[slot]
    let declared = reader.head.weights.map(\.id)
    let has = declared.isEmpty ? reader.currentIDs : declared
    let shown = has.prefix(20).joined(separator: ", ") + (has.count > 20 ? ", …" : "")
    let list =
      has.isEmpty
      ? "it has none"
      : "\(declared.isEmpty ? "the event has" : "the file declares") \(shown)"
    return Problem(
      .data, "the weight with id '\(id)' is missing; \(list)",
      remedy: "reweight the sample again, or correct the benchmark's name", file: reader.name,
      place: reader.placeWithLine)
  }

  private func extra(_ slot: Int) -> Double {
    guard let value = reader.weight(slot) else {
      missingExtra += 1
      return .nan
    }
    if !value.isFinite { nonFiniteExtra += 1 }
    return value
  }

  /// Normalisation, checks and the sample's record.
  func conclude(_ result: inout ReadingResult) throws {
    let name = reader.name
    let journal = set.journal
    guard sums.count > 0 else {
      throw Problem(.data, "there is no event in the file", remedy: "make the sample again")
    }
    sums.selected = reader.selection?.selected(reader.head)
    // Weights without a setup serve whoever knows what they mean.
    let isStrict = set.hasSetup
    var rule = try Normalisation(
      head: reader.head, documents: reader.documents, sums: sums, asked: set.options.eventNorm,
      generated: set.options.generatedEvents, isStrict: isStrict, file: name, journal: journal)
    if let problem = reader.salvaged {
      result.salvaged.append(name)
      journal.warn(
        "salvaged \(name)",
        "\(problem.line): only the \(sums.count) whole events before it are kept")
      rule.rule += "; salvaged"
    } else if set.options.generatedEvents == nil && sums.selected == nil {
      try rule.check(sums: sums, file: name, journal: journal, isStrict: isStrict)
    }
    try table?.finish(
      events: sums.count, of: name, isCut: reader.salvaged != nil, journal: journal)
    checkSamplingWeight()
    noteMissing()
    let k = set.options.kFactors.factor(of: sample.process)
    let declared = rule.declared
    result.factors += rule.factors.map { $0 * k }
    result.sampleOfFactor += rule.factors.map { _ in Int64(index) }
    let own = rule.scaled(sums)
    let record = SampleRecord(
      file: name, key: reader.sampleKey, process: sample.process,
      samplingBenchmark: sample.weights?.samplingBenchmark ?? -1, eventsRead: sums.count,
      eventsKept: kept, sumAbsoluteWeights: own.sumAbsolute, sumWeights: own.sum,
      sumSquaredWeights: own.sumSquares, kFactor: k,
      normalisation: rule.rule, declaredCrossSection: declared?.value ?? .nan,
      declaredError: declared?.error ?? .nan, weightDigits: reader.weightDigits,
      negativeWeights: sums.negative, weightFactor: rule.factor * k)
    result.records.append(record)
    journal.note(
      "\(name): \(record.eventsRead) events, \(kept) kept, "
        + "\(Normalisation.text(record.sumWeights)) pb, \(rule.rule)"
        + (sums.negative > 0
          ? ", \(sums.negative) of negative weight, \(Int(own.effectiveCount.rounded())) effective events"
          : ""))
  }

  private func noteMissing() {
    let journal = set.journal
    let name = reader.name
    if let dropped = record?.droppedScales, !dropped.isEmpty {
      journal.warn(
        "scales \(name)",
        "\(name): tables of particles keep muf and mur of <scales>; dropped: \(dropped.prefix(8).joined(separator: ", "))\(dropped.count > 8 ? ", …" : "")"
      )
    }
    let nonFinite = nonFiniteExtra + (record?.nonFinite ?? 0)
    if nonFinite > 0 {
      journal.warn(
        "not finite \(name)",
        "\(name): \(nonFinite) values of weights beyond benchmarks are NaN or infinite in the file, and stay so"
      )
    }
    let missing = missingExtra + (record?.missing ?? 0)
    if missing > 0 {
      journal.note("\(name): \(missing) values of weights beyond benchmarks are missing (NaN)")
    }
    // Only where every id was asked for can one be left out.
    guard !set.hasSetup || set.options.extraWeights == .all,
      (set.options.extraWeights ?? .all) == .all
    else { return }
    let known = Set(
      set.layout.weightIDs + (set.layout.blockIDs ?? [])
        + slots.filter { $0 >= 0 }.map { reader.knownIDs[$0] })
    let late = reader.knownIDs.filter { !known.contains($0) }
    guard !late.isEmpty else { return }
    journal.warn(
      "late weights \(name)",
      "\(name): \(late.count) weight ids that the head does not declare come after the first event and have no column: \(late.prefix(5).joined(separator: ", "))\(late.count > 5 ? ", …" : "")"
    )
  }

  /// The sampling benchmark's own weight must be the weight the events were drawn with.
  private func checkSamplingWeight() {
    guard let weights = sample.weights, slots[weights.samplingBenchmark] >= 0 else { return }
    guard abs(sums.sum - sumEventWeights) > 0.01 * abs(sumEventWeights) else { return }
    let benchmark = set.setup.benchmarks[weights.samplingBenchmark].name
    set.journal.warn(
      "sampling weight \(reader.name)",
      "\(reader.name): the weights at its sampling benchmark \(benchmark) add up to \(Normalisation.text(sums.sum / sumEventWeights)) times XWGTUP; are the events really drawn from \(benchmark)?"
    )
  }
}
