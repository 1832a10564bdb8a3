import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

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

  @Test("several weights at one point: the one of the benchmark's name, else next-to-leading order")
  func decorated() throws {
    let nlo = Self.head {
      $0.replacing(
        "<weight id='rwgt_2'>set param_card smeft 7 1.0 # orig: 0.0\n</weight>",
        by: ["_nlo", "_lo", "_tree"].map {
          "<weight id='rwgt_2\($0)'>set param_card smeft 7 1.0\n</weight>"
        }.joined(separator: "\n"))
    }
    #expect(try Self.match(nlo, 0).origins[1] == .id("rwgt_2_nlo"))
    let named = Self.head {
      $0.replacing(
        "</initrwgt>",
        by: "<weight id='Plus_lo'>set param_card smeft 7 1.0</weight>\n</initrwgt>")
    }
    #expect(try Self.match(named, 0).origins[1] == .id("Plus_lo"))
    #expect(try Self.match(named, 0).mapping(smallSetup()) == ["plus from Plus_lo"])
  }

  @Test("weights whose texts say nothing: by id, in another case or with what versions add")
  func byName() throws {
    var head = LHEHead(
      weights: ["sm", "rwgt_PLUS_nlo"].map { WeightDeclaration(id: $0, text: "") })
    head.undeclaredWeights = ["both_lo", "both_nlo"]
    let weights = try Self.match(head, 0)
    #expect(weights.origins == [.id("sm"), .id("rwgt_PLUS_nlo"), .id("both_nlo")])
    head.undeclaredWeights = ["both_x"]
    #expect(try Self.match(head, 0).origins[2] == .id("both"))
    // A name at another point is not taken.
    head = LHEHead(
      weights: [WeightDeclaration(id: "plus_nlo", text: "set param_card smeft 7 0.5")])
    #expect(try Self.match(head, 0).origins[1] == .id("plus"))
  }

  @Test(
    "a group of PDF weights is not matrix-element reweighting; nor is a text that changes the model"
  )
  func ownPoint() throws {
    let pdf = Self.head {
      $0.replacing("mg_reweighting", by: "PDF reweighting")
        .replacing("<weight id='sm'></weight>", by: "<weight id='ct10'> original ct10 </weight>")
        .replacing("<weight id='both'>", by: "<weight id='both_nlo'>change mode NLO\n")
    }
    let weights = try Self.match(pdf, 0)
    #expect(weights.origins == [.event(orID: "sm"), .id("rwgt_2"), .id("both_nlo")])
    let model = Self.head {
      $0.replacing("<weight id='sm'></weight>", by: "<weight id='x'>change model heft</weight>")
    }
    #expect(try Self.match(model, 0).origins[0] == .event(orID: "sm"))
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
