import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// A run of 1,000 events, 2 pb, in every convention of weights; and files that hold all of it, a part, or a selection.
@Suite("Normalisation")
struct NormalisationTests {
  static let sigma = 2.0
  static let run = 1000

  enum Content: String, CaseIterable {
    /// All events; every fourth; every tenth, of which a filter has kept some.
    case complete, part, skim
    var count: Int { self == .complete ? 1000 : self == .part ? 250 : 100 }
  }

  /// n events of one weight, the last `negative` of the other sign.
  static func sums(_ weight: Double, n: Int, negative: Int = 0, process: Int = 1) -> WeightSums {
    var sums = WeightSums()
    for i in 0..<n { sums.add(i < n - negative ? weight : -weight, process: process) }
    return sums
  }
  static func head(_ norm: String?, _ strategy: Int?, _ processes: [Double] = [2]) -> LHEHead {
    let lines = processes.enumerated().map { "\($1) 0.001 1 \($0 + 1)\n" }.joined()
    return LHEHead(
      runCard: norm.map { RunCard(text: "\($0) = event_norm ! x") },
      initBlock: strategy.flatMap {
        InitBlock(text: "1 2 3 4 5 6 7 8 \($0) \(processes.count)\n" + lines)
      })
  }
  static func rule(
    _ head: LHEHead, _ sums: WeightSums, asked: EventNorm? = nil, generated: Int? = nil,
    documents: [LHEHead] = [], isStrict: Bool = true, _ journal: Journal = Journal()
  ) throws -> Normalisation {
    let rule = try Normalisation(
      head: head, documents: documents, sums: sums, asked: asked, generated: generated,
      isStrict: isStrict, file: "f", journal: journal)
    if generated == nil {
      try rule.check(sums: sums, file: "f", journal: journal, isStrict: isStrict)
    }
    return rule
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var norm: String?
    var strategy: Int?
    /// What the generator writes as weight, and what the manual page calls the rule.
    var weight: Double
    var rule: String
    var testDescription: String { "\(norm ?? "-") \(strategy.map { "\($0)" } ?? "-")" }
  }

  /// Every IDWTUP with every event_norm; event_norm comes first.
  static let rows: [Row] = {
    var rows: [Row] = []
    for norm in ["average", "bias", "sum", "unity", nil] {
      for strategy in [-4, -3, -2, -1, 1, 2, 3, 4, nil] as [Int?] {
        switch (norm, strategy.map { abs($0) }) {
        case ("average"?, _), ("bias"?, _):
          rows.append(Row(norm: norm, strategy: strategy, weight: 2, rule: "average"))
        case ("sum"?, _):
          rows.append(Row(norm: norm, strategy: strategy, weight: 0.002, rule: "sum"))
        case ("unity"?, nil): break
        case ("unity"?, _):
          rows.append(Row(norm: norm, strategy: strategy, weight: 1, rule: "XSECUP"))
        case (_, 4?): rows.append(Row(norm: norm, strategy: strategy, weight: 2, rule: "average"))
        case (_, nil): break
        default: rows.append(Row(norm: norm, strategy: strategy, weight: 1, rule: "XSECUP"))
        }
      }
    }
    return rows
  }()

