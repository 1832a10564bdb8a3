import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

@Suite("Normalisation")
struct NormalisationTests {
  /// n weights of `weight` each, with `negative` of them of the other sign.
  static func sums(_ weight: Double, n: Int, negative: Int = 0) -> WeightSums {
    var sums = WeightSums()
    sums.count = n
    sums.sum = weight * Double(n - 2 * negative)
    sums.sumAbsolute = weight * Double(n)
    sums.sumSquares = weight * weight * Double(n)
    return sums
  }
  static func head(_ norm: String?, _ strategy: Int, _ sigma: Double) -> LHEHead {
    LHEHead(
      runCard: norm.map { RunCard(text: "\($0) = event_norm ! x") },
      initBlock: InitBlock(text: "1 2 3 4 5 6 7 8 \(strategy) 1\n\(sigma) 0.001 1 1\n"))
  }

  /// What the file says, the factor and the rule; 100 events, the cross section 2 pb.
  @Test(
    "rules",
    arguments: [
      ("average", -4, 2.0, 0.01, "average (event_norm average, IDWTUP -4)"),
      ("bias", -4, 2.0, 0.01, "average (event_norm bias, IDWTUP -4)"),
      ("sum", -4, 0.02, 1.0, "sum (event_norm sum, IDWTUP -4)"),
      ("unity", 3, 1.0, 0.02, "XSECUP (event_norm unity, IDWTUP 3)"),
      (nil, -4, 2.0, 0.01, "average (IDWTUP -4)"),
      (nil, 4, 2.0, 0.01, "average (IDWTUP 4)"),
      (nil, 3, 1.0, 0.02, "XSECUP (IDWTUP 3)"),
      (nil, -3, 0.02, 1.0, "XSECUP (IDWTUP -3)"),
    ] as [(String?, Int, Double, Double, String)])
  func rules(norm: String?, strategy: Int, weight: Double, factor: Double, rule: String) throws {
    let journal = Journal()
    let head = Self.head(norm, strategy, 2)
    let sums = Self.sums(weight, n: 100)
    let found = try Normalisation(head: head, sums: sums, file: "f", journal: journal)
    #expect(relativeError(found.factor, factor) < 1e-14)
    #expect(found.rule == rule)
    try found.check(head: head, sums: sums, file: "f", journal: journal)
    #expect(journal.warnings.isEmpty)
  }

  @Test("unit weights of both signs add up to XSECUP")
  func signs() throws {
    let sums = Self.sums(1, n: 1000, negative: 200)
    let found = try Normalisation(
      head: Self.head(nil, -3, 3), sums: sums, file: "f", journal: Journal())
    #expect(relativeError(found.factor * sums.sum, 3) < 1e-14)
  }

  @Test("trials, events generated and the user's word")
  func overrides() throws {
    var sums = Self.sums(5, n: 100)
    sums.trials = 400
    let journal = Journal()
    let trials = try Normalisation(
      head: Self.head(nil, 3, 1), sums: sums, file: "f", journal: journal)
    #expect(trials.factor == 1 / 400.0)
    let generated = try Normalisation(
      head: Self.head("average", -4, 2), sums: Self.sums(2, n: 10), generated: 1000, file: "f",
      journal: journal)
    #expect(generated.factor == 1e-3)
    let asked = try Normalisation(
      head: Self.head("sum", -4, 2), sums: Self.sums(2, n: 100), asked: .average, file: "f",
      journal: journal)
    #expect(asked.factor == 0.01)
    #expect(asked.rule == "average (--event-norm average, IDWTUP -4)")
  }

