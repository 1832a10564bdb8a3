import Diagnostics
import EventIO
import EventModel
import TestSupport

@testable import LesHouches

/// A small LHE file of two-parameter events, every part of which a test can spoil.
struct SmallFile {
  var head = SmallFile.goodHead
  var initBlock = "<init>\n2212 2212 6500 6500 0 0 247000 247000 -4 1\n2.0 0.01 2.0 1\n</init>\n"
  var events = (0..<5).map { SmallFile.event($0) }
  var tail = "</LesHouchesEvents>\n"

  static let goodHead = """
    <LesHouchesEvents version="3.0">
    <header>
    <!-- no <event> here -->
    <MGRunCard>
    <![CDATA[
      5 = nevents ! Number = of events! requested
      average = event_norm ! average/sum = a = b ! c
    ['--mur=1,2'] = systematics_arguments
    ]]>
    </MGRunCard>
    <slha>
    BLOCK SMEFT #
      7 0.000000e+00 # chw
      25 0.000000e+00 # chq3
    DECAY 25 4.070000e-03
      0.58 2 5 -5
    </slha>
    <initrwgt>
    <weightgroup name='mg_reweighting' weight_name_strategy='includeIdInWeightName'>
    <weight id='sm'></weight>
    <weight id='rwgt_2'>set param_card smeft 7 1.0 # orig: 0.0
    </weight>
    <weight id='both'>set param_card smeft 7 1.0 # orig: 0.0
    set param_card SMEFT 25 3d-1 # orig: 0.0
    </weight>
    </weightgroup>
    </initrwgt>
    </header>

    """

  static func event(_ i: Int) -> String {
    """
    <event>
     3 1 +2.0000000e+00 9.1e+01 7.5e-03 1.2D-01
      2 -1 0 0 501 0 0. 0. +1.0e+02 1.0e+02 0. 0. 1.
      -1 -1 0 0 0 501 0. 0. -1.0e+02 1.0e+02 0. 0. -1.
      24 1 1 2 0 0 \(i).5 0. 0. 200.0 80.4 0. 9.
    # a comment <wgt id='sm'> 9 </nothing>
    <rwgt>
    <wgt id='sm'> +2.0000000e+00 </wgt>
    <wgt id="rwgt_2">\(Double(i) + 3)</wgt>
    <wgt id='both'> 1.0-101 </wgt>
    </rwgt>
    </event>

    """
  }

  var text: String { head + initBlock + events.joined() + tail }
  /// Bytes before the event with this index.
  func offset(ofEvent i: Int) -> Int {
    (head + initBlock + events[..<i].joined()).utf8.count
  }
}

/// The setup that fits `SmallFile`.
func smallSetup() -> Setup {
  Setup(
    name: "toy",
    parameters: [
      Parameter(name: "cHW", lhaBlock: "smeft", lhaID: 7, range: -1...1),
      Parameter(name: "cHq3", lhaBlock: "SMEFT", lhaID: 25, range: -0.3...0.3),
    ],
    benchmarks: [
      Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "plus", values: [1, 0]),
      Benchmark(name: "both", values: [1, 0.3]),
    ], observables: [Observable(name: "px", expression: nil)])
}

/// Keeps every event; the observable is px of the last particle.
let lastPx: @Sendable (ParticleEvent, Int, Int64, inout [Double]) throws -> Double? = {
  event, _, _, row in
  row.append(event.particles.last?.momentum.px ?? .nan)
  return 1
}

extension TemporaryFolder {
  /// Writes a file and returns its path.
  func write(_ text: String, _ name: String = "sample.lhe") throws -> String {
    try write(Array(text.utf8), name)
  }
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let outcome = run("tee", [file(name)], input: bytes)
    if outcome.status != 0 { throw Problem(.io, "tee failed") }
    return file(name)
  }
}

/// Everything that reading a text gives.
struct ReadText: Equatable {
  var weights: [Double] = []
  var observations: [Double] = []
  var ids: [Int64] = []
  var records: [SampleRecord] = []
  var warnings: [String] = []
}

/// Reads inputs with a setup; weights are in pb.
func readSamples(
  _ inputs: [SampleInput], setup: Setup, options: ReadingOptions = ReadingOptions(),
  select: EventSelection = lastPx
) throws -> ReadText {
  let journal = Journal()
  let set = try SampleSet(inputs, setup: setup, options: options, journal: journal)
  let sink = MemorySink()
  var result = ReadText()
  result.records = try set.read(into: sink, select: select)
  for batch in sink.batches {
    result.observations += batch.columns[0].doubles
    result.weights += batch.columns[1].doubles
    result.ids += batch.columns[4].integers
  }
  result.warnings = journal.warnings.map(\.text)
  return result
}

func readText(_ text: String, options: ReadingOptions = ReadingOptions()) throws -> ReadText {
  let folder = TemporaryFolder()
  let path = try folder.write(text)
  return try readSamples(
    [SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup(), options: options)
}
