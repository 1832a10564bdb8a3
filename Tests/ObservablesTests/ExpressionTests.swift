import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import Observables

/// What expressions mean, on one small event: two electrons, a muon, jets of which one is b, a photon, a neutrino.
@Suite struct ExpressionTests {
  static let event: ParticleEvent = {
    var event = EventText.event([
      EventText.particle(2, 0, 0, 500, 500, status: -1),
      EventText.particle(-1, 0, 0, -300, 300, status: -1),
      EventText.particle(24, 1, 2, 3, 90, status: 2, mass: 80.4),
      EventText.particle(11, 30, 40, 0, 50, mass: 0.000511),
      EventText.particle(-11, 0, 10, 0, 10, mass: 0.000511),
      EventText.particle(13, 0, -20, 0, 20, mass: 0.105),
      EventText.particle(1, 60, 0, 80, 100),
      EventText.particle(-5, 0, 30, -40, 51, mass: 4.7),
      EventText.particle(21, 5, 0, 12, 13),
      EventText.particle(22, 0, 8, 6, 10),
      EventText.particle(12, -95, -68, 10, 120),
    ])
    (event.scale, event.alphaQED, event.alphaQCD) = (91.188, 0.0075, 0.118)
    (event.processID, event.weight) = (4, -2.5)
    return event
  }()

  static func value(_ text: String, of event: ParticleEvent = event) throws -> Double {
    let evaluator = Evaluator(try Program([NamedExpression(name: "x", text: text)]))
    evaluator.evaluate(event)
    return evaluator.value(0)
  }

