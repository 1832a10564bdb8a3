import Diagnostics
import EventModel
import Testing

@Suite struct SpecificationTests {
  static let setup = Setup(
    parameters: [
      Parameter(name: "cHW", lhaBlock: "x", lhaID: 1, range: -1...2),
      Parameter(name: "cHq3", lhaBlock: "x", lhaID: 2, range: 0...0.5),
    ],
    benchmarks: [
      Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "w", values: [1, 0.3]),
    ])

  @Test(arguments: [
    ("sm", [0.0, 0.0]), ("w", [1, 0.3]), ("cHW=0.3,cHq3=-0.1", [0.3, -0.1]), ("cHq3=2", [0, 2]),
    (" cHW = 1e-3 ", [1e-3, 0]),
  ])
  func points(_ text: String, _ values: [Double]) throws {
    #expect(try PointSpecification(parsing: text).resolve(Self.setup) == values)
  }

  @Test(arguments: [
    "", "nowhere", "cHW=", "cHW=x", "cHW=1,", "cHW=1,cHW=2", "cHb=1", "cHW=nan", "cHW=inf", "=1",
    "cHW=1=2", "cHW=1;cHq3=2",
  ])
  func badPointsAreWrongUsage(_ text: String) {
    let problem = #expect(throws: Problem.self) {
      try PointSpecification(parsing: text).resolve(Self.setup)
    }
    #expect(problem?.kind == .usage)
  }

  @Test func priors() throws {
    func resolve(_ texts: String...) throws -> [ThetaSpecification.Prior]? {
      try ThetaSpecification(parsing: texts).resolvePriors(Self.setup)
    }
    #expect(try resolve("prior") == [.flat(-1, 2), .flat(0, 0.5)])
    #expect(try resolve("flat:cHW=-1:1,cHq3=-.3:.3") == [.flat(-1, 1), .flat(-0.3, 0.3)])
    #expect(try resolve("flat:cHq3=0:1") == [.fixed(0), .flat(0, 1)])
    #expect(
      try resolve("gauss:cHW=0:0.5") == [
        .gauss(mean: 0, standardDeviation: 0.5), .fixed(0),
      ])
    #expect(try resolve("sm", "w") == nil)
  }

  @Test(arguments: [
    "flat:", "flat:cHW", "flat:cHW=1", "flat:cHW=1:0", "flat:cHW=1:1", "flat:cHW=0:1:2",
    "flat:cHW=0:x", "flat:cHb=0:1", "flat:cHW=0:1,cHW=0:1", "gauss:cHW=0:0", "gauss:cHW=0:-1",
    "flat:cHW=0:inf",
  ])
  func badPriorsAreWrongUsage(_ text: String) {
    let problem = #expect(throws: Problem.self) {
      try ThetaSpecification(parsing: [text]).resolvePriors(Self.setup)
    }
    #expect(problem?.kind == .usage)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    for texts in [["prior"], ["flat:cHW=-1.0:1.0"], ["sm", "cHW=0.5"], ["gauss:cHq3=0.0:0.1"]] {
      let read = try ThetaSpecification(parsing: texts)
      #expect(
        try ThetaSpecification(parsing: read.description.split(separator: " ").map(String.init))
          == read)
    }
  }

  @Test func gridsIncludeTheirEndsAndTheLastAxisRunsFastest() throws {
    let axis = try GridAxis(parsing: "cHW=-1:1:41")
    #expect(axis.values.count == 41 && axis.values[0] == -1 && axis.values[40] == 1)
    #expect(abs(axis.values[20]) < 1e-15)
    let points = try GridAxis.points(
      [GridAxis(parsing: "cHq3=0:1:2"), GridAxis(parsing: "cHW=2:4:3")], setup: Self.setup)
    #expect(points == [[2, 0], [3, 0], [4, 0], [2, 1], [3, 1], [4, 1]])
  }

  @Test(arguments: [
    "cHW", "cHW=0:1", "cHW=0:1:1", "cHW=1:0:3", "cHW=0:1:x", "cHW=0:1:2.5", "cHW=0:inf:3",
    "cHW=0:1:3:4", "cHW=0:1:-2",
  ])
  func badAxesAreWrongUsage(_ text: String) {
    let problem = #expect(throws: Problem.self) { try GridAxis(parsing: text) }
    #expect(problem?.kind == .usage)
  }

  @Test func gridsThatCannotBeMeantAreRefused() throws {
    let axis = GridAxis(parameter: "cHW", lower: 0, upper: 1, count: 100_000)
    let other = GridAxis(parameter: "cHq3", lower: 0, upper: 1, count: 100_000)
    for axes in [
      [axis, other], [axis, axis], [GridAxis(parameter: "z", lower: 0, upper: 1, count: 2)],
    ] {
      #expect(throws: Problem.self) { try GridAxis.points(axes, setup: Self.setup) }
    }
  }

  @Test(arguments: [
    ("300/fb", 3e5, "300/fb"), ("3/ab", 3e6, "3000/fb"), ("1.5/pb", 1.5, "0.0015/fb"),
    ("2/nb", 2e-3, "2e-06/fb"), (" 36.1 /fb", 36_100, "36.1/fb"),
  ])
  func luminosities(_ text: String, _ value: Double, _ printed: String) throws {
    let luminosity = try Luminosity(parsing: text)
    #expect(luminosity.inversePicobarn == value)
    #expect(luminosity.description == printed)
  }

  @Test(arguments: ["300", "300 fb", "/fb", "-3/fb", "0/fb", "nan/fb", "inf/fb", "3/mb", "3/fb "])
  func badLuminositiesAreWrongUsage(_ text: String) {
    let problem = #expect(throws: Problem.self) { try Luminosity(parsing: text) }
    #expect(problem?.kind == .usage)
    #expect(problem?.remedy?.contains("300/fb") == true)
  }
}