  @Test("a factor near the number of events is an error, a smaller difference a warning")
  func contradiction() throws {
    for (norm, weight, remedy) in [("sum", 2.0, "average"), ("average", 0.02, "sum")] {
      let head = Self.head(norm, -4, 2)
      let sums = Self.sums(weight, n: 100)
      let found = try Normalisation(head: head, sums: sums, file: "f", journal: Journal())
      let problem = #expect(throws: Problem.self) {
        try found.check(head: head, sums: sums, file: "f", journal: Journal())
      }
      #expect(problem?.kind == .data)
      #expect(problem?.remedy?.contains("--event-norm \(remedy)") == true)
    }
    let journal = Journal()
    let head = Self.head("average", -4, 2.5)
    let sums = Self.sums(2, n: 10_000)
    let found = try Normalisation(head: head, sums: sums, file: "f", journal: journal)
    try found.check(head: head, sums: sums, file: "f", journal: journal)
    #expect(journal.warnings.count == 1)
  }

  @Test("a cross section that is not known checks nothing; unit weights need it")
  func unknown() throws {
    let journal = Journal()
    let head = Self.head("average", -4, -1)
    let sums = Self.sums(2, n: 100)
    let found = try Normalisation(head: head, sums: sums, file: "f", journal: journal)
    try found.check(head: head, sums: sums, file: "f", journal: journal)
    #expect(journal.warnings.isEmpty)
    #expect(throws: Problem.self) {
      try Normalisation(head: Self.head("unity", 3, -1), sums: sums, file: "f", journal: journal)
    }
    let silent = try Normalisation(
      head: LHEHead(), sums: sums, file: "f", journal: journal)
    #expect(silent.factor == 1 && journal.warnings.count == 1)
  }
}

@Suite("Benchmark weights")
struct BenchmarkWeightsTests {
  static func head(_ change: (String) -> String = { $0 }) -> LHEHead {
    LHEHead(text: change(SmallFile.goodHead))
  }
  static func match(_ head: LHEHead, _ sampling: Int?, setup: Setup = smallSetup()) throws
    -> BenchmarkWeights
  { try BenchmarkWeights(setup: setup, head: head, sampling: sampling, file: "f") }
  static func fact(_ head: LHEHead, _ sampling: Int?, setup: Setup = smallSetup()) -> String {
    do {
      _ = try match(head, sampling, setup: setup)
      return ""
    } catch { return (error as? Problem)?.line ?? "" }
  }

  @Test("by id, by values, and the sampling benchmark by the card")
  func found() throws {
    let weights = try Self.match(Self.head(), nil)
    #expect(weights.samplingBenchmark == 0)
    #expect(weights.origins == [.id("sm"), .id("rwgt_2"), .id("both")])
    #expect(weights.mapping(smallSetup()) == ["plus from rwgt_2"])
    // The card's own point has no weight: the event's own weight is it.
    let bare = try Self.match(Self.head { $0.replacing("<weight id='sm'></weight>\n", by: "") }, 0)
    #expect(bare.origins[0] == .event(orID: "sm"))
    // An empty text means the card's point, whatever the id.
    let empty = try Self.match(Self.head { $0.replacing("id='sm'", by: "id='rwgt_1'") }, 0)
    #expect(empty.origins[0] == .id("rwgt_1"))
  }

  @Test("the card of another benchmark: texts are differences to it")
  func differences() throws {
    let head = Self.head {
      $0.replacing("7 0.000000e+00", by: "7 1.000000e+00")
        .replacing(
          "<weight id='sm'></weight>", by: "<weight id='x'>set param_card smeft 7 0.0</weight>"
        )
        .replacing("<weight id='rwgt_2'>set param_card smeft 7 1.0", by: "<weight id='rwgt_2'>")
    }
    let weights = try Self.match(head, nil)
    #expect(weights.samplingBenchmark == 1)
    #expect(weights.origins == [.id("x"), .id("rwgt_2"), .id("both")])
  }

