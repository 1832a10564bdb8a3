import Diagnostics
import EventModel
import Testing

@Suite("Systematics in files")
struct SystematicTests {
  private var plain: Document {
    Setup(
      parameters: [Parameter(name: "a", lhaBlock: "X", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "sm", values: [0])]
    ).document()
  }

  @Test("rows of MadMiner 0.9 and of before")
  func madMiner() throws {
    let wanted = [
      Systematic(name: "n", effect: .norm(NormVariation(up: 1.1))),
      Systematic(name: "s", effect: .scale(ScaleVariation(kind: .mu, factors: [0.5, 1, 2]))),
      Systematic(name: "p", effect: .pdf(PDFVariation(set: "CT10"))),
    ]
    var d = plain
    d.set("systematics/names", ["n", "s", "p"])
    d.set("systematics/types", ["norm", "scale", "pdf"])
    d.set("systematics/values", ["1.1", "0.5,1.0,2.0", "CT10"])
    d.set("systematics/scales", ["None", "mu", "None"])
    #expect(try Setup(document: d).systematics == wanted)
    d = plain
    d.set("systematics/names", ["n", "s", "p"])
    d.set("systematics/values", ["norm\t1.1", "scale\tmu\t0.5,1.0,2.0", "pdf\tCT10"])
    #expect(try Setup(document: d).systematics == wanted)
  }

  @Test("a row that cannot be read is an error, unless its nuisance parameters are there")
  func unreadable() throws {
    var d = plain
    d.set("systematics/names", ["n"])
    d.set("systematics/types", ["wobble"])
    d.set("systematics/values", ["1.1"])
    #expect(throws: Problem.self) { try Setup(document: d) }
    d.set("nuisance_parameters/names", ["n_nuisance_param_0"])
    #expect(try Setup(document: d).systematics == [])
  }

  @Test("broken columns of ours are refused")
  func broken() throws {
    var setup = try Setup(document: plain)
    setup.systematics = [
      Systematic(name: "n", effect: .norm(NormVariation(up: 1.1)), appliesTo: ["signal", "x"])
    ]
    var d = setup.document()
    #expect(try Setup(document: d).systematics == setup.systematics)
    d.set("sluice/setup/systematics/types", ["scale"])
    #expect(throws: Problem.self) { try Setup(document: d) }
    d.set("sluice/setup/systematics/types", ["norm", "norm"])
    #expect(throws: Problem.self) { try Setup(document: d) }
  }

  @Test("which samples a systematic acts on")
  func applies() {
    let effect = Systematic.Effect.norm(NormVariation(up: 2))
    let all = Systematic(name: "a", effect: effect)
    #expect(all.applies(to: "x", isBackground: true))
    let signal = Systematic(name: "a", effect: effect, appliesTo: ["signal", "tt"])
    #expect(signal.applies(to: "wh", isBackground: false))
    #expect(signal.applies(to: "tt", isBackground: true))
    #expect(!signal.applies(to: "wh", isBackground: true))
  }
}
