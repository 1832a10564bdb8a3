import EventModel
import TestSupport
import Testing

@testable import Observables

/// The seven variables that fix the matrix element of W+H at leading order, as Examples/wh/truth.yaml writes them.
@Suite struct TruthTests {
  /// Computed with numpy by boost matrices and unit vectors from the same file: events 1 to 4 of wh_smeft_tiny.lhe, of
  /// which the first has the antiquark in the first beam and the third the quark.
  static let reference: [[Double]] = [
    [
      6.240505341427787, 513.117745090362, 0.10769788813849494, -0.49402871304427715,
      0.9807550825166916, -0.1952420756847181, 79.74571876771515,
    ],
    [
      5.820087022955569, 337.00137921010327, -0.6362631686751327, 0.791833612982143,
      0.9810958453460114, -0.1935224592774575, 77.7588507258917,
    ],
    [
      5.798482335342962, 329.7986561394576, -0.600369969294257, -0.498990158695109,
      -0.11437811738430824, 0.9934372885409634, 79.563972287438,
    ],
    [
      7.2756924110954815, 1444.7512076635533, 0.11379767968025191, -0.04804285880636214,
      0.9757828307601748, -0.2187415534224354, 82.23496083743011,
    ],
  ]

  /// 1e-9: two ways through the same doubles, and E² − p² cancels three digits.
  @Test(.needsShared) func agreesWithIndependentComputation() throws {
    let observables = try WHExpressions.read("truth.yaml")
    #expect(
      observables.map(\.name) == [
        "log_m_wh", "m_wh", "cos_theta_star", "cos_theta_l", "cos_phi_l", "sin_phi_l", "m_w",
      ])
    let processor = EventProcessor(try Selection(observables: observables))
    let events = try EventText.read(
      Place.shared + "/data/wh_smeft_tiny.lhe", first: Self.reference.count)
    for (event, wanted) in zip(events, Self.reference) {
      var row: [Double] = []
      _ = try processor.process(event, number: 1, id: 0, into: &row)
      for (i, value) in wanted.enumerated() {
        #expect(abs(row[i] - value) < 1e-9 * max(1, abs(value)), "variable \(i)")
      }
    }
  }

  /// The quark is the positive id, however the list of partons is asked for it.
  @Test(.needsShared) func waysToTheQuark() throws {
    let ways = [
      "[i for i in incoming if i.pdgid > 0][0].pz",
      "sorted(incoming, key=lambda i: -i.pdgid)[0].pz", "max(incoming, key=lambda i: i.pdgid).pz",
      "(incoming[0] if incoming[0].pdgid > 0 else incoming[1]).pz",
      "sum(i.pz * (i.pdgid > 0) for i in incoming)",
    ]
    let evaluator = Evaluator(try Program(ways.map { NamedExpression(name: $0, text: $0) }))
    for event in try EventText.read(Place.shared + "/data/wh_smeft_tiny.lhe", first: 20) {
      evaluator.evaluate(event)
      let quark = try #require(event.particles.first { $0.status == -1 && $0.pdgID > 0 })
      for i in ways.indices { #expect(evaluator.value(i) == quark.momentum.pz, "\(ways[i])") }
    }
  }

  /// A boost and its inverse, and the rest frame itself, for a fast W.
  @Test func boosts() {
    let w = FourVector(px: 30, py: -40, pz: 3000, e: 3001.9)
    let l = FourVector(px: 10, py: 20, pz: 100, e: 102.5)
    let rest = w.boostedToRest(of: w)
    // |p| of a mass of 95 GeV: E² − p² of 3000 GeV loses three digits.
    #expect(rest.p < 1e-9)
    #expect(abs(rest.e - w.m) < 1e-9)
    let back = l.boostedToRest(of: w).boosted(with: w)
    for (a, b) in [(back.px, l.px), (back.py, l.py), (back.pz, l.pz), (back.e, l.e)] {
      #expect(abs(a - b) < 1e-8)
    }
    let beta = l.boosted(w.px / w.e, w.py / w.e, w.pz / w.e)
    #expect(relativeError(beta.e, l.boosted(with: w).e) < 1e-9)
    #expect(l.boosted(0, 0, 1).e.isNaN)
    #expect(l.boostedToRest(of: FourVector(px: 1, py: 0, pz: 0, e: 1)).e.isNaN)
  }
}
