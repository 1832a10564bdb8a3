import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import Observables

@Suite struct SelectionTests {
  /// An event with electrons of these pT.
  static func electrons(_ pt: Double...) -> ParticleEvent {
    EventText.event(pt.map { EventText.particle(11, $0, 0, 0, $0) })
  }

  static func judge(
    _ selection: Selection, _ event: ParticleEvent
  ) throws -> (Verdict, [Double]) {
    var row: [Double] = []
    let verdict = try EventProcessor(selection).process(event, number: 7, id: 0, into: &row)
    return (verdict, row)
  }

  @Test func cutsAndEfficienciesSeeColumns() throws {
    let selection = try Selection(
      observables: [
        Observable(name: "pt_1", expression: "e[0].pt"),
        Observable(name: "pt_2", expression: "e[1].pt", onUndefined: .value(0)),
        Observable(name: "twice", expression: "2 * pt_1"),
      ], cuts: ["pt_1 > 20", "pt_2 < 15"], efficiencies: ["0.5", "0.5 if twice > 100 else 1"])
    #expect(try Self.judge(selection, Self.electrons(30)) == (.kept(efficiency: 0.5), [30, 0, 60]))
    #expect(
      try Self.judge(selection, Self.electrons(60, 30)) == (.rejectedByCut(1), []))
    #expect(
      try Self.judge(selection, Self.electrons(60, 10)) == (.kept(efficiency: 0.25), [60, 10, 120]))
    #expect(try Self.judge(selection, Self.electrons(10)) == (.rejectedByCut(0), []))
    // An undefined cut rejects: nothing is known about the event.
    #expect(try Self.judge(selection, Self.electrons()) == (.rejectedByCut(0), []))
    #expect(selection.observables.map(\.unit) == ["GeV", "GeV", "GeV"])
  }

  @Test func undefinedObservables() throws {
    func selection(_ rule: OnUndefined, cuts: [String] = []) throws -> Selection {
      try Selection(
        observables: [Observable(name: "x", expression: "e[1].pt", onUndefined: rule)], cuts: cuts)
    }
    let one = Self.electrons(30)
    #expect(try Self.judge(selection(.reject), one) == (.rejectedByObservable(0), []))
    #expect(try Self.judge(selection(.value(-1)), one) == (.kept(efficiency: 1), [-1]))
    let (verdict, row) = try Self.judge(selection(.value(.nan)), one)
    #expect(verdict == .kept(efficiency: 1) && row.count == 1 && row[0].isNaN)
    let problem = try #require(throws: Problem.self) { try Self.judge(selection(.error), one) }
    #expect(
      problem.line
        == "event 7: observable 'x' is undefined; cut such events away, or set on-undefined to reject or a number"
    )
    // The cut comes first: no error in events that are not wanted anyway.
    #expect(
      try Self.judge(selection(.error, cuts: ["len(e) > 1"]), one) == (.rejectedByCut(0), []))
  }

  @Test(arguments: ["-0.5", "1 / 0", "e[4].pt", "exp(1000)"]) func badEfficiency(text: String)
    throws
  {
    let selection = try Selection(observables: [], efficiencies: [text])
    let problem = try #require(throws: Problem.self) {
      try Self.judge(selection, Self.electrons(1))
    }
    #expect(problem.place == "event 7" && problem.fact.contains("efficiency 1 is"))
  }

  @Test func zeroEfficiencyRejects() throws {
    let selection = try Selection(observables: [], efficiencies: ["1", "0"])
    #expect(try Self.judge(selection, Self.electrons(1)) == (.rejectedByEfficiency(1), []))
  }

  @Test func reportsAddUp() throws {
    let selection = try Selection(
      observables: [
        Observable(name: "x", expression: "e[1].pt"),
        Observable(name: "y", expression: "e[2].pt", onUndefined: .reject),
      ], cuts: ["len(e) > 0", "e[0].pt > 10"], efficiencies: ["float(e[0].pt < 50)"])
    let processors = [EventProcessor(selection), EventProcessor(selection)]
    let events = [
      Self.electrons(), Self.electrons(5), Self.electrons(20, 20), Self.electrons(20, 19, 18),
      Self.electrons(60, 50, 40),
    ]
    var rows: [Double] = []
    for (n, event) in events.enumerated() {
      _ = try processors[n % 2].process(event, number: n, id: 0, into: &rows)
    }
    var report = SelectionReport(selection)
    for processor in processors { report += processor.report }
    #expect(report.events == 5 && report.kept == 1)
    #expect(report.rejectedByCut == [1, 1])
    #expect(report.rejectedByObservable == [0, 1])
    #expect(report.rejectedByEfficiency == [1])
    #expect(rows == [19, 18])
  }

  /// Names, what is wrong, and where.
  @Test func badDefinitions() throws {
    func line(
      _ observables: [(String, String?)], cuts: [String] = [], efficiencies: [String] = []
    ) throws -> String {
      try #require(throws: Problem.self) {
        try Selection(
          observables: observables.map { Observable(name: $0, expression: $1) }, cuts: cuts,
          efficiencies: efficiencies)
      }.line
    }
    #expect(try line([("x", "1"), ("x", "2")]) == "there are two observables 'x'; rename one")
    #expect(
      try line([("x", nil)])
        == "observable 'x' has no expression: another program made it; give it one in analysis.yaml, or its values with --observables"
    )
    // Only observables before are known.
    #expect(
      try line([("x", "y"), ("y", "1")]).contains("observable x, column 1: unknown name 'y'"))
    #expect(
      try line([("x", "1")], cuts: ["1 > 0", "x + 1"])
        == "cut 2, column 1: true or false expected, not a number in 'x + 1'; compare it with something"
    )
    #expect(
      try line([("pt_l", "1")], efficiencies: ["pt_1"])
        == "efficiency 1, column 1: unknown name 'pt_1' in 'pt_1'; did you mean 'pt_l'")
    #expect(
      try line([("x", "1"), ("y", "sum(x.pt for x in j)")]).contains("already an observable"))
  }

  /// An observable may be called like an object of the event, but then the name means the object; where both could be
  /// meant, it is an error.
  @Test func objectsAreNotShadowed() throws {
    let selection = try Selection(
      observables: [
        Observable(name: "met", expression: "met.pt + 1"),
        Observable(name: "scale", expression: "scale"),
      ], cuts: ["met.pt > 5", "scale >= 0"])
    #expect(try Self.judge(selection, Self.electrons(10)).1 == [11, 0])
    let problem = try #require(throws: Problem.self) {
      try Selection(
        observables: [Observable(name: "scale", expression: "2 * scale")], cuts: ["scale > 1"])
    }
    #expect(problem.line.contains("'scale' is an object of the event and an observable"))
  }

  @Test func defaultSet() throws {
    let selection = try Selection(observables: DefaultObservables().observables)
    #expect(
      selection.observables.map(\.name) == [
        "et_miss", "phi_miss", "e_visible", "eta_visible",
        "n_ls", "e_l1", "pt_l1", "eta_l1", "phi_l1", "charge_l1", "e_l2", "pt_l2", "eta_l2",
        "phi_l2", "charge_l2",
        "n_as", "e_a1", "pt_a1", "eta_a1", "phi_a1", "e_a2", "pt_a2", "eta_a2", "phi_a2",
        "n_js", "e_j1", "pt_j1", "eta_j1", "phi_j1", "e_j2", "pt_j2", "eta_j2", "phi_j2",
      ])
    let (verdict, row) = try Self.judge(selection, Self.electrons(30))
    #expect(verdict == .kept(efficiency: 1))
    #expect(row[0] == 30 && row[1] == .pi && row[4] == 1 && row[6] == 30 && row[9] == -1)
    #expect(row[10...14].allSatisfy { $0 == 0 })
    var few = DefaultObservables()
    (few.leptons, few.photons, few.jets) = (0, 0, 1)
    (few.missing, few.visible, few.numbers, few.charges) = (false, false, false, false)
    #expect(few.observables.map(\.name) == ["e_j1", "pt_j1", "eta_j1", "phi_j1"])
  }

  /// Charges of the numbering scheme, in thirds of e.
  @Test(arguments: [
    (1, -1), (2, 2), (-6, -2), (11, -3), (-13, 3), (12, 0), (21, 0), (22, 0), (24, 3), (-24, -3),
    (25, 0), (37, 3), (211, 3), (-321, -3), (111, 0), (130, 0), (310, 0), (421, 0), (411, 3),
    (511, 0), (521, 3), (541, 3), (2212, 3), (-2212, -3), (2112, 0), (2224, 6), (3122, 0),
    (3112, -3), (3334, -3), (1_000_022, 0), (1_000_024, 3), (1_000_006, 2), (2_000_011, -3),
    (1_000_020_040, 6), (9_000_211, 3), (52, 0), (0, 0), (Int(Int32.min), 0),
  ])
  func charges(id: Int, thirds: Int) {
    #expect(abs(3 * ParticleIdentity(Int32(id)).charge - Double(thirds)) < 1e-12)
  }

  @Test func visibleParticles() {
    let visible: [Int32] = [1, -5, 11, 13, 15, 21, 22, 23, 24, 25, 211, 2112, 130, 37, 1_000_024]
    let invisible: [Int32] = [12, -14, 16, 18, 52, 1_000_022, 1_000_039, 32]
    for id in visible { #expect(ParticleIdentity(id).isVisible, "\(id)") }
    for id in invisible { #expect(!ParticleIdentity(id).isVisible, "\(id)") }
  }

  @Test func parameterTransforms() throws {
    let half = try ParameterTransform(parameter: "cHW", text: "theta / 2 if theta > 0 else pi")
    #expect(half(3) == 1.5 && half(-1) == .pi)
    #expect(try ParameterTransform(parameter: "cHW", text: "log(theta)")(-1).isNaN)
    for (text, says) in [
      ("x", "unknown name 'x'"), ("l[0].pt", "unknown name 'l'"), ("scale", "unknown name 'scale'"),
      ("theta > 1 and 2", "transform of cHW, column 11: true or false expected"),
      ("tehta", "'theta'"),
    ] {
      let problem = try #require(throws: Problem.self) {
        try ParameterTransform(parameter: "cHW", text: text)
      }
      #expect(problem.line.contains(says), "\(problem.line)")
    }
  }

  /// One program serves many evaluators, and an evaluator keeps nothing of the event before.
  @Test func eventsAreIndependent() throws {
    let program = try Program([
      NamedExpression(name: "x", text: "sum(x.pt for x in [y for y in e if y.pt > 5])"),
      NamedExpression(name: "y", text: "sorted(e, key=lambda x: x.pt)[0].pt"),
    ])
    let (a, b) = (Evaluator(program), Evaluator(program))
    for event in [Self.electrons(10, 20, 3), Self.electrons(), Self.electrons(7)] {
      a.evaluate(event)
      b.evaluate(Self.electrons(99))
      b.evaluate(event)
      for i in 0..<2 {
        #expect(a.value(i) == b.value(i) || a.value(i).isNaN && b.value(i).isNaN)
      }
    }
    #expect(a.value(0) == 7 && a.value(1) == 7)
  }
}
