import Diagnostics
import EventModel
import Testing

@testable import AnalysisFile

@Suite("analysis.yaml: systematics")
struct SystematicsSectionTests {
  static let parameters = "parameters: {cHW: {block: SMEFT, id: 7, range: [-1, 1]}}\n"

  @Test("every type with every option")
  func good() throws {
    let analysis = try Analysis(
      Self.parameters + """
        systematics:
          lumi: {type: norm, value: 1.02}
          rate: {type: norm, up: 1.1, down: 0.92, processes: [ttbar, wjets]}
          scales: {type: scale}
          mur: {type: scale, scale: muR, factors: [0.5, 1, 2], applies-to: signal}
          choice: {type: scale, scale: mu, factors: [1], dynamic: 3}
          wide: {type: scale, scale: 9-point, factors: [0.25, 4]}
          narrow: {type: scale, scale: envelope}
          pdf: {type: pdf, set: NNPDF31_nlo_as_0118, fraction: 0.9, applies-to: all}
          ct: {type: pdf, ids: 13100-13102, combination: asymmetric-hessian, confidence-level: 90}
          sets: {type: pdf, ids: [247000, 246800, 21000], combination: envelope}
          own: {type: pdf, components: 3}
        """)
    #expect(
      analysis.setup.systematics == [
        Systematic(name: "lumi", effect: .norm(NormVariation(up: 1.02))),
        Systematic(
          name: "rate", effect: .norm(NormVariation(up: 1.1, down: 0.92)),
          appliesTo: ["ttbar", "wjets"]),
        Systematic(name: "scales", effect: .scale(ScaleVariation(kind: .mu))),
        Systematic(
          name: "mur", effect: .scale(ScaleVariation(kind: .mur, factors: [0.5, 1, 2])),
          appliesTo: ["signal"]),
        Systematic(
          name: "choice", effect: .scale(ScaleVariation(kind: .mu, factors: [1], dynamicScale: 3))),
        Systematic(
          name: "wide", effect: .scale(ScaleVariation(kind: .ninePoint, factors: [0.25, 4]))),
        Systematic(name: "narrow", effect: .scale(ScaleVariation(kind: .sevenPoint))),
        Systematic(
          name: "pdf", effect: .pdf(PDFVariation(set: "NNPDF31_nlo_as_0118", fraction: 0.9))),
        Systematic(
          name: "ct",
          effect: .pdf(
            PDFVariation(
              ids: [13100, 13101, 13102], combination: .asymmetricHessian, confidenceLevel: 90))),
        Systematic(
          name: "sets",
          effect: .pdf(PDFVariation(ids: [247000, 246800, 21000], combination: .envelope))),
        Systematic(name: "own", effect: .pdf(PDFVariation(components: 3))),
      ])
    // Through a setup file and back.
    var setup = analysis.setup
    setup.benchmarks = [Benchmark(name: "sm", values: [0])]
    #expect(try Setup(document: setup.document()).systematics == setup.systematics)
  }

  static let bad: [(text: String, place: String, says: String)] = [
    ("systematics: []", "line 2, column 14", "not a mapping"),
    ("systematics:\n  a: {value: 1.1}", "line 3, column 6", "has no 'type'; add type"),
    ("systematics:\n  a: {type: nrom}", "line 3, column 13", "use norm, scale or pdf"),
    ("systematics:\n  a-b: {type: norm, value: 1}", "line 3, column 3", "cannot be the name"),
    ("systematics:\n  a: {type: norm}", "line 3, column 6", "'value', or 'up'"),
    (
      "systematics:\n  a: {type: norm, value: 1.1, up: 1.2}", "line 3, column 6", "'value', or 'up'"
    ),
    ("systematics:\n  a: {type: norm, value: -1}", "line 3, column 26", "not a factor above 0"),
    ("systematics:\n  a: {type: norm, factors: [1]}", "line 3, column 19", "unknown key 'factors'"),
    ("systematics:\n  a: {type: scale, scale: nu}", "line 3, column 27", "use mu, mur, muf"),
    (
      "systematics:\n  a: {type: scale, factors: [2, 0.5]}", "line 3, column 29",
      "not rising numbers"
    ),
    ("systematics:\n  a: {type: scale, factors: [1, 2]}", "line 3, column 29", "no variation"),
    (
      "systematics:\n  a: {type: scale, scale: 7-point, factors: [2]}", "line 3, column 45",
      "an envelope needs two"
    ),
    ("systematics:\n  a: {type: pdf, combination: sum}", "line 3, column 31", "use auto,"),
    ("systematics:\n  a: {type: pdf, ids: 10-x}", "line 3, column 23", "neither an LHAPDF id"),
    ("systematics:\n  a: {type: pdf, ids: [5]}", "line 3, column 23", "two or more"),
    ("systematics:\n  a: {type: pdf, confidence-level: 50}", "line 3, column 36", "use 68, 90"),
    (
      "systematics:\n  a: {type: pdf, components: 2, fraction: 0.5}", "line 3, column 43",
      "keep one of them"
    ),
    ("systematics:\n  a: {type: pdf, fraction: 1.5}", "line 3, column 28", "write 0.99"),
    (
      "systematics:\n  a: {type: pdf, applies-to: x, processes: y}", "line 3, column 44", "keep one"
    ),
    ("systematics:\n  a: {type: pdf, applies-to: []}", "line 3, column 30", "names no process"),
    (
      "benchmarks: {a_nuisance_param_0: {cHW: 1}}\nsystematics:\n  a: {type: norm, value: 2}",
      "line 4, column 6", "give one of them another name"
    ),
  ]

  @Test("bad text says where and what", arguments: bad.indices)
  func refuses(_ index: Int) throws {
    let (text, place, says) = Self.bad[index]
    let problem = #expect(throws: Problem.self) { try Analysis(Self.parameters + text) }
    #expect(problem?.kind == .data && problem?.place == place, "\(problem?.line ?? "")")
    #expect(problem?.line.contains(says) == true, "\(problem?.line ?? "")")
  }
}
