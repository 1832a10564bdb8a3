import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// MadMiner's defects in reading LHE (events.md 9.1, by number), each done right.
///
/// Others are where they belong: 1 in the suites of systematics (LesHouches, `lhe-read` and analysis.yaml), 3 and 16 in
/// BasisTests, 4, 5, 10, 11 and 13 in MadMinerDifferenceTests, 6 in `readsEverything` of AnalysisFileTests, 12 in
/// `parameterTransforms` of SelectionTests and DocumentTests, 15 in NuisanceLimitsTests, 18 in `strings` here and
/// ExpressionTests, 21 in CrossSectionTests. 2, finite differences, are of `augment`, whose JointTests have its scores.
@Suite("Defects of the reference that are not ours")
struct DefectTests {
  static func sigma(_ file: SmallFile) throws -> Double {
    try readText(file.text).records[0].sumWeights
  }

  @Test("7: two samples of one benchmark are two estimates of one cross section, not a sum")
  func sameBenchmark() throws {
    let folder = TemporaryFolder()
    var other = SmallFile()
    other.events = (5..<10).map { SmallFile.event($0) }
    let result = try readSamples(
      [
        SampleInput(role: .benchmark("sm"), file: try folder.write(SmallFile().text)),
        SampleInput(role: .benchmark("sm"), file: try folder.write(other.text, "b.lhe")),
      ], setup: smallSetup())
    // Later commands combine them by their records; each is whole in itself.
    #expect(result.records.map(\.process) == ["toy", "toy"])
    #expect(result.records.allSatisfy { abs($0.sumWeights - 2) < 1e-14 })
  }

  @Test(
    "8: event_norm in any case and with any comment; the events counted, not those asked for",
    arguments: [
      "average = event_norm ! a ! b = c", "Average = event_norm", "'average' = event_norm # x",
      "average=event_norm",
    ])
  func eventNorm(line: String) throws {
    var file = SmallFile()
    file.head = file.head.replacing("average = event_norm ! average/sum = a = b ! c", by: line)
      .replacing("5 = nevents", by: "1000 = nevents")
    #expect(abs(try Self.sigma(file) - 2) < 1e-14)
    file.events.removeLast(2)
    #expect(abs(try Self.sigma(file) - 2) < 1e-14)
  }

  @Test("9: weights are found by id in every event, whatever their order")
  func byID() throws {
    let plain = try readText(SmallFile().text)
    var file = SmallFile()
    let (a, b) = ("<wgt id='sm'> +2.0000000e+00 </wgt>\n", "<wgt id='both'> 1.0-101 </wgt>\n")
    file.events[3] = file.events[3].replacing(a, by: "").replacing(b, by: "").replacing(
      "<rwgt>\n", by: "<rwgt>\n" + b + a)
    #expect(file.events[3] != SmallFile.event(3))
    #expect(try readText(file.text).weights == plain.weights)
  }

  @Test("14: a sample of which nothing passes is left out, and the others are read")
  func emptySelection() throws {
    let folder = TemporaryFolder()
    var other = SmallFile()
    other.events = (5..<10).map {
      SmallFile.event($0).replacing("+2.0000000e+00 9.1", by: "+3.0000000e+00 9.1")
    }
    other.initBlock = other.initBlock.replacing("2.0 0.01", by: "3.0 0.01")
    let result = try readSamples(
      [
        SampleInput(role: .benchmark("sm"), file: try folder.write(SmallFile().text)),
        SampleInput(process: "b", role: .background, file: try folder.write(other.text, "b.lhe")),
      ], setup: smallSetup()
    ) { event, _, _, row in
      guard event.weight == 3 else { return nil }
      row.append(0)
      return 1
    }
    #expect(result.records.map(\.eventsKept) == [0, 5] && result.ids.count == 5)
  }

  @Test("17, 18: a setup with observables as long as they may be is read; its texts are only texts")
  func strings() throws {
    let folder = TemporaryFolder()
    var setup = smallSetup()
    let long = "l[0].pt" + String(repeating: " + l[0].pt", count: 990)
    setup.observables = (0..<20).map { Observable(name: "o\($0)", expression: long) }
    setup.cuts = ["__import__('os').system('touch bad')"]
    try Output.writeDocument(
      Header(kind: .setup, document: setup.document(withReference: false)),
      to: folder.file("setup.h5"), options: OutputOptions(format: .hdf5))
    let header = try Input.readHeader(
      folder.file("setup.h5"), expecting: [.setup], journal: Journal())
    let back = try Setup(document: header.document)
    #expect(back.observables.map(\.expression) == setup.observables.map(\.expression))
    #expect(back.cuts == setup.cuts && folder.contents == ["setup.h5"])
  }

  @Test("19: gzip is read as text is, known by its bytes and not by its name")
  func gzip() throws {
    let folder = TemporaryFolder()
    let packed = run("gzip", ["-c"], input: Array(SmallFile().text.utf8)).output
    let path = try folder.write(packed, "named-otherwise.lhe")
    let result = try readSamples(
      [SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup())
    #expect(result.weights == (try readText(SmallFile().text)).weights)
    #expect(folder.contents == ["named-otherwise.lhe"])
  }

  @Test("20: a background's index is −1 and takes its own factor, not another sample's")
  func background() throws {
    let folder = TemporaryFolder()
    var other = SmallFile()
    other.events = (5..<15).map { SmallFile.event($0).replacing("+2.0000000e+00 9.1", by: "3 9.1") }
    other.initBlock = other.initBlock.replacing("2.0 0.01", by: "3.0 0.01")
    let result = try readSamples(
      [
        SampleInput(process: "b", role: .background, file: try folder.write(other.text, "b.lhe")),
        SampleInput(role: .benchmark("sm"), file: try folder.write(SmallFile().text)),
      ], setup: smallSetup())
    #expect(result.records.map(\.samplingBenchmark) == [-1, 0])
    // 3 pb over ten events, and 2 pb over five.
    #expect(relativeError(result.weights[0], 0.3) < 1e-14)
    #expect(relativeError(result.weights[30], 0.4) < 1e-14)
  }

  @Test(
    "processes with cross sections of their own, end to end: every row has its process's factor")
  func processes() throws {
    var file = SmallFile()
    file.head = file.head.replacing("average = event_norm", by: "x = y")
    file.initBlock =
      "<init>\n2212 2212 6500 6500 0 0 247000 247000 2 2\n3.0 0.01 2.0 1\n1.0 0.01 1. 7\n</init>\n"
    file.events = (0..<6).map {
      $0 % 3 == 0 ? SmallFile.event($0).replacing(" 3 1 +2", by: " 3 7 +2") : SmallFile.event($0)
    }
    let result = try readText(file.text)
    // Weights are 2 in all: 3 pb over four events, 1 pb over two.
    let expected = [0.5, 0.75, 0.75, 0.5, 0.75, 0.75]
    for i in 0..<6 { #expect(relativeError(result.weights[3 * i], expected[i]) < 1e-14) }
    #expect(abs(result.records[0].sumWeights - 4) < 1e-14 && result.warnings == [])
    #expect(result.records[0].normalisation == "XSECUP of each process (IDWTUP 2)")
  }
}
