import Diagnostics
import EventModel
import Testing

@Suite struct DocumentTests {
  @Test func pathsMakeGroupsAndKeepTheirOrder() {
    var d = Document()
    d.set("b/x", 1)
    d.set("a", "text")
    d.set("b/y", [1.5, 2])
    #expect(d.names == ["b", "a"])
    #expect(d.group("b")?.names == ["x", "y"])
    #expect(d.integer("b/x") == 1 && d.reals("b/y") == [1.5, 2] && d.text("a") == "text")
    d["b/x"] = nil
    #expect(d.group("b")?.names == ["y"])
    #expect(d.integer("b/x") == nil && d.integer("a") == nil && d["a/b"] == nil)
  }

  @Test func numbersAreReadAsOneAnotherOnlyWithoutLoss() {
    var d = Document()
    d.set("whole", [1.0, 2.0])
    d.set("broken", [1.5])
    d.set("huge", [1e300])
    d.set("count", [3, 4])
    #expect(d.integers("whole") == [1, 2])
    #expect(d.integers("broken") == nil && d.integers("huge") == nil)
    #expect(d.reals("count") == [3, 4])
  }

  static let setup = Setup(
    name: "wh",
    parameters: [
      Parameter(name: "a", lhaBlock: "SMEFT", lhaID: 7, range: -1...1, unit: "TeV^-2"),
      Parameter(
        name: "b", lhaBlock: "X", lhaID: 2, range: 0...0.5, maxPower: 4,
        transform: "theta / 1000"),
    ],
    benchmarks: [
      Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "w", values: [1, 0.3]),
    ],
    morphing: MorphingSetup(
      components: [[0, 0], [1, 0]], matrix: [1, 0, -1, 1], benchmarkCount: 2),
    observables: [
      Observable(name: "x", expression: "l[0].pt", onUndefined: .reject, unit: "GeV"),
      Observable(name: "y", expression: "met.pt", onUndefined: .value(-1)),
      Observable(name: "z", expression: "j[0].pt", onUndefined: .error),
    ], cuts: ["x > 1"], efficiencies: ["0.9"],
    nuisanceParameters: [
      NuisanceParameter(
        name: "n", systematic: "scales", benchmarkPositive: "n_up", benchmarkNegative: nil)
    ], nuisanceBenchmarks: ["n_up"], referenceBenchmark: 1)

  @Test func aSetupIsWhatItsDocumentSays() throws {
    #expect(try Setup(document: Self.setup.document()) == Self.setup)
    var bare = Self.setup
    bare.morphing = nil
    bare.observables = []
    bare.cuts = []
    bare.efficiencies = []
    bare.nuisanceParameters = []
    bare.nuisanceBenchmarks = []
    bare.referenceBenchmark = 0
    #expect(try Setup(document: bare.document()) == bare)
  }

  @Test func smearingAndTagsAreKeptAndBrokenOnesRefused() throws {
    var setup = Self.setup
    setup.smearing = Smearing(
      rules: [
        .init(
          particles: try #require(ParticleClass("j")), energy: .width("0.1 * e"), pt: .fromMass,
          eta: "0.1"),
        .init(particles: try #require(ParticleClass("11,13")), pt: .width("1"), phi: "2"),
      ], missing: "ht")
    setup.tags = [
      Tagging(
        name: "b_tag",
        rates: [
          .init(particles: try #require(ParticleClass("b")), probability: "0.7"),
          .init(particles: try #require(ParticleClass("light")), probability: "0.1"),
        ]),
      Tagging(
        name: "tau_tag",
        rates: [.init(particles: try #require(ParticleClass("tau")), probability: "1")]),
    ]
    let document = setup.document()
    #expect(try Setup(document: document) == setup)
    var only = Self.setup
    only.smearing.missing = "5"
    #expect(try Setup(document: only.document()) == only)
    for (path, values) in [
      ("smearing/particles", ["j", "jets"]), ("smearing/eta", ["1"]),
      ("tags/names", ["b_tag", "x_tag", "tau_tag"]), ("tags/probabilities", ["1"]),
    ] {
      var broken = document
      broken.set("sluice/setup/" + path, values)
      let problem = #expect(throws: Problem.self) { try Setup(document: broken) }
      #expect(problem?.place?.contains("sluice/setup/" + path) == true, "\(path)")
    }
  }

  /// MadMiner's own marks: `_` or `None` for no transform, no definitions, integer ranges, 0.4's
  /// columns of powers.
  @Test func setupsOfOtherProgramsAreRead() throws {
    var d = Self.setup.document()
    d["sluice"] = nil
    d.set("parameters/transforms", ["_", "None"])
    d.set("parameters/val_ranges", [-1, 1, 0, 2], shape: [2, 2])
    d.set("parameters/max_power", [1, 2, 0, 4], shape: [2, 2])
    let setup = try Setup(document: d)
    #expect(setup.parameters.map(\.transform) == [nil, nil])
    #expect(setup.parameters.map(\.maxPower) == [2, 4])
    #expect(setup.parameters[1].range == 0...2)
    #expect(setup.observables.map(\.expression) == [nil, nil, nil])
    #expect(setup.observables.map(\.name) == ["x", "y", "z"])
  }

  @Test func brokenSetupsAreRefused() {
    typealias Change = @Sendable (inout Document) -> Void
    let changes: [(String, Change)] = [
      ("no benchmarks", { $0["benchmarks/names"] = nil }),
      ("no values", { $0["benchmarks/values"] = nil }),
      ("few values", { $0.set("benchmarks/values", [1.0]) }),
      ("no ranges", { $0["parameters/val_ranges"] = nil }),
      ("ranges turned", { $0.set("parameters/val_ranges", [1.0, -1, 0, 1]) }),
      ("ranges NaN", { $0.set("parameters/val_ranges", [.nan, 1, 0, 1]) }),
      ("ids", { $0.set("parameters/lha_ids", [1]) }),
      ("powers", { $0.set("parameters/max_power", [1, 2, 3]) }),
      ("nuisance flags", { $0.set("benchmarks/is_nuisance", [0]) }),
      ("order", { $0.set("benchmarks/is_nuisance", [1, 0, 0]) }),
      ("components", { $0.set("morphing/components", [1, 2, 3]) }),
      ("exponent", { $0.set("morphing/components", [0, 0, -1, 0], shape: [2, 2]) }),
      (
        "matrix wide",
        { $0.set("morphing/morphing_matrix", [Double](repeating: 1, count: 8), shape: [2, 4]) }
      ),
      ("matrix NaN", { $0.set("morphing/morphing_matrix", [.nan, 0, 0, 1], shape: [2, 2]) }),
    ]
    for (name, change) in changes {
      var d = Self.setup.document()
      change(&d)
      let problem = #expect(throws: Problem.self, "\(name)") { try Setup(document: d) }
      #expect(problem?.kind == .data)
    }
  }

  @Test func samplesAndModelsAreWhatTheirDocumentsSay() throws {
    let info = SampleInfo(
      method: "ratio", theta0: "prior", theta1: "sm", theta1Values: [0, 0],
      benchmarkTotals: [1, 2], part: .test, combination: .average, minimumEffectiveEvents: 12.5,
      eventsDigest: "ab", setup: Self.setup)
    #expect(try SampleInfo(document: info.document) == info)
    #expect(throws: Problem.self) { try SampleInfo(document: Self.setup.document()) }
    let model = Model(
      target: .ratio, method: "alices", observableNames: ["x"], parameterNames: ["a", "b"],
      referenceTheta: [0, 0], thetaRange: [[-1, 1], [0, 1]], xMeans: [1], xScales: [2],
      thetaMeans: [0, 0], thetaScales: [1, 1], scoreScales: [1, 1], layerWidths: [3, 2, 1],
      activation: "tanh", parameters: (0..<11).map(Double.init), precision: "float64",
      trainingLoss: [2, 1], validationLoss: [2, 1.5], bestEpoch: 1,
      settings: [("epochs", "2")], sample: info, sampleDigest: "cd")
    #expect(try Model(document: model.document) == model)
    for path in [
      "model/target", "model/method", "model/network/parameters", "model/scaling/x_means",
      "model/network/layer_widths", "model/history/best_epoch", "model/sample_digest",
    ] {
      var d = model.document
      d[path] = nil
      let problem = #expect(throws: Problem.self, "\(path)") { try Model(document: d) }
      #expect(problem?.kind == .data)
    }
    let changes: [(String, [Double])] = [
      ("model/network/parameters", [1]), ("model/scaling/x_scales", []),
      ("model/reference_theta", [0]), ("model/network/layer_widths", [2, 2, 1]),
      ("model/network/layer_widths", [3, -2, 1]), ("model/network/layer_widths", [3]),
    ]
    for (path, values) in changes {
      var d = model.document
      d.set(path, values)
      #expect(throws: Problem.self, "\(path)") { try Model(document: d) }
    }
  }

  @Test func theSampleTableIsKeptAndABrokenOneRefused() throws {
    let samples = [
      SampleRecord(
        file: "a.lhe", key: .max, process: "p", samplingBenchmark: 0, eventsRead: 3,
        eventsKept: 2, sumAbsoluteWeights: 1, sumWeights: 0.5, sumSquaredWeights: 0.25,
        kFactor: 1.2, normalisation: "average", declaredCrossSection: 1, declaredError: 0.1,
        weightDigits: 8),
      SampleRecord(file: "b.lhe", samplingBenchmark: -1),
    ]
    var d = Document()
    SampleTable.write(samples, to: &d)
    let read = try #require(try SampleTable.read(d))
    #expect(read[0] == samples[0])
    #expect(read[1].isBackground && read[1].declaredCrossSection.isNaN)
    #expect(try SampleTable.read(Document()) == nil)
    d.set("sluice/samples/key", ["xyz", "1"])
    #expect(throws: Problem.self) { try SampleTable.read(d) }
    SampleTable.write(samples, to: &d)
    d.set("sluice/samples/k_factor", [1.0])
    #expect(throws: Problem.self) { try SampleTable.read(d) }
  }
}
