import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

/// Other encodings, read back by the programs they are for, and the command `events`.
@Suite struct ConversionTests {
  let folder = TemporaryFolder()

  @Test(.needsPython) func numpyAndPandasReadWhatWeWrite() throws {
    for (name, format) in [("t.npy", OutputFormat.npy), ("t.tsv", .tsv), ("t.json", .json)] {
      try Tables.write(3000, to: folder.file(name), options: .init(format: format))
    }
    let outcome = Python.run(
      script: """
        import numpy as np, json, sys
        a = np.load('t.npy')
        assert a.shape == (3000,) and a.dtype.names[:3] == ('observations.pt_l', 'observations.m_ll', 'weights.sm')
        assert a['weights.sm'][2999] == 1e-3 * 2999 and np.isnan(a['observations.m_ll'][3])
        assert a['event_id'].dtype == '<i8' and a['score.cHW'].dtype == '<f4'
        lines = open('t.tsv').read().splitlines()
        names = lines[0][2:].split('\\t')
        assert lines[0].startswith('# ') and tuple(names) == a.dtype.names and len(lines) == 3001
        for i in (0, 3, 2999):
            for name, text in zip(names, lines[i + 1].split('\\t')):
                x = a.dtype[name].type(text)
                assert x == a[name][i] or (np.isnan(x) and np.isnan(a[name][i])), (name, text)
        j = json.load(open('t.json'))
        assert j['kind'] == 'events' and j['columns']['samples.weights'][2999][0] == 1e-3 * 2999
        assert j['columns']['samples.observations'][3][1] == 'nan'
        assert j['document']['parameters']['names'] == ['cHW', 'cHq3']
        """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  @Test(arguments: [OutputFormat.tsv, .npy, .json])
  func deferredRowsChangeInEveryFormat(format: OutputFormat) throws {
    let header = Header(kind: .estimates, fields: [Field("log_r")])
    var bytes: [[UInt8]] = []
    for isDeferred in [true, false] {
      let path = folder.file("\(isDeferred)")
      let sink = try Output.openTable(
        path, header: header, options: .init(format: format, deferred: isDeferred))
      try sink.write(Batch(count: 3, columns: [.float64(isDeferred ? [1, 2, 3] : [2, 4, 6])]))
      try sink.finish(
        document: nil,
        rewriting: isDeferred
          ? { $0.columns[0] = .float64($0.columns[0].doubles.map { $0 * 2 }) } : nil)
      bytes.append(try Tables.bytes(path))
    }
    #expect(bytes[0] == bytes[1])
  }

  /// A chain through every encoding that keeps all ends where it began.
  @Test func convertIsLossless() throws {
    try Tables.write(5000, to: folder.file("a.h5"))
    let outcome = shell(
      """
      set -e
      events convert a.h5 | events convert -o b.h5 --compress
      gzip -c < <(events convert b.h5) | events convert -O stream -o c.arrows
      events diff a.h5 c.arrows
      events diff c.arrows b.h5
      """, in: folder.path)
    #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.text)\(outcome.error)")
    let history = try Tables.open(folder.file("c.arrows")).header.provenance
    #expect(history.map(\.program) == ["lhe-read", "events", "events", "events", "events"])
  }

  @Test func checkSaysNoWithOne() throws {
    let path = folder.file("a.h5")
    var document = Tables.header.document
    SampleTable.write(
      [SampleRecord(file: "a.lhe", samplingBenchmark: 0, eventsRead: 9, eventsKept: 9)],
      to: &document)
    let header = Header(
      kind: .events, document: document,
      fields: [
        Field(EventFields.weights, components: ["sm", "w"]), Field(EventFields.sample, .int32),
        Field(EventFields.eventID, .int64),
      ])
    let sink = try Output.openTable(path, header: header, options: .init())
    try sink.write(
      Batch(
        count: 2,
        columns: [.float64([.nan, 1, 2, .infinity]), .int32([0, 1]), .int64([5, 5])]))
    try sink.finish()
    let outcome = shell("events check a.h5", in: folder.path)
    #expect(outcome.status == 1)
    for fact in [
      "weights.sm: 1 NaN, 0 infinite", "weights.w: 0 NaN, 1 infinite",
      "1 rows, but the sample table says 9",
      "1 rows belong to no entry", "1 events are there more than once",
    ] { #expect(outcome.text.contains(fact), "\(fact): \(outcome.text)") }
    // What cannot be read is bad data, not an answer.
    let cut = shell("head -c 4000 a.h5 > c.h5; events check c.h5", in: folder.path)
    #expect(cut.status == 65 && cut.error.hasPrefix("events: error: c.h5: "), "\(cut.error)")
    #expect(cut.output.isEmpty)
    let several = shell("events check c.h5 a.h5", in: folder.path)
    #expect(several.status == 65)
    #expect(several.text.contains("weights.sm: 1 NaN"))
    #expect(shell("events diff a.h5 a.h5", in: folder.path).status == 0)
    try Tables.write(3, to: folder.file("b.h5"))
    let different = shell("events diff a.h5 b.h5", in: folder.path)
    #expect(different.status == 1 && different.text.contains("columns:"))
  }

  @Test func infoAndHead() throws {
    try Tables.write(12, to: folder.file("a.h5"))
    let info = shell("events info a.h5", in: folder.path)
    #expect(info.status == 0)
    for fact in [
      "kind: events", "rows: 12", "cHW", "TeV^-2", "l[0].pt > 20", "weights.sm", "lhe-read 'a b'",
    ] { #expect(info.text.contains(fact), "\(fact)") }
    let json = shell("events info --json a.h5", in: folder.path)
    #expect(try Document(json: json.text).integer("rows") == 12)
    let head = shell("events convert a.h5 | events head -n 2", in: folder.path)
    #expect(head.status == 0 && head.text.split(separator: "\n").count == 3)
    #expect(head.text.hasPrefix("# observations.pt_l\tobservations.m_ll\tweights.sm"))
  }

  /// Two samples of one process: MadMiner's plain sums of the exported rows are the balanced cross sections.
  @Test(.needsPython) func forMadMinerSumsAreTheCrossSections() throws {
    let samples = [(0, 400), (1, 200)].map { benchmark, n in
      SampleRecord(
        file: "\(benchmark).lhe", process: "wh", samplingBenchmark: benchmark, eventsRead: n,
        eventsKept: n, sumAbsoluteWeights: 2, sumWeights: 2, sumSquaredWeights: 4 / Double(n))
    }
    var document = Tables.setup.document()
    SampleTable.write(samples, to: &document)
    let header = Header(
      kind: .events, document: document,
      fields: [
        Field(EventFields.observations, components: ["pt_l", "m_ll"]),
        Field(EventFields.weights, components: ["sm", "w"]),
        Field(EventFields.samplingBenchmark, .int64), Field(EventFields.sample, .int32),
        Field(EventFields.eventID, .int64),
      ])
    let rows = 0..<600
    let batch = Batch(
      count: 600,
      columns: [
        .float64(rows.flatMap { [Double($0), 1] }),
        .float64(rows.flatMap { $0 < 400 ? [0.005, 0.004 + 1e-5 * Double($0)] : [0.008, 0.01] }),
        .int64(rows.map { $0 < 400 ? 0 : 1 }), .int32(rows.map { $0 < 400 ? 0 : 1 }),
        .int64(rows.map { EventIdentity.id(sampleKey: 1, index: $0) }),
      ])
    let sink = try Output.openTable(folder.file("a.h5"), header: header, options: .init())
    try sink.write(batch)
    try sink.finish()
    let table = try EventTable.load(Tables.open(folder.file("a.h5")))
    let factors = try table.rowFactors(.balance)
    let sigma = (0..<2).map { b in rows.reduce(0) { $0 + factors[$1] * table.weights[2 * $1 + b] } }
    let outcome = shell(
      """
      events convert --for-madminer a.h5 -o m.h5 && events convert --for-madminer a.h5 -o n.h5 &&
      events diff m.h5 n.h5 && events check m.h5
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)\(outcome.text)")
    let read = Python.run(
      script: """
        import h5py
        f = h5py.File('m.h5')
        w = f['samples/weights'][()]
        assert list(f['sample_summary/signal_events'][()]) == [600, 0]
        assert f['sample_summary/background_events'][()] == 0
        assert set(f['samples/sampling_benchmarks'][()]) == {0}
        x = f['samples/observations'][()][:, 0]
        assert sorted(x) == list(range(600)) and list(x) != sorted(x)
        print(*w.sum(axis=0))
        """, in: folder.path)
    #expect(read.status == 0, "\(read.error)")
    let sums = read.text.split(whereSeparator: \.isWhitespace).compactMap { Double(String($0)) }
    // Sums in another order.
    #expect(zip(sums, sigma).allSatisfy { relativeError($0, $1) < 1e-13 } && sums.count == 2)
  }
}