  @Test(
    "the manual's table: IDWTUP, event_norm, and what the file holds", arguments: rows,
    Content.allCases)
  func table(row: Row, content: Content) throws {
    let sums = Self.sums(row.weight, n: content.count)
    let head = Self.head(row.norm, row.strategy)
    let facts = [row.norm.map { "event_norm \($0)" }, row.strategy.map { "IDWTUP \($0)" }]
      .compactMap { $0 }.joined(separator: ", ")
    let journal = Journal()
    let alone = try Self.rule(head, sums, journal)
    #expect(alone.rule == "\(row.rule) (\(facts))")
    let found = alone.scaled(sums).sum
    // One or two roundings.
    func agrees(_ a: Double, _ b: Double) -> Bool { relativeError(a, b) < 1e-13 }
    let isKnown = row.strategy != nil
    switch (content, row.rule) {
    case (.complete, _):
      #expect(agrees(found, 2) && journal.warnings.isEmpty)
    case (.part, "sum"):
      // Weights of a run that add up to its cross section add up to a share of it in a part.
      #expect(agrees(found, 0.5) && journal.warnings.count == (isKnown ? 1 : 0))
      if isKnown {
        #expect(
          journal.warnings[0].text.contains("one part of a split run, give --event-norm unity"))
        let scaled = try Self.rule(head, sums, asked: .unity)
        #expect(agrees(scaled.scaled(sums).sum, 2))
      }
    case (.part, _):
      #expect(agrees(found, 2) && journal.warnings.isEmpty)
    case (.skim, "sum"):
      // The sum over what is left is the cross section after the filter, whatever was thrown away.
      #expect(agrees(found, 0.2) && journal.warnings.count == (isKnown ? 1 : 0))
    case (.skim, _):
      // Equal weights do not show that events are missing: --generated must say it.
      #expect(agrees(found, 2))
    }
    if content == .skim {
      let quiet = Journal()
      let told = try Self.rule(head, sums, generated: 1000, quiet)
      #expect(agrees(told.scaled(sums).sum, 0.2) && quiet.warnings.isEmpty)
      #expect(
        told.rule == (row.rule == "sum" ? "sum" : "\(row.rule) over 1000 generated events")
          + " (\(facts))")
    }
  }

  @Test("nobody says what weights mean: as they stand, with a warning; IDWTUP of no meaning too")
  func silence() throws {
    for strategy in [nil, 0, 7] as [Int?] {
      let journal = Journal()
      let sums = Self.sums(0.002, n: 1000)
      let found = try Self.rule(Self.head(nil, strategy), sums, journal)
      #expect(found.factor == 1 && found.rule.hasPrefix("as they stand"))
      #expect(journal.warnings.count == 1)
    }
  }

  @Test(
    "a cross section that generators do not know: zero, negative, ones, lines missing",
    arguments: ["0. 0. 1 1", "-1 -1 1 1", "1 1 1 1", "", "nan 1 1 1", "***** 1 1 1"])
  func unknown(line: String) throws {
    var head = Self.head(nil, 3)
    head.initBlock = InitBlock(text: "1 2 3 4 5 6 7 8 3 1\n\(line)\n")
    #expect(head.initBlock != nil && head.initBlock?.crossSection == nil)
    let sums = Self.sums(1, n: 100)
    for norm in [nil, EventNorm.unity] {
      let problem = #expect(throws: Problem.self) { try Self.rule(head, sums, asked: norm) }
      #expect(problem?.kind == .data && problem?.remedy?.contains("--event-norm") == true)
      // Without a setup the weights are there as they stand.
      let journal = Journal()
      let lenient = try Self.rule(head, sums, asked: norm, isStrict: false, journal)
      #expect(lenient.factor == 1 && journal.warnings.count == 1)
    }
    head.initBlock?.weightStrategy = -2
    #expect(throws: Problem.self) { try Self.rule(head, sums) }
    head.initBlock?.weightStrategy = 1
    #expect(try Self.rule(head, sums).rule == "average (IDWTUP 1)")
    let average = try Self.rule(head, sums, asked: .average)
    #expect(average.factor == 0.01)
  }

  @Test("unit weights of both signs add up to XSECUP")
  func signs() throws {
    let sums = Self.sums(1, n: 1000, negative: 200)
    let found = try Self.rule(Self.head(nil, -3, [3]), sums)
    #expect(relativeError(found.scaled(sums).sum, 3) < 1e-14)
    #expect(sums.negative == 200 && sums.sumAbsolute == 1000)
    // (0.6)² of the number.
    #expect(abs(sums.effectiveCount - 360) < 1e-9)
    // What a filter has left tells the mean weight of the run only roughly.
    let journal = Journal()
    let skim = Self.sums(1, n: 100, negative: 20)
    let some = try Self.rule(Self.head(nil, -3, [3]), skim, generated: 1000, journal)
    #expect(relativeError(some.scaled(skim).sum, 0.3) < 1e-13)
    #expect(journal.warnings.count == 1)
  }

  @Test(
    "processes: with IDWTUP 1 and 2 each has its own XSECUP, with 3 and 4 their mixture is the generator's"
  )
  func processes() throws {
    var sums = WeightSums()
    // 300 events of process 1, which has 3 pb, and 100 of process 2, which has 1 pb; weights of one sort each.
    for i in 0..<400 { sums.add(i % 4 == 3 ? 0.5 : 20, process: i % 4 == 3 ? 2 : 1) }
    func sigmas(_ strategy: Int) throws -> [Double] {
      let rule = try Self.rule(Self.head(nil, strategy, [3, 1]), sums)
      return zip(sums.parts, rule.factors).map { $0.sum * $1 }
    }
    for strategy in [1, -1, 2, -2] {
      let own = try sigmas(strategy)
      #expect(relativeError(own[0], 3) < 1e-14 && relativeError(own[1], 1) < 1e-14)
    }
    let mixed = try sigmas(3)
    #expect(relativeError(mixed[0] + mixed[1], 4) < 1e-14)
    #expect(relativeError(mixed[0] / mixed[1], 300 * 20 / 50) < 1e-13)
    let rule = try Self.rule(Self.head(nil, -2, [3, 1]), sums)
    #expect(rule.rule == "XSECUP of each process (IDWTUP -2)")
    #expect(relativeError(rule.scaled(sums).sum, 4) < 1e-14)
    // Without XSECUP: IDWTUP 1 has weights in pb, whose mean in each process is its cross section.
    var head = Self.head(nil, 1, [-1, -1])
    let mean = try Self.rule(head, sums)
    #expect(mean.rule == "average of each process (IDWTUP 1)")
    #expect(relativeError(mean.scaled(sums).sum, 20.5) < 1e-14)
    // One number does not say how many events of each process there were.
    let problem = #expect(throws: Problem.self) {
      try Self.rule(Self.head(nil, 2, [3, 1]), sums, generated: 1000)
    }
    #expect(problem?.kind == .usage)
    // A process that <init> does not have.
    head = Self.head(nil, 2, [3, 1])
    sums.add(1, process: 9)
    let stranger = #expect(throws: Problem.self) { try Self.rule(head, sums) }
    #expect(stranger?.fact.hasPrefix("process 9 of the events is not in <init>") == true)
  }

  @Test(
    "trials: the sum of weights over the sum of trials, also of a part; a selection needs their number"
  )
  func trials() throws {
    var sums = WeightSums()
    for _ in 0..<100 { sums.add(5, trials: 4) }
    let found = try Self.rule(Self.head(nil, 3, [-1]), sums)
    #expect(found.factor == 1 / 400.0 && found.rule == "sum over trials (IDWTUP 3)")
    let some = try Self.rule(Self.head(nil, 3, [-1]), sums, generated: 4000)
    #expect(some.factor == 1 / 4000.0)
    #expect(some.rule == "sum over trials, 4000 generated (IDWTUP 3)")
  }

  @Test("what the file says about its selection counts as --generated does")
  func selected() throws {
    var sums = Self.sums(2, n: 10)
    sums.selected = .init(events: 1000)
    #expect(
      try Self.rule(Self.head("average", -4), sums, generated: nil, isStrict: false).factor == 1e-3)
    #expect(try Self.rule(Self.head("average", -4), sums, generated: 500).factor == 2e-3)
    sums = Self.sums(0.002, n: 10)
    sums.selected = .init(events: 250, shareOfRun: 0.25)
    #expect(try Self.rule(Self.head("sum", -4), sums, isStrict: false).factor == 4)
    sums = Self.sums(1, n: 10)
    sums.selected = .init(events: 250, weight: 125)
    #expect(try Self.rule(Self.head(nil, 3), sums, isStrict: false).factor == 2 / 125.0)
  }

  @Test("the user's word comes first")
  func asked() throws {
    let sums = Self.sums(2, n: 100)
    let asked = try Self.rule(Self.head("sum", -4), sums, asked: .average)
    #expect(asked.factor == 0.01)
    #expect(asked.rule == "average (--event-norm average, IDWTUP -4)")
  }

  @Test(
    "a factor near the number of events is an error, a smaller difference and any without a setup a warning"
  )
  func contradiction() throws {
    for (norm, weight, remedy) in [("sum", 2.0, "average"), ("average", 0.02, "sum")] {
      let head = Self.head(norm, -4)
      let sums = Self.sums(weight, n: 100)
      let problem = #expect(throws: Problem.self) { try Self.rule(head, sums) }
      #expect(problem?.kind == .data)
      #expect(problem?.remedy?.contains("--event-norm \(remedy)") == true)
      let journal = Journal()
      _ = try Self.rule(head, sums, isStrict: false, journal)
      #expect(journal.warnings.count == 1)
    }
    // Ten parts of 10 events: a tenth of the cross section is not taken for a factor near 10.
    let parts = Journal()
    _ = try Self.rule(Self.head("sum", -4), Self.sums(0.02, n: 10), parts)
    #expect(parts.warnings.count == 1)
    let journal = Journal()
    _ = try Self.rule(Self.head("average", -4, [2.5]), Self.sums(2, n: 10_000), journal)
    #expect(journal.warnings.count == 1)
  }

  @Test("documents of one file: each by its own head, their mean by events")
  func documents() throws {
    let heads = [Self.head(nil, 3, [2]), Self.head(nil, 3, [3])]
    var sums = WeightSums()
    for i in 0..<400 { sums.add(1, process: 1, document: i < 100 ? 0 : 1) }
    let rule = try Self.rule(heads[0], sums, documents: heads)
    // (100·2 + 300·3)/400
    #expect(relativeError(rule.scaled(sums).sum, 2.75) < 1e-14)
    #expect(relativeError(rule.declared?.value ?? 0, 2.75) < 1e-14)
    #expect(rule.rule == "XSECUP (IDWTUP 3); mean of 2 documents")
    let problem = #expect(throws: Problem.self) {
      try Self.rule(heads[0], sums, generated: 5, documents: heads)
    }
    #expect(problem?.kind == .usage)
    // Weights that add up: twice the number of events must not be twice the cross section.
    let sum = [Self.head("sum", -4), Self.head("sum", -4)]
    var weights = WeightSums()
    for i in 0..<400 {
      weights.add(i < 100 ? 0.02 : 2 / 300.0, process: 1, document: i < 100 ? 0 : 1)
    }
    let both = try Self.rule(sum[0], weights, documents: sum)
    #expect(relativeError(both.scaled(weights).sum, 2) < 1e-12)
  }
}
