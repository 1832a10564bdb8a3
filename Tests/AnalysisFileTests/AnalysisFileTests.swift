import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import AnalysisFile

@Suite struct AnalysisFileTests {
  static let full = """
    name: wh
    parameters:
      cHW: {block: SMEFT, id: 7, range: [-1, 1], unit: TeV^-2}
      cHq3:
        block: SMEFT
        id: 25
        range: [-.3, 3e-1]
        max-power: 1
        transform: theta / 2
    max-overall-power: 2
    benchmarks:
      w: {cHq3: 0.3, cHW: 1}     # not in the order of the parameters
      sm: {cHW: 0, cHq3: 0}
    reference: sm
    basis: {complete: false, trials: 7, seed: 3}
    observables:
      pt_l: l[0].pt
      m_jj:
        expression: (j[0] + j[1]).m
        on-undefined: 0
        unit: GeV
      a: {expression: 'a[0].pt', on-undefined: reject}
      b: {expression: 'b[0].pt', on-undefined: error}
      default: {leptons: 1, charges: false}
    cuts:
      - len(j) >= 2
      - pt_l > 20
    efficiencies: [0.9]
    samples:
      - {file: a.lhe.gz, benchmark: sm}
      - {file: ../b.lhe, background: true, process: tt, k-factor: 1.2, observables: b.tsv}
      - file: c.lhe
    """

