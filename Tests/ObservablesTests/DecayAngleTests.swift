import EventModel
import TestSupport
import Testing

@testable import Observables

/// Angles of observables(7), each one line of analysis.yaml, for W+H events.
@Suite struct DecayAngleTests {
  static let angles: [(name: String, expression: String)] = [
    (
      "cos_theta_star",
      "let w = l[0] + v[0], h = b[0] + b[1] in w.boostCM_of(w + h).costheta"
    ),
    (
      "cos_theta_l",
      "let w = l[0] + v[0], h = b[0] + b[1] in l[0].boostCM_of(w).cosangle(-h.boostCM_of(w))"
    ),
    (
      "cos_theta_b",
      "let w = l[0] + v[0], h = b[0] + b[1] in b[0].boostCM_of(h).cosangle(-w.boostCM_of(h))"
    ),
    (
      "phi_planes",
      "let s = l[0] + v[0] + b[0] + b[1], w = (l[0] + v[0]).boostCM_of(s).unit(), n = l[0].boostCM_of(s).cross(v[0].boostCM_of(s)).unit(), k = b[0].boostCM_of(s).cross(b[1].boostCM_of(s)).unit() in atan2(n.cross(k).dot3(w), n.dot3(k))"
    ),
    (
      "cos_theta_cs",
      "let q = l[0] + v[0] in 2 * (l[0].pz * v[0].e - l[0].e * v[0].pz) / (q.m * hypot(q.m, q.pt))"
    ),
  ]

  /// Computed with numpy by general boost matrices and, for the Collins-Soper angle, the bisector of the boosted beams:
  /// events 1 to 3 of wh_smeft_tiny.lhe.
  static let reference: [[Double]] = [
    [
      -0.10769788813186568, -0.49402871304427703, 0.4774579585266715, 2.2014233731522133,
      0.8694266847718718,
    ],
    [
      0.6362631686756455, 0.7918336129821433, 0.38228829660783226, 1.9324102273631758,
      0.8572568133391041,
    ],
    [
      -0.6003699692947263, -0.49899015869510915, 0.5035312208580526, -2.039243894081759,
      0.27593634568188025,
    ],
  ]

  /// 1e-8: two ways through the same doubles, where E² − p² and the file's own momentum balance cost digits.
  @Test(.needsShared) func agreesWithIndependentComputation() throws {
    let selection = try Selection(
      observables: Self.angles.map { Observable(name: $0.name, expression: $0.expression) })
    #expect(selection.observables.map(\.unit) == ["", "", "", "rad", ""])
    let processor = EventProcessor(selection)
    let events = try EventText.read(
      Place.shared + "/data/wh_smeft_tiny.lhe", first: Self.reference.count)
    for (event, wanted) in zip(events, Self.reference) {
      var row: [Double] = []
      _ = try processor.process(event, number: 1, id: 0, into: &row)
      for (i, value) in wanted.enumerated() {
        #expect(abs(row[i] - value) < 1e-8, "\(Self.angles[i].name): \(row[i]), \(value)")
      }
    }
  }

  /// The manual shows these lines.
  @Test func manualShowsThem() throws {
    let page = try #require(EventText.contents(of: Place.root + "/man/man7/observables.7"))
    // mandoc writes a minus as \-, and long lines are broken.
    let text = page.replacing("\\-", with: "-").split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    for angle in Self.angles {
      #expect(text.contains("\(angle.name): \(angle.expression)"), "\(angle.name)")
    }
  }

  /// The W and the H of the record, and what came from them.
  @Test(.needsShared) func ancestors() throws {
    let expressions = [
      "l[0].mother.pdgid", "b[0].mother.pdgid", "l[0].mother.mother.status",
      "l[0].mother.mother2.status", "float(l[0].comes_from(24))", "float(l[0].comes_from(25))",
      "len(x for x in p if x.comes_from(25))", "l[0].mother.mother.mother.e",
      "(l[0] + v[0]).m - l[0].mother.m", "len([x for x in record if x.status == 2])",
      "[x for x in record if x.pdgid == 25][0].m",
    ]
    let evaluator = Evaluator(
      try Program(expressions.map { NamedExpression(name: $0, text: $0) }))
    let event = try #require(
      try EventText.read(Place.shared + "/data/wh_smeft_tiny.lhe", first: 1).first)
    evaluator.evaluate(event)
    let values = expressions.indices.map { evaluator.value($0) }
    #expect(Array(values[0...6]) == [24, 25, -1, -1, 1, 0, 2])
    #expect(values[7].isNaN)
    // Ten digits of the file.
    #expect(abs(values[8]) < 1e-6)
    #expect(values[9] == 2 && values[10] == 125.09)
  }

  /// Mothers that point in a ring, at nothing or outside the record end and are undefined.
  @Test func brokenMothers() throws {
    var event = EventText.event([
      EventText.particle(11, 1, 0, 0, 1), EventText.particle(22, 0, 2, 0, 2),
      EventText.particle(13, 0, 3, 0, 3),
    ])
    event.particles[0].mothers = (2, 2)
    event.particles[1].mothers = (1, 0)
    event.particles[2].mothers = (-7, 2_000_000_000)
    for (text, wanted) in [
      ("float(e[0].comes_from(13))", 0.0), ("float(e[0].comes_from(22))", 1),
      ("float(a[0].comes_from(-11))", 1), ("float(mu[0].comes_from(13))", 0),
      ("e[0].mother.mother.mother.pt", 2),
    ] {
      #expect(try ExpressionTests.value(text, of: event) == wanted, "\(text)")
    }
    for text in ["mu[0].mother.e", "mu[0].mother2.e", "a[0].mother2.e", "tau[0].mother.pt"] {
      #expect(try ExpressionTests.value(text, of: event).isNaN, "\(text)")
    }
  }
}
