import Diagnostics
import EventModel
import Testing

@Suite struct PriorTests {
  typealias Prior = ThetaSpecification.Prior

  static let setup: Setup = {
    var setup = SpecificationTests.setup
    setup.nuisanceParameters = [
      NuisanceParameter(
        name: "scales_nuisance_param_0", systematic: "scales", benchmarkPositive: "up",
        benchmarkNegative: nil)
    ]
    return setup
  }()

  static func parse(_ text: String) throws -> ThetaSpecification {
    try ThetaSpecification(parsing: [text])
  }

  @Test(arguments: [
    ("log:cHW=1e-3:1", [Prior.logUniform(1e-3, 1), .fixed(0)]),
    (
      "gauss:cHW=0:0.5:-1:2",
      [.gauss(mean: 0, standardDeviation: 0.5, truncation: -1...2), .fixed(0)]
    ),
    (
      "flat:cHW=-1:1,gauss:cHq3=0.1:0.2",
      [.flat(-1, 1), .gauss(mean: 0.1, standardDeviation: 0.2)]
    ),
    ("fixed:cHq3=0.3", [.fixed(0), .fixed(0.3)]),
  ])
  func forms(_ text: String, _ priors: [Prior]) throws {
    #expect(try Self.parse(text).resolvePriors(Self.setup) == priors)
  }

  @Test func correlationsHaveTheirParameters() throws {
    let read = try Self.parse("gauss:cHW=0:0.5,cHq3=0:0.2,cHq3/cHW=-0.3")
    let found = try read.resolveCorrelations(Self.setup)
    #expect(found.count == 1 && found[0] == (0, 1, -0.3) || found[0] == (1, 0, -0.3))
  }

  @Test(arguments: [
    "log:cHW=0:1", "log:cHW=-1:1", "log:cHW=2:1", "gauss:cHW=0:1:2", "gauss:cHW=0:1:2:1",
    "gauss:cHW=0:1:1:1", "gauss:cHW=0:1,cHW/cHq3=0.3", "gauss:cHW=0:1,cHq3=0:1,cHW/cHq3=1",
    "gauss:cHW=0:1,cHq3=0:1,cHW/cHW=0.5", "gauss:cHW=0:1,cHq3=0:1,cHW/cHq3=x",
    "flat:cHW=0:1,cHq3=0:1,cHW/cHq3=0.3", "gauss:cHW=0:1,cHq3=0:1,cHW/cHq3=0.1,cHq3/cHW=0.2",
    "fixed:cHW=0:1", "fixed:", "grid:cHW=0:1", "grid:", "log:cHW=1:2:3",
    "flat:scales=0:1",
  ])
  func badSpellingsAreWrongUsageWithARemedy(_ text: String) {
    let problem = #expect(throws: Problem.self) {
      let read = try Self.parse(text)
      _ = try read.resolvePriors(Self.setup)
      _ = try read.resolvePoints(Self.setup)
    }
    #expect(problem?.kind == .usage && problem?.remedy?.isEmpty == false)
  }

  @Test func aPriorStandsAlone() {
    for texts in [["prior", "sm"], ["flat:cHW=0:1", "flat:cHq3=0:1"]] {
      let problem = #expect(throws: Problem.self) { try ThetaSpecification(parsing: texts) }
      #expect(problem?.kind == .usage)
    }
  }

  @Test func gridsAndPointsMakeOneList() throws {
    let read = try ThetaSpecification(parsing: ["sm", "grid:cHW=0:1:2,cHq3=2:3:2", "cHq3=9"])
    #expect(
      try read.resolvePoints(Self.setup) == [[0, 0], [0, 2], [0, 3], [1, 2], [1, 3], [0, 9]])
  }

  @Test(arguments: [
    "log:cHW=0.001:1.0", "gauss:cHW=0.0:0.5:-1.0:2.0",
    "gauss:cHW=0.0:0.5,cHq3=0.0:0.2,cHW/cHq3=0.3", "grid:cHW=-1.0:1.0:11,cHq3=0.0:1.0:2",
    "fixed:cHW=0.5,log:cHq3=1.0:2.0",
  ])
  func whatIsWrittenIsReadAgain(_ text: String) throws {
    let read = try Self.parse(text)
    #expect(try Self.parse(read.description) == read)
  }

  /// By its own name, or by its systematic; at 0 where it is not named; refused where it plays no part.
  @Test func nuisanceParametersAreCoordinates() throws {
    let setup = Self.setup
    for name in ["scales", "scales_nuisance_param_0"] {
      let point = try PointSpecification(parsing: "cHW=1,\(name)=-2")
      #expect(try point.resolve(setup, nuisance: true) == [1, 0, -2])
      let problem = #expect(throws: Problem.self) { try point.resolve(setup) }
      #expect(problem?.kind == .usage && problem?.fact.contains("nuisance") == true)
    }
    #expect(
      try PointSpecification(parsing: "w").resolve(setup, nuisance: true)
        == [1, 0.3, 0])
    // A benchmark may have them besides, and no parameter of its own again.
    for text in ["w,scales=-2", "w, scales_nuisance_param_0=-2"] {
      let point = try PointSpecification(parsing: text)
      #expect(try point.resolve(setup, nuisance: true) == [1, 0.3, -2])
      #expect(try PointSpecification(parsing: point.description) == point)
      #expect(try Self.parse(text) == .points([point]) && point.names.count == 1)
      let problem = #expect(throws: Problem.self) { try point.resolve(setup) }
      #expect(problem?.fact.contains("keeps at 0") == true)
    }
    for (text, fact) in [
      ("w,cHW=1", "benchmark 'w' has its own value of cHW"), ("w,b=1", "no parameter 'b'"),
      ("v,scales=1", "no benchmark 'v'"),
    ] {
      let problem = #expect(throws: Problem.self) {
        try PointSpecification(parsing: text).resolve(setup, nuisance: true)
      }
      #expect(problem?.kind == .usage && problem?.fact.contains(fact) == true)
    }
    for text in ["w,scales=1,sm", ",scales=1", "w,scales=1,scales=2"] {
      #expect(throws: Problem.self) { try PointSpecification(parsing: text) }
    }
    #expect(
      try Self.parse("prior").resolvePriors(setup, nuisance: true) == [
        .flat(-1, 2), .flat(0, 0.5), .gauss(mean: 0, standardDeviation: 1),
      ])
    #expect(try Self.parse("flat:cHW=0:1,gauss:scales=0:1").names.sorted() == ["cHW", "scales"])
  }
}