  @Test("contradictions are errors that name both points")
  func contradictions() {
    #expect(
      Self.fact(Self.head(), 1).contains(
        "the parameter card is at cHW=0.0,cHq3=0.0, but benchmark plus is at cHW=1.0,cHq3=0.0; "
          + "read it as --sample sm:FILE"))
    #expect(
      Self.fact(
        Self.head {
          $0.replacing(
            "id='rwgt_2'>set param_card smeft 7 1.0", by: "id='plus'>set param_card smeft 7 0.9")
        }, 0
      )
      .contains("weight 'plus' is at cHW=0.9,cHq3=0.0, but benchmark plus is at cHW=1.0,cHq3=0.0"))
    #expect(
      Self.fact(
        Self.head {
          $0.replacing(
            "</initrwgt>", by: "<weight id='again'>set param_card smeft 7 1</weight></initrwgt>")
        }, 0
      )
      .contains("weights rwgt_2, again are all at benchmark plus"))
    #expect(
      Self.fact(Self.head { $0.replacing("id='rwgt_2'", by: "id='sm'") }, 0)
        .contains("weight id 'sm' is declared 2 times"))
    #expect(
      Self.fact(Self.head { $0.replacing("7 0.000000e+00", by: "7 5.000000e-01") }, nil)
        .contains("drawn at cHW=0.5,cHq3=0.0, where the setup has no benchmark"))
    #expect(
      Self.fact(Self.head { $0.replacing("BLOCK SMEFT", by: "BLOCK OTHER") }, nil)
        .contains("does not say which point"))
  }

  @Test("values agree within the rounding of the card; a mass changed too is another point")
  func tolerance() throws {
    var setup = smallSetup()
    setup.benchmarks[1].values[0] = -0.1773075022369992
    let rounded = Self.head {
      $0.replacing("7 0.000000e+00", by: "7 -1.773075e-01")
        .replacing(
          "<weight id='sm'></weight>", by: "<weight id='sm'>set param_card smeft 7 0</weight>"
        )
        .replacing("7 1.0 # orig", by: "7 -0.1773075022369992 # orig")
        .replacing(
          "<weight id='both'>set param_card smeft 7 -0.1773075022369992",
          by: "<weight id='both'>set param_card smeft 7 1.0")
    }
    #expect(try Self.match(rounded, nil, setup: setup).samplingBenchmark == 1)
    setup.benchmarks[1].values[0] = -0.17731
    #expect(Self.fact(rounded, nil, setup: setup).contains("no benchmark"))
    let mass = Self.head {
      $0.replacing(
        "7 1.0 # orig: 0.0\n</weight>", by: "7 1.0\nset param_card mass 6 175\n</weight>")
    }
    #expect(try Self.match(mass, 0).origins[1] == .id("plus"))
  }

  @Test("a transformed parameter is not compared: the card holds other numbers")
  func transform() throws {
    var setup = smallSetup()
    setup.parameters[0].transform = "16.0*theta"
    #expect(try Self.match(Self.head(), 1, setup: setup).samplingBenchmark == 1)
  }
}

@Suite("What the command line names")
struct SampleInputTests {
  @Test("samples, backgrounds, k-factors, weights")
  func forms() throws {
    #expect(
      try SampleInput(parsingSample: "wh/sm:a:b.lhe")
        == SampleInput(process: "wh", role: .benchmark("sm"), file: "a:b.lhe"))
    #expect(
      try SampleInput(parsingBackground: "-") == SampleInput(role: .background, file: "-"))
    #expect(
      try SampleInput(parsingBackground: "bb:x/y.lhe")
        == SampleInput(process: "bb", role: .background, file: "x/y.lhe"))
    let k = try KFactors(parsing: ["1.1", "wh=1.3"])
    #expect(k.factor(of: "wh") == 1.3 && k.factor(of: "other") == 1.1)
    #expect(try ExtraWeights(parsing: "1,2") == .ids(["1", "2"]))
    for text in ["sm", ":x", "sm:", "/sm:x", "p/:x"] {
      let problem = #expect(throws: Problem.self) { try SampleInput(parsingSample: text) }
      #expect(problem?.kind == .usage && problem?.remedy != nil)
    }
    for text in ["x", "p=0", "p=-1", "p=nan"] {
      #expect(throws: Problem.self) { try KFactors(parsing: [text]) }
    }
    #expect(throws: Problem.self) { try ExtraWeights(parsing: "a,,b") }
  }
}