  static let values: [(String, Double)] = [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ** 3 ** 2", 512), ("-2 ** 2", -4), ("2 ** -1", 0.5),
    ("7 % 3", 1), ("-7 % 3", 2), ("7 % -3", -2), ("-7 // 2", -4), ("6 / 4", 1.5), (".5 + 1.", 1.5),
    ("1e3", 1000), ("1.e-1", 0.1), ("+3", 3), ("3 - -2", 5), ("10 - 4 - 3", 3), ("8 / 4 / 2", 1),
    ("True", 1), ("not False", 1), ("1 < 2 < 3", 1), ("1 < 2 < 2", 0), ("1 == 1.0", 1),
    ("1 != 2", 1), ("True and False or True", 1), ("not True or True", 1), ("True + True", 2),
    ("5 if 1 > 2 else 6 if 2 > 1 else 7", 6), ("let k = 2, n = k * 3 in k + n", 8),
    ("abs(-3)", 3), ("sign(-2) + sign(0)", -1), ("int(-2.7)", -2), ("float(2 > 1)", 1),
    ("bool(3)", 1), ("min(3, 1, 2)", 1), ("max(1, 2)", 2), ("log(exp(2))", 2), ("log(8, 2)", 3),
    ("pow(2, 10)", 1024), ("hypot(3, 4)", 5), ("sqrt(16)", 4), ("atan2(1, 1) * 4 - pi", 0),
    ("floor(-1.5) + ceil(1.5)", 0), ("defined(1 / 0)", 0), ("defined(l[5].pt)", 0),
    // Objects.
    ("len(l)", 3), ("len(e)", 2), ("len(mu)", 1), ("len(tau)", 0), ("len(j)", 3), ("len(b)", 1),
    ("len(a)", 1), ("len(v)", 1), ("len(p)", 8), ("len(incoming)", 2), ("len(record)", 11),
    ("n_particles", 11), ("scale", 91.188), ("alpha_qed", 0.0075), ("alpha_qcd", 0.118),
    ("l[0].pt", 50), ("l[1].pdgid", 13), ("l[-1].pt", 10), ("p[0].pdg_id", 11),
    ("l[len(l) - 1].pt", 10), ("j[0].pt", 60), ("j[1].b_tag", 1), ("b[0].m", 4.7),
    ("record[2].mass", 80.4), ("record[2].status", 2), ("met.px", -95), ("MET.py", -68),
    ("met.pz", 0), ("visible.px", 95), ("visible.e", 254), ("all.px", 0), ("e[0].charge", -1),
    ("e[1].charge", 1), ("3 * j[0].charge", -1), ("3 * b[0].charge", 1), ("a[0].charge", 0),
    ("v[0].spin", 9), ("truth[0].e", 50), ("p_truth[0].E", 50),
    // Attributes and methods.
    ("(e[0] + e[1]).pt2", 3400), ("(e[0] - e[1]).py", 30), ("(2 * e[0]).px", 60),
    ("(e[0] / 2).e", 25), ("(-e[0]).x", -30), ("e[0] @ e[0]", 0),
    ("abs(a[0] + vector(0, 0, 0, 10))", 300.0.squareRoot()),
    ("a[0].p", 10), ("a[0].costheta", 0.6), ("a[0].cottheta", 0.75), ("mu[0].phi", -Double.pi / 2),
    ("vector(-1, -0.0, 0, 1).phi", Double.pi), ("mu[0].deltaphi(e[1])", Double.pi),
    ("e[1].deltaphi(mu[0])", Double.pi), ("vector(0, 0, 1, 1).eta", .infinity),
    ("vector(0, 0, 0, 1).eta", 0), ("vector(3, 0, 0, 1).m", -(8.0.squareRoot())),
    ("a[0].et", 8), ("vector(0, 0, 3, 5).mt", 4), ("vector(0, 0, 3, 5).beta", 0.6),
    ("vector(0, 0, 3, 5).gamma", 1.25), ("vector(0, 0, 3, 5).rapidity", 0.5 * 1.3862943611198906),
    ("vector(0, 0, 3, 5).is_timelike()", 1), ("e[0] == e[0]", 1), ("e[0] != e[1]", 1),
    ("vector(1, 0, 0, 0).rotateZ(pi / 2).py", 1), ("vector(0, 1, 0, 0).rotateX(pi / 2).pz", 1),
    ("vector(0, 0, 1, 0).rotateY(pi / 2).px", 1),
    ("vector(1, 0, 0, 1).cross(vector(0, 1, 0, 1)).pz", 1),
    ("vector(0, 0, 0, 1).boost(0.6, 0, 0).px", 0.75), ("vector(0, 0, 0, 1).boostZ(-0.6).pz", -0.75),
    ("vector(3, 4, 0, 9).unit().e", 0), ("vector(3, 4, 0, 9).unit().py", 0.8),
    ("vector(1, 0, 0, 1).deltaangle(vector(0, 0, 2, 2)) * 2 - pi", 0),
    ("vector(1, 0, 0, 1).scale(3).px", 3),
    ("(e[0] if e[0].pt > 1 else e[1]).pt", 50), ("(e[0] if 1 > 2 else met).px", -95),
    // Lists.
    ("sum(x.pt for x in j)", 95), ("sum(j).px", 65), ("sum(x.e > 15 for x in j)", 2),
    ("sum(x for x in j if x.pt > 20).px", 60), ("sum(2 * x for x in j).px", 130),
    ("max(x.e for x in j)", 100), ("min(x.e for x in j if x.pt > 10)", 51),
    ("any(x.pt > 55 for x in j)", 1), ("all(x.pt > 55 for x in j)", 0),
    ("any(x.pt > 0 for x in tau)", 0),
    ("all(x.pt > 0 for x in tau)", 1), ("sum(tau).pt", 0), ("len(x for x in j if x.pt > 20)", 2),
    ("len([x for x in j if x.pt > 20])", 2), ("[x for x in j if x.pt < 35][0].e", 51),
    ("sum(x.pt for x in j[:2])", 90), ("len(j[1:])", 2), ("len(j[-1:])", 1), ("len(j[5:])", 0),
    ("len(j[2:1])", 0), ("sorted(j, key=lambda x: x.e)[0].e", 13),
    ("min(j, key=lambda x: x.eta).e", 51),
    ("max(j, key=lambda x: x.pz).e", 100), ("sum(1 for x in l)", 3),
    ("sum(sum(x.pt for x in b) * y.pt for y in e)", 1800),
    ("sum(max(x.pt * y.pt for x in e) for y in b)", 1500),
    ("let hardest = max(x.pt for x in j) in sum(x.pt / hardest for x in j)", 95.0 / 60),
    ("sum(len(y for y in j if y.pt < x.pt) for x in j)", 3),
    ("len(sorted([x for x in record if x.status == 1], key=lambda x: x.pt))", 8),
    // Python's lists as arguments.
    ("sum([x.pt for x in j if abs(x.eta) < 2.5])", 95), ("max([x.e for x in j])", 100),
    ("len([x.pt for x in j])", 3), ("any([x.b_tag for x in j])", 1), ("sum([x for x in j]).px", 65),
    ("min([l[0].pt, j[0].pt, 99])", 50), ("max([1, 2])", 2), ("sum([l[0], j[0]]).px", 90),
    ("all([1 > 0, 2 > 1])", 1), ("any([1 > 2, False])", 0), ("len([1, 2, 3])", 3),
    ("prod([2, 3, 4])", 24), ("sum([1])", 1),
    ("sum([x.pt for x in [y for y in j if y.pt > 20]])", 90),
    ("prod(x.pt for x in j if x.pt < 40)", 150), ("prod(2 for x in tau)", 1),
    ("prod(0.5 if x.b_tag else 0.25 for x in j)", 0.03125),
    ("len(x for x in p if x.pt > 8 if x.pdgid < 0)", 2),
    ("sorted(j, key=lambda x: x.e, reverse=True)[0].e", 100),
    ("sorted(j, key=lambda x: x.e, reverse=False)[0].e", 13),
    ("round(2.5) + round(-1.5) + round(0.4)", 0), ("process_id", 4), ("weight", -2.5),
    ("j[1].c_tag + j[1].t_tag + j[1].tau_tag", 0),
    ("vector(3, 0, 0, 1).is_spacelike()", 1), ("a[0].is_lightlike()", 1),
    ("vector(1, 0, 0, 0).rotate_axis(vector(0, 0, 5, 0), pi / 2).py", 1),
    ("vector(0, 1, 0, 7).rotate_axis(vector(1, 1, 1, 0), 2 * pi / 3).pz", 1),
    ("vector(0, 1, 0, 7).rotate_axis(vector(1, 1, 1, 0), 1).e", 7),
  ]

