import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// Files of other generators (../shared/lhe-zoo), read without a setup's weights.
@Suite("LHE files in the wild", .needsShared)
struct ZooTests {
  /// Facts found with grep and Python; what is peculiar about the file stands beside it.
  struct File: Sendable, CustomTestStringConvertible {
    var name: String
    var events: Int
    /// Of negative weight.
    var negative = 0
    /// Weights declared, and ids of the first event that nobody declares.
    var declared = 0
    var undeclared: [String] = []
    var attributes: [String] = []
    var rule: String
    /// Mean, sum or XSECUP by that rule [pb]; nil where the file's own numbers say little.
    var sigma: Double?
    var version = "3.0"
    var generator: String?
    var warnings = 0
    var testDescription: String { name }
  }

  static let files: [File] = [
    // <weights> in the first event only, of three values where nine weights are declared.
    File(
      name: "pylhe-testfile-madgraph-2.0.0-wbj.lhe", events: 59, declared: 9,
      undeclared: ["weights.1", "weights.2", "weights.3"], attributes: ["npLO", "npNLO"],
      rule: "average (event_norm average, IDWTUP -4)", sigma: 50.109093,
      generator: "SomeGen1 1.2.3"),
    File(
      name: "pylhe-testfile-madgraph-2.2.1-Z-fxfx.lhe.gz", events: 10_000, negative: 1852,
      attributes: ["npLO", "npNLO"], rule: "average (event_norm average, IDWTUP -4)",
      sigma: 3396.333442800314, version: "1.0"),
    File(
      name: "pylhe-testfile-madgraph5-3.5.8-pp_to_jj.lhe.gz", events: 1000, declared: 145,
      rule: "average (event_norm average, IDWTUP -4)", sigma: 6.9967067e8,
      generator: "MadGraph5_aMC@NLO 3.5.8"),
    File(
      name: "pylhe-testfile-powheg-box-v2-W.lhe", events: 100, negative: 1, declared: 1,
      rule: "average (IDWTUP -4)", sigma: 4911.6228),
    // XSECUP −1; positional weights in every event.
    File(
      name: "pylhe-testfile-powheg-box-v2-directphoton.lhe", events: 100, declared: 7,
      rule: "average (IDWTUP -4)", sigma: 32926934.152484518),
    File(
      name: "pylhe-testfile-powheg-box-v2-hvq.lhe", events: 6, negative: 2, declared: 45,
      rule: "average (IDWTUP -4)", sigma: 3715100),
    // GiBUU: eight processes announced and none listed.
    File(
      name: "pylhe-testfile-pr29.lhe", events: 791, negative: 2, rule: "as they stand (IDWTUP 7)",
      sigma: 11.567879896400193, version: "1.0", warnings: 1),
    File(
      name: "pylhe-testfile-pythia-6.413-ttbar.lhe", events: 100, rule: "XSECUP (IDWTUP 3)",
      sigma: 5.4803624, version: "1.0"),
    File(
      name: "pylhe-testfile-pythia-8.3.14-weakbosons.lhe", events: 100, rule: "XSECUP (IDWTUP 3)",
      sigma: 48.76776, version: "1.0"),
    File(
      name: "pylhe-testfile-sherpa-3.0.1-eejjj.lhe", events: 100,
      attributes: ["trials", "muf2", "mur2"], rule: "sum over trials (IDWTUP 3)", version: "1.0"),
    // The same <initrwgt> in the header and in <init>.
    File(
      name: "pylhe-testlhef3.lhe", events: 59, declared: 9,
      undeclared: ["weights.1", "weights.2", "weights.3"], attributes: ["npLO", "npNLO"],
      rule: "average (event_norm average, IDWTUP -4)", sigma: 50.109093,
      generator: "SomeGen1 1.2.3"),
  ]
  static func path(_ name: String) -> String { Place.shared + "/lhe-zoo/" + name }

