import Diagnostics
import EventModel
import Inference
import TestSupport
import Testing

@Suite struct InformationOperationsTests {
  let information: Information

  init() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let point = try events.point([0.3, -0.2])
    let table = try events.fill("x", edges: [-1, 0, 1.5])
    information = Information(
      parameterNames: ["t0", "t1"], parameterUnits: ["", "TeV^-2"], theta: [0.3, -0.2],
      luminosity: 3e5,
      entries: [
        FisherInformation.binned(table, at: point, luminosity: 3e5, name: "histogram"),
        FisherInformation.binned(events.total, at: point, luminosity: 3e5, name: "rate"),
      ])
  }

  @Test func documentRoundTrip() throws {
    var whole = information
    (whole.crossSection, whole.crossSectionError) = (1, 0.1)
    whole.notes = ["a note"]
    #expect(try Information(document: whole.document) == whole)
    var broken = whole.document
    broken["information/matrices/rate/matrix"] = nil
    #expect(throws: Problem.self) { try Information(document: broken) }
  }

  @Test func projectionReorders() throws {
    let turned = try information.projected(keeping: ["t1", "t0"])
    let a = try #require(information["histogram"])
    let b = try #require(turned["histogram"])
    #expect(b.matrix == [a.matrix[3], a.matrix[2], a.matrix[1], a.matrix[0]])
    #expect(turned.parameterUnits == ["TeV^-2", ""])
    let back = try turned.projected(keeping: ["t0", "t1"])
    #expect(deviation(back["histogram"]?.covariance ?? [], a.covariance ?? [1]) < 1e-15)
  }

  /// P = A − B²/C, and its covariance from derivatives by differences (1e-6 steps, so 1e-5).
  @Test func profilingWithCovariance() throws {
    var single = information
    single.entries = [try #require(information["histogram"])]
    let m = single.entries[0].matrix
    let covariance = try #require(single.entries[0].covariance)
    let profiled = try single.profiled(keeping: ["t0"])
    let expected = m[0] - m[1] * m[1] / m[3]
    #expect(relativeError(profiled.entries[0].matrix[0], expected) < 1e-12)
    let x = m[1] / m[3]
    // ∂P/∂A = 1, ∂P/∂B = −2B/C (two symmetric elements), ∂P/∂C = B²/C².
    let d = [1, -x, -x, x * x]
    var variance = 0.0
    for k in 0..<4 { for l in 0..<4 { variance += d[k] * d[l] * covariance[k * 4 + l] } }
    #expect(relativeError(profiled.entries[0].covariance?[0] ?? 0, variance) < 1e-10)
  }

  /// A parameter that changes nothing takes nothing away when it floats.
  @Test func profilingOverWhatChangesNothing() throws {
    var rate = information
    rate.entries = [Information.Entry(name: "rate", matrix: [4, 0, 0, 0])]
    #expect(try rate.profiled(keeping: ["t0"]).entries[0].matrix == [4])
    // Nor do two that change the same, but for what one of them takes: I of (a, b) with c = b.
    let doubled = Information(
      parameterNames: ["a", "b", "c"], parameterUnits: ["", "", ""], theta: [0, 0, 0],
      luminosity: 1, entries: [.init(name: "x", matrix: [4, 2, 2, 2, 3, 3, 2, 3, 3])])
    let profiled = try doubled.profiled(keeping: ["a"]).entries[0]
    #expect(relativeError(profiled.matrix[0], 4 - 4 / 3.0) < 1e-12)
    let errors = doubled.entries[0].expectedErrors
    #expect(relativeError(errors.free[0], (1 / (4 - 4 / 3.0)).squareRoot()) < 1e-9)
    #expect(errors.free[1] == .infinity && errors.free[2] == .infinity)
  }

  @Test func profilingWhatIsNoInformationNamesIt() throws {
    for matrix in [[4.0, 1, 1, -2], [4, .nan, .nan, 2]] {
      var bad = information
      bad.entries = [Information.Entry(name: "rate", matrix: matrix)]
      let problem = #expect(throws: Problem.self) { try bad.profiled(keeping: ["t0"]) }
      #expect(problem?.kind == .data)
      #expect(problem?.fact.contains("rate") == true)
      #expect(problem?.fact.contains("t1") == true)
    }
  }

  /// The rate has one direction only: where two others float nothing is left.
  @Test func profilingOverTwoParametersOfARate() throws {
    let d = [0.7, -1.3, 2.1]
    let rate = Information(
      parameterNames: ["a", "b", "c"], parameterUnits: ["", "", ""], theta: [0, 0, 0],
      luminosity: 1,
      entries: [.init(name: "rate", matrix: d.flatMap { x in d.map { x * $0 / 0.3 } })])
    #expect(abs(try rate.profiled(keeping: ["a"]).entries[0].matrix[0]) < 1e-12)
    #expect(rate.entries[0].expectedErrors.free == [.infinity, .infinity, .infinity])
  }

  @Test func sumAddsMatricesAndCovariances() throws {
    let sum = try Information.sum([("a", information), ("b", information)])
    let a = try #require(information["histogram"])
    #expect(sum.entries.count == 1)
    #expect(sum.entries[0].matrix == a.matrix.map { 2 * $0 })
    #expect(sum.entries[0].covariance == a.covariance?.map { 2 * $0 })
    let rates = try Information.sum([("a", information), ("b", information)], name: "rate")
    #expect(rates.entries[0].matrix == information["rate"]?.matrix.map { 2 * $0 })
  }

  /// A parameter that one channel does not have changes nothing there; nuisance parameters stand last.
  @Test func sumOfChannelsWithParametersOfTheirOwn() throws {
    let m = try #require(information["histogram"])
    var other = information
    other.parameterNames = ["t0", "cW"]
    other.isNuisance = [true, false]
    var own = information
    own.isNuisance = [true, false]
    let sum = try Information.sum([("a", own), ("b", other)])
    #expect(sum.parameterNames == ["t1", "cW", "t0"] && sum.isNuisance == [false, false, true])
    let s = sum.entries[0]
    let (a, b, c) = (m.matrix[0], m.matrix[1], m.matrix[3])
    #expect(s.matrix == [c, 0, b, 0, c, b, b, b, 2 * a])
    // Var(I_t1t1) is that of one channel, Var(I_t0t0) of both.
    let (errors, one) = (try #require(s.standardDeviations), try #require(m.standardDeviations))
    #expect(relativeError(errors[0], one[3]) < 1e-12 && errors[1] == 0)
    #expect(relativeError(errors[8], 2.0.squareRoot() * one[0]) < 1e-12)
    #expect(s.bias?.count == m.bias.map { _ in 9 })
  }

  @Test func sumRefusesWhatDoesNotFit() throws {
    var other = information
    other.theta = [0, 0]
    #expect(throws: Problem.self) { try Information.sum([("a", information), ("b", other)]) }
    other = information
    other.parameterUnits = ["", "GeV"]
    #expect(throws: Problem.self) { try Information.sum([("a", information), ("b", other)]) }
    #expect(throws: Problem.self) {
      try Information.sum([("a", information)], name: "truth")
    }
  }

  @Test func unknownParameterToKeep() {
    #expect(throws: Problem.self) { try information.projected(keeping: ["cW"]) }
    #expect(throws: Problem.self) { try information.profiled(keeping: []) }
  }
}