  /// Exact but for the last bits of libm: 1e-14 of the value, or of 1.
  @Test(arguments: values.indices) func value(index: Int) throws {
    let (text, wanted) = Self.values[index]
    let value = try Self.value(text)
    #expect(
      value == wanted || abs(value - wanted) <= 1e-14 * max(1, abs(wanted)), "\(text) = \(value)")
  }

  /// Undefined is a value: it propagates, and stops only where the answer does not depend on it.
  @Test(arguments: [
    "l[3].pt", "l[-4].pt", "l[0.5].pt", "tau[0].m", "tau[0].charge", "(l[0] + l[7]).pt", "sqrt(-1)",
    "log(0)", "log(-1)", "1 / 0", "0 / 0", "5 % 0", "5 // 0", "0 ** -1", "(-8) ** (1 / 3)",
    "asin(2)",
    "float(l[9].pt > 1)", "float(not l[9].pt > 1)", "1 if l[9].pt > 1 else 2", "min(1, l[9].pt)",
    "max(l[9].pt, 1)", "min(x.pt for x in tau)", "pow(1, l[9].pt)", "hypot(1 / 0, 2)",
    "sum(1 / (x.pt - 10) for x in e)", "l[0].deltaR(l[9])", "float(1 > 0 and l[9].pt > 1)",
    "tau[0].boostCM_of(l[0]).e", "l[0].boostCM_of(a[0]).e", "l[1 / 0].pt",
    "vector(0, 0, 0, 1).costheta",
    "(l[0] / 0).e", "int(vector(0, 0, 1, 1).eta)", "max(tau, key=lambda x: x.pt).pt",
  ])
  func undefined(text: String) throws { #expect(try Self.value(text).isNaN) }

  @Test(arguments: [
    ("1 < 0 and l[9].pt > 1", 0.0), ("1 > 0 or l[9].pt > 1", 1.0), ("l[9].pt > 1 or True", 1.0),
    ("len(tau) < 1 or tau[0].pt > 20", 1.0), ("5 if True else l[9].pt", 5.0),
    ("l[9].pt if defined(l[9]) else -1", -1.0), ("any(x.pt > 1 / 0 for x in e) or True", 1.0),
  ])
  func undefinedDoesNotDecide(text: String, wanted: Double) throws {
    #expect(try Self.value(text) == wanted)
  }

  /// Column and words of what is wrong.
  static let bad: [(text: String, column: Int, says: String)] = [
    ("", 1, "nothing to compute"), ("   ", 1, "nothing to compute"),
    ("l[0].ptt", 6, "unknown attribute 'ptt' in 'l[0].ptt'; did you mean 'pt'"),
    ("1 + lep[0].pt", 5, "unknown name 'lep'; known are False MET True a all"),
    ("l[0].pt +", 10, "the end"),
    ("l[0", 4, "']'"), ("(1", 3, "')' expected, not the end"), ("1)", 2, "an operator expected"),
    ("1 2", 3, "an operator expected, not the number 2"), ("l[0].deltaphi", 6, "is a method"),
    ("l[0].pt()", 6, "is an attribute, not a method; write .pt"),
    ("l[0].foo(1)", 6, "unknown method 'foo'"),
    ("l[0].deltaR()", 6, "takes 1 argument, not 0"),
    ("l[0].deltaR(1)", 13, "a four-vector expected, not a number"),
    ("l.pt", 3, "a list of particles has no attribute 'pt'; take one of its particles with [0]"),
    ("len(l).pt", 8, "a number has no attribute"), ("l", 1, "a number expected, not a list"),
    ("l[0]", 1, "a number expected, not a particle; take one of its attributes"),
    ("l[0] + 1", 6, "a four-vector expected, not a number"), ("l[0] * j[0]", 6, "use .dot"),
    ("1 / l[0]", 3, "a number expected"), ("pt[0]", 1, "unknown name 'pt'; did you mean 'p'"),
    ("1[0]", 2, "a list of particles expected, not a number"), ("met.charge", 5, "only a particle"),
    ("not 1", 1, "true or false expected, not a number; compare it"),
    ("1 and True", 3, "true or false expected"),
    ("1 if 2 else 3", 3, "true or false expected"), ("l if True else 2", 3, "the two sides"),
    ("foo(1)", 1, "unknown function 'foo'"), ("met(1)", 1, "'met' is not a function"),
    ("sqrt", 1, "'sqrt' is a function; write sqrt(...)"),
    ("sqrt(1, 2)", 1, "takes 1 argument, not 2"),
    ("squrt(1)", 1, "did you mean 'sqrt'"),
    ("sum(x.pt for l in j)", 14, "'l' is already a word of the language"),
    ("sum(x.pt for y in j)", 5, "unknown name 'x'"),
    ("sum(x.pt for x in 3)", 19, "a list of particles expected"),
    ("sum(x.pt for x in j if 1)", 24, "true or false expected"),
    ("sum(x.pt for x in j for y in b)", 21, "')' expected"),
    ("any(x.pt for x in j)", 5, "true or false expected"), ("any(j)", 5, "needs a condition"),
    ("sorted(j)", 9, "needs a key"), ("sorted(x.pt for x in j)", 1, "takes a list and a key"),
    ("[x.pt for x in j]", 2, "only the particles themselves"),
    ("sum([])", 6, "'sum' of nothing"),
    ("prod(j)", 6, "needs a number; write prod(NUMBER for x in LIST)"),
    ("any([1, 2])", 6, "true or false expected"), ("min([l[0], 1])", 6, "a number expected"),
    ("sum([l[0], 1])", 12, "a four-vector expected"), ("sum([1, 2)", 6, "a list is written"),
    ("sorted(j, key=lambda x: x.pt, reverse=1)", 39, "True or False expected"),
    ("met.mother", 5, "only a particle"), ("met.b_tag", 5, "only a particle"),
    ("met.comes_from(24)", 5, "only a particle"), ("l[0].mother()", 6, "is an attribute"),
    ("l[0].comes_from", 6, "is a method"), ("l[0].mother", 1, "a number expected, not a particle"),
    ("[1, 2]", 2, "a list is written"),
    ("let k = 1 in let k = 2 in k", 18, "'k' is already a local name"),
    ("let k 1 in k", 7, "'=' expected"),
    ("x.pt for x in j", 1, "unknown name 'x'"), ("'text'", 1, "unexpected character"),
    ("__import__('os')", 12, "unexpected character"), ("l[0].__class__", 6, "unknown attribute"),
    ("1 + θ", 5, "unexpected character 'θ'"), ("1e999", 1, "not a finite number"),
    ("2x", 1, "cannot begin with a digit"),
    ("1 = 1", 3, "an operator expected, not '='"), ("lambda x: x", 1, "a value expected"),
    ("a if", 5, "a value expected"),
    ("1 + + * 2", 7, "a value expected, not '*'"), ("l[0].boost(1, 2)", 6, "three components"),
    ("@", 1, "a value expected"),
    ("l[0].", 6, "an attribute expected"), (".", 1, "a value expected"),
    ("j[:", 4, "a value expected"),
  ]

  @Test(arguments: bad.indices) func problems(index: Int) throws {
    let (text, column, says) = Self.bad[index]
    let problem = try #require(throws: Problem.self) { try Self.value(text) }
    #expect(problem.kind == .data)
    #expect(problem.place == "observable x, column \(column)", "\(problem.line)")
    let said = problem.line
    // The part before the expression, or all of it.
    let parts = says.split(separator: "; ")
    #expect(parts.allSatisfy { said.contains($0) }, "\(said)")
  }

  /// A hostile file costs neither the stack nor much time.
  @Test(arguments: [
    String(repeating: "(", count: 5000), String(repeating: "-", count: 5000) + "1",
    String(repeating: "not ", count: 2000) + "True", String(repeating: "abs(", count: 2000),
    String(repeating: "[", count: 5000), "1" + String(repeating: "**1", count: 3000),
    String(repeating: "1 if True else ", count: 600) + "1",
    String(repeating: "let k = ", count: 1000),
    String(repeating: "max(l, key=lambda x: ", count: 400), String(repeating: "l[", count: 4000),
    String(repeating: "1+", count: 100_000) + "1",
  ])
  func hostile(text: String) throws {
    #expect(throws: Problem.self) { try Self.value(text) }
  }

  /// Ten thousand sentences of random words: each is a value or a problem, nothing else.
  @Test func randomWords() throws {
    let words = [
      "l", "e", "j", "met", "x", "y", "[", "]", "(", ")", "0", "1", "2.5", "-", "+", "*", "/", "**",
      ".", "pt",
      "phi", "if", "else", "for", "in", "let", "=", ",", ":", "sum", "max", "len", "sorted", "key",
      "lambda", "not",
      "and", "or", "<", "==", "boost", "deltaR", "incoming", "[0]", ".pt", "(l[0])", "x for x in j",
      "sqrt(",
      "len(j)", "True", "[x for x in e if x.pt > 3]", "sum(x.pt for x in j)", "%", "//", "@",
      "record",
    ]
    var state: UInt64 = 1
    func next(_ n: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(n))
    }
    var understood = 0
    for _ in 0..<10_000 {
      let text = (0...next(7)).map { _ in words[next(words.count)] }.joined(separator: " ")
      do {
        _ = try Self.value(text)
        understood += 1
      } catch is Problem {}
    }
    #expect(understood > 100)
  }

  @Test func longButFlat() throws {
    #expect(try Self.value(String(repeating: "1+", count: 4000) + "1") == 4001)
  }

  @Test func loopsInsideLoopsAreBounded() throws {
    let four = "sum(sum(sum(sum(1 for x in j) for y in j) for z in j) for u in j)"
    #expect(try Self.value(four) == 81)
    #expect(throws: Problem.self) { try Self.value("sum(\(four) for w in j)") }
  }

  @Test func emptyEvent() throws {
    let nothing = ParticleEvent()
    #expect(try Self.value("met.pt", of: nothing) == 0)
    #expect(try Self.value("len(p) + len(l) + n_particles", of: nothing) == 0)
    #expect(try Self.value("j[0].pt", of: nothing).isNaN)
  }

  /// What expressions share is computed once: twenty names for one sum add no instruction.
  @Test func sharesCommonParts() throws {
    let text = "(l[0] + l[1]).m"
    let one = try Program([NamedExpression(name: "x", text: text)])
    let twenty = try Program((0..<20).map { NamedExpression(name: "\($0)", text: text) })
    #expect(one.instructions.count == twenty.instructions.count)
    let constant = try Program([NamedExpression(name: "x", text: "sqrt(2) * pi + 1")])
    #expect(constant.prologueEnd == constant.instructions.count)
  }

  @Test(arguments: [
    ("l[0].pt", "GeV"), ("l[0].phi", "rad"), ("l[0].eta", ""), ("(l[0] + l[1]).m2", "GeV^2"),
    ("sqrt(2 * l[0].pt * met.pt * (1 - cos(l[0].deltaphi(met))))", "GeV"), ("len(l)", ""),
    ("l[0].pt / l[1].pt", ""), ("l[0].pt + l[0].eta", ""), ("l[0].pt if len(l) > 0 else 0", "GeV"),
    ("sum(x.pt for x in j)", "GeV"), ("l[0].unit().dot3(met.unit())", ""),
    ("l[0].dot(l[1])", "GeV^2"),
    ("log(l[0].pt)", ""), ("l[0].pt ** 0.5", "GeV^0.5"), ("1 / l[0].e", "GeV^-1"), ("scale", "GeV"),
  ])
  func units(text: String, unit: String) throws {
    #expect(try Program([NamedExpression(name: "x", text: text)]).unit(0) == unit)
  }
}