  @Test(
    "events, weights, attributes, rule, cross section and negative weights of every file",
    arguments: files)
  func facts(file: File) throws {
    let reader = try LHEReader(ByteReader(path: Self.path(file.name)))
    #expect(reader.head.weights.count == file.declared)
    #expect(reader.head.undeclaredWeights == file.undeclared)
    #expect(reader.attributeNames == file.attributes)
    #expect(reader.head.version == file.version)
    if let generator = file.generator { #expect(reader.head.generator == generator) }
    var event = ParticleEvent()
    var sums = WeightSums()
    while try reader.next(into: &event) { sums.add(event.weight) }
    #expect(sums.count == file.events && sums.negative == file.negative)
    let setup = Setup(
      parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "only", values: [0])])
    let result = try readSamples(
      [SampleInput(role: .background, file: Self.path(file.name))], setup: setup)
    #expect(result.warnings.count == file.warnings, "\(result.warnings)")
    #expect(result.records[0].normalisation == file.rule)
    // Sums in another order.
    if let sigma = file.sigma { #expect(relativeError(result.records[0].sumWeights, sigma) < 1e-9) }
  }

  @Test("head, events and the rest give every file back, byte for byte", arguments: files)
  func bytes(file: File) throws {
    let reader = try LHEReader(ByteReader(path: Self.path(file.name)), .init(keepsText: true))
    try reader.startThread()
    var bytes = reader.headBytes
    var event = ParticleEvent()
    while try reader.next(into: &event) {
      bytes += reader.bytesBeforeEvent
      bytes += reader.eventBytes
    }
    let whole = try ByteReader(path: Self.path(file.name)).readAll()
    #expect(bytes + reader.tailBytes == whole)
  }

  @Test("POWHEG: positional weights by their ids; W: one <wgt> in every event")
  func powheg() throws {
    func first(_ file: String, _ ids: [String]) throws -> [Double?] {
      let reader = try LHEReader(ByteReader(path: Self.path(file)))
      let slots = ids.map { reader.want($0) }
      var event = ParticleEvent()
      #expect(try reader.next(into: &event))
      return slots.map { reader.weight($0) }
    }
    #expect(
      try first("pylhe-testfile-powheg-box-v2-directphoton.lhe", ["0", "6"])
        == [0.0025905, 0.0029978])
    #expect(try first("pylhe-testfile-powheg-box-v2-W.lhe", ["ct10"]) == [5011.85669])
    let reader = try LHEReader(ByteReader(path: Self.path("pylhe-testfile-powheg-box-v2-hvq.lhe")))
    #expect(reader.head.weights[1].scales == WeightScales(muR: 2, muF: 2, pdf: 99_208_082))
    #expect(reader.head.weights[7].scales.secondPDF == 99_208_083)
    #expect(reader.head.weights[7].group == "pdf_variations")
  }

  @Test("FxFx: npLO and npNLO as numbers; Sherpa: trials and scales")
  func attributes() throws {
    let merged = try LHEReader(
      ByteReader(path: Self.path("pylhe-testfile-madgraph-2.2.1-Z-fxfx.lhe.gz")))
    let slots = ["npLO", "npNLO"].map { merged.wantAttribute($0) }
    var event = ParticleEvent()
    var counts: [String: Int] = [:]
    while try merged.next(into: &event) {
      counts[
        slots.map { "\(Int(merged.attributeValue($0)))" }.joined(separator: " "), default: 0] += 1
    }
    #expect(counts.values.reduce(0, +) == 10_000 && counts.keys.allSatisfy { $0.hasPrefix("-1 ") })
    let sherpa = try LHEReader(
      ByteReader(path: Self.path("pylhe-testfile-sherpa-3.0.1-eejjj.lhe")))
    let scale = sherpa.wantAttribute("mur2")
    #expect(try sherpa.next(into: &event) && sherpa.attributeValue(scale) == 1936)
    #expect(try sherpa.next(into: &event) && sherpa.attributeValue(scale) == 112.03629759)
    #expect(sherpa.trials == 8)
  }
}