  @Test func readsEverything() throws {
    let analysis = try Analysis(Self.full)
    let setup = analysis.setup
    #expect(setup.name == "wh")
    #expect(
      setup.parameters == [
        Parameter(name: "cHW", lhaBlock: "SMEFT", lhaID: 7, range: -1...1, unit: "TeV^-2"),
        Parameter(
          name: "cHq3", lhaBlock: "SMEFT", lhaID: 25, range: -0.3...0.3, maxPower: 1,
          transform: "theta / 2"),
      ])
    // In parameter order, whatever the order in the mapping.
    #expect(
      setup.benchmarks == [
        Benchmark(name: "w", values: [1, 0.3]), Benchmark(name: "sm", values: [0, 0]),
      ])
    #expect(setup.referenceBenchmark == 1)
    #expect(analysis.basis.maxOverallPower == 2)
    #expect(!analysis.basis.complete && analysis.basis.trials == 7 && analysis.basis.seed == 3)
    #expect(setup.observables.map(\.name) == ["pt_l", "m_jj", "a", "b"])
    #expect(setup.observables[1].onUndefined == .value(0))
    #expect(setup.observables[1].unit == "GeV")
    #expect(setup.observables[2].onUndefined == .reject)
    #expect(setup.observables[3].onUndefined == .error)
    var set = Analysis.DefaultSet()
    set.leptons = 1
    set.charges = false
    #expect(analysis.defaultSet == set)
    #expect(setup.cuts == ["len(j) >= 2", "pt_l > 20"])
    #expect(setup.efficiencies == ["0.9"])
    #expect(
      setup.samples == [
        SetupSample(file: "a.lhe.gz", benchmark: "sm"),
        SetupSample(
          file: "../b.lhe", isBackground: true, process: "tt", kFactor: 1.2, observables: "b.tsv"),
        SetupSample(file: "c.lhe"),
      ])
    // The setup file holds them.
    #expect(try Setup(document: setup.document()).samples == setup.samples)
  }

  @Test func defaultObservables() throws {
    let analysis = try Analysis(
      "parameters: {x: {block: A, id: 1, range: [0, 1]}}\nobservables: default\n")
    #expect(analysis.defaultSet == Analysis.DefaultSet())
    #expect(analysis.setup.name == "analysis")
    #expect(analysis.setup.benchmarks.isEmpty)
  }

  /// Problems of expressions know only their column; the file and the line come from here.
  @Test func locatesExpressionProblems() throws {
    let analysis = try Analysis(Self.full, file: "a.yaml")
    let problem = analysis.located(Problem(.data, "x", place: "observable m_jj, column 7"))
    #expect(problem.line == "a.yaml: line 18, observable m_jj, column 7: x")
    #expect(
      analysis.located(Problem(.data, "x", place: "cut 2, column 1")).place
        == "line 27, cut 2, column 1")
    #expect(analysis.located(Problem(.data, "x", place: "elsewhere")).place == "elsewhere")
  }

  /// The files of the W+H example: the same parameters and benchmarks, and the names other parts rely on.
  @Test func examples() throws {
    func read(_ name: String) throws -> Analysis {
      let text = run("cat", [Place.root + "/Examples/wh/" + name])
      return try Analysis(bytes: text.output, file: name)
    }
    let (analysis, truth) = (try read("analysis.yaml"), try read("truth.yaml"))
    #expect(analysis.setup.parameters == truth.setup.parameters)
    #expect(analysis.setup.parameterNames == ["cHW", "cHq3"])
    #expect(analysis.setup.parameters.map(\.lhaID) == [7, 25])
    #expect(analysis.setup.benchmarks == truth.setup.benchmarks)
    #expect(
      analysis.setup.benchmarks.map(\.name) == [
        "sm", "chw_pos", "chw_neg", "chq3_pos", "chq3_neg", "chw_pos_chq3_pos",
      ])
    #expect(analysis.setup.benchmarks[5].values == [1, 0.3])
    #expect(analysis.basis.maxOverallPower == 2)
    let names = analysis.setup.observables.map(\.name)
    for name in ["pt_l", "pt_v", "pt_w", "mt_w", "m_bb"] { #expect(names.contains(name)) }
    #expect(truth.setup.observables.count == 7)
    #expect(analysis.setup.cuts.isEmpty && analysis.setup.efficiencies.isEmpty)
  }

  static let parameters = "parameters: {cHW: {block: SMEFT, id: 7, range: [-1, 1]}}\n"

  /// Text, the place and a part of the line that must be said.
  static let bad: [(text: String, place: String?, says: String)] = [
    ("", nil, "the file is empty"),
    ("# only a comment\n", nil, "the file is empty"),
    ("just words", "line 1, column 1", "not a mapping"),
    ("- a\n- b\n", "line 1, column 1", "not a mapping"),
    ("a: [1, 2\n", "line 2, column 1", "expected ',' or ']'"),
    ("a: 'x\n", "line 2, column 1", "unexpected end"),
    ("parameters:\n\tcHW: 1\n", "line 2, column 1", "a tab in the indentation"),
    ("a: &x [1]\nb: *x\n", "line 1, column 4", "anchors and aliases"),
    (
      "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "line 1, column 4", "anchors and aliases"
    ),
    (String(repeating: "[", count: 300), "line 1, column 201", "nested more than"),
    (String(repeating: "- ", count: 300) + "a", "line 1, column 600", "nested more than"),
    ("name: wh\n", "line 1", "there are no parameters"),
    ("parameters: {}\n", "line 1, column 13", "there are no parameters"),
    ("parameters: [a]\n", "line 1, column 13", "'parameters' is a list, not a mapping"),
    ("parameters:\n", nil, "not a mapping"),
    (parameters + "benchmark: {}\n", "line 2, column 1", "did you mean 'benchmarks'"),
    (parameters + "wobble: 1\n", "line 2, column 1", "unknown key 'wobble'; known are name"),
    (parameters + "samples: {}\n", "line 2, column 10", "not a list"),
    (parameters + "samples: [{benchmark: sm}]\n", "line 2, column 11", "has no 'file'"),
    (parameters + "samples: [{file: a}, {file: a}]\n", "line 2, column 22", "there twice"),
    (
      parameters + "samples: [{file: a, benchmark: sm, background: true}]\n", "line 2, column 32",
      "drawn from no benchmark"
    ),
    (parameters + "samples: [{file: a, k-factor: 0}]\n", "line 2, column 31", "not positive"),
    (
      parameters + "samples: [{file: a}, {file: b, k-factor: 2}]\n", "line 2, column 22",
      "different k-factors"
    ),
    (parameters + "samples: [{file: a, weight: 2}]\n", "line 2, column 21", "unknown key 'weight'"),
    (parameters + parameters, "line 1, column 1", "'parameters' stands twice"),
    (
      "parameters:\n  x: {block: A, id: 1, range: [0, 1]}\n  x: {block: A, id: 2, range: [0, 1]}\n",
      "line 2, column 3", "'x' stands twice"
    ),
    ("parameters:\n  x: {block: A, range: [0, 1]}\n", "line 2, column 3", "'x' has no 'id'"),
    ("parameters:\n  x: {id: 1, range: [0, 1]}\n", "line 2, column 3", "'x' has no 'block'"),
    ("parameters:\n  x: {block: A, id: 1}\n", "line 2, column 3", "'x' has no 'range'"),
    (
      "parameters:\n  x: {block: A, id: one, range: [0, 1]}\n", "line 2, column 21",
      "'id' is 'one', not a whole number"
    ),
    (
      "parameters:\n  x: {block: A, id: 1, range: [1, 0]}\n", "line 2, column 31",
      "not two rising numbers"
    ),
    (
      "parameters:\n  x: {block: A, id: 1, range: [0, .inf]}\n", "line 2, column 35",
      "not a finite number"
    ),
    (
      "parameters:\n  x: {block: A, id: 1, range: [0, 1], power: 2}\n", "line 2, column 39",
      "unknown key 'power'"
    ),
    (
      "parameters:\n  c-HW: {block: A, id: 1, range: [0, 1]}\n", "line 2, column 3",
      "'c-HW' cannot be the name of a parameter"
    ),
    (
      "parameters:\n  x: {block: A, id: 1, range: [0, 1], max-power: -1}\n", "line 2, column 50",
      "'max-power' is -1, outside 0 to 20"
    ),
    (
      parameters + "benchmarks:\n  sm: {cHw: 0}\n", "line 3, column 8",
      "unknown parameter 'cHw'; did you mean 'cHW'"
    ),
    (parameters + "benchmarks:\n  sm: {}\n", "line 3, column 7", "has no value for cHW"),
    (parameters + "benchmarks:\n  sm: {cHW: }\n", "line 3, column 13", "'cHW' has no value"),
    (
      parameters + "benchmarks:\n  sm: {cHW: [1]}\n", "line 3, column 13",
      "'cHW' is a list, not a single value"
    ),
    (parameters + "benchmarks:\n  sm: {cHW: .nan}\n", "line 3, column 13", "not a finite number"),
    (
      parameters + "benchmarks:\n  'a b': {cHW: 0}\n", "line 3, column 10",
      "cannot be the name of a benchmark"
    ),
    (
      parameters + "benchmarks:\n  a: {cHW: 0}\n  b: {cHW: 0}\n", "line 4, column 6",
      "'a' and 'b' are the same point"
    ),
    (
      parameters + "benchmarks: {sm: {cHW: 0}}\nreference: smm\n", "line 3, column 12",
      "no benchmark 'smm'; did you mean 'sm'"
    ),
    (
      parameters + "observables:\n  pt l: l[0].pt\n", "line 3, column 3",
      "'pt l' cannot be the name of an observable"
    ),
    (parameters + "observables:\n  pt:\n", nil, "'pt' has no value"),
    (
      parameters + "observables:\n  pt: {expression: 'l[0].pt', required: true}\n",
      "line 3, column 31", "unknown key 'required'"
    ),
    (
      parameters + "observables:\n  pt: {expression: l[0].pt}\n", "line 3, column 21",
      "inside { } and [ ] quote expressions"
    ),
    (
      parameters + "observables:\n  pt: {expression: x, on-undefined: maybe}\n",
      "line 3, column 37", "'maybe' is not a rule"
    ),
    (
      parameters + "observables:\n  pt: {on-undefined: 0}\n", "line 3, column 3",
      "'pt' has no 'expression'"
    ),
    (parameters + "cuts: len(j) > 1\n", "line 2, column 7", "not a list"),
    (parameters + "max-overall-power: 2.5\n", "line 2, column 20", "not a whole number"),
    (parameters + "basis: {complete: maybe}\n", "line 2, column 19", "not true or false"),
    (parameters + "---\nname: x\n", "line 2, column 1", "another document"),
    (
      parameters + "? [a]\n: 1\n", "line 2, column 3", "a key must be a plain text"
    ),
  ]

  @Test(arguments: bad.indices) func badInput(index: Int) throws {
    let (text, place, says) = Self.bad[index]
    let problem = try #require(throws: Problem.self) { try Analysis(text, file: "a.yaml") }
    #expect(problem.kind == .data)
    #expect(problem.file == "a.yaml")
    if let place { #expect(problem.place == place, "\(problem.line)") }
    #expect(problem.line.contains(says), "\(problem.line)")
    #expect(!problem.line.contains("\n"))
  }

  @Test func bytesMustBeText() throws {
    let problem = try #require(throws: Problem.self) {
      try Analysis(bytes: [0x89, 0x48, 0x44, 0x46, 0xff], file: "setup.h5")
    }
    #expect(problem.line == "setup.h5: not a text file (UTF-8); give an analysis.yaml")
    #expect(throws: Problem.self) { try Analysis(bytes: [0, 1, 2], file: "x") }
  }
}
