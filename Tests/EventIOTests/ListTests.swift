import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

/// Columns whose rows are lists: the particle block, and plain lists.
@Suite struct ListTests {
  let folder = TemporaryFolder()

  static let header = Header(
    kind: .events, document: Document(),
    fields: [
      Field(EventFields.eventID, .int64), ParticleBlock.eventField(weightIDs: ["1001", "b.b"]),
      ParticleBlock.particleField, Field("sluice/rows/tags", .int32, isList: true),
      Field("nominal", unit: "pb"),
    ])

  /// Row r has r % 7 particles and r % 3 tags; the values tell row and place.
  static func batch(from: Int, count: Int) -> Batch {
    let rows = from..<(from + count)
    let width = ParticleBlock.particleColumns.count
    var heads: [Double] = []
    for r in rows {
      heads += [1, Double(r % 7), 0, .nan, 91.1, .nan, 1, 0.007, 0.118, -2.5e-3 * Double(r)]
      heads += [Double(r) / 3, r % 5 == 0 ? .nan : 1]
    }
    return Batch(
      count: count,
      columns: [
        .int64(rows.map { Int64($0) * 7 }), .float64(heads),
        .list(
          counts: rows.map { $0 % 7 },
          values: .float64(
            rows.flatMap { r in (0..<(r % 7 * width)).map { Double(r) + Double($0) / 1024 } })),
        .list(
          counts: rows.map { $0 % 3 },
          values: .int32(rows.flatMap { r in (0..<(r % 3)).map { Int32(r - $0) } })),
        .float64(rows.map { Double($0) * 1e-3 }),
      ])
  }

  /// What is read: `start` and `nparticles` are those of the table as it stands.
  static func expected(_ count: Int, from: Int = 0) -> Batch {
    var batch = batch(from: from, count: count)
    guard case .float64(var heads) = batch.columns[1] else { return batch }
    var start = 0
    for r in 0..<count {
      heads[12 * r + 2] = Double(start)
      start += (from + r) % 7
    }
    batch.columns[1] = .float64(heads)
    return batch
  }

  func write(
    _ rows: Int, batches: Int = 777, to path: String, options: OutputOptions = .init()
  ) throws {
    let sink = try Output.openTable(path, header: Self.header, options: options)
    var row = 0
    while row < rows {
      let n = min(batches, rows - row)
      try sink.write(Self.batch(from: row, count: n))
      row += n
    }
    try sink.finish()
  }

  static func counts(_ batch: Batch) -> [[Int]] {
    batch.columns.map {
      if case .list(let counts, _) = $0 { return counts }
      return []
    }
  }

  @Test(arguments: [OutputFormat.hdf5, .stream], [0, 1, 7, 30_000])
  func listsComeBackBitForBit(format: OutputFormat, rows: Int) throws {
    let path = folder.file("t")
    try write(rows, to: path, options: .init(format: format))
    let source = try Tables.open(path)
    #expect(source.header.fields == Self.header.fields)
    #expect(source.header.document == Document())
    let read = try Tables.rows(source)
    #expect(sameBits(read, Self.expected(rows)))
    #expect(Self.counts(read) == Self.counts(Self.expected(rows)))
  }

  @Test func digestsDoNotDependOnEncodingBatchesOrDetours() throws {
    var digests: Set<String?> = []
    for (i, (format, batches)) in [
      (OutputFormat.hdf5, 1), (.hdf5, 9000), (.stream, 3), (.stream, 9000),
    ].enumerated() {
      let path = folder.file("t\(i)")
      try write(9000, batches: batches, to: path, options: .init(format: format, compress: i == 1))
      let source = try Tables.open(path)
      while try source.next() != nil {}
      digests.insert((source as? any DigestedSource)?.contentDigest)
    }
    #expect(digests.count == 1 && digests.first??.count == 16)
    #expect(try Tables.bytes(folder.file("t2")) == Tables.bytes(folder.file("t3")))
    let chain = shell(
      "events convert t0 -O stream | events convert -o u.h5 && events diff t0 u.h5 && events check u.h5",
      in: folder.path)
    #expect(chain.status == 0 && chain.output.isEmpty, "\(chain.text)\(chain.error)")
  }

  /// Two lists with the same entries, cut at other places, are different contents.
  @Test func cutsBetweenRowsCount() throws {
    var digests: Set<String> = []
    for counts in [[1, 2], [2, 1]] {
      var digest = ColumnDigest([Field("x", isList: true)])
      digest.update(
        Batch(count: 2, columns: [.list(counts: counts, values: .float64([1, 2, 3]))]))
      digests.insert(digest.hex)
    }
    #expect(digests.count == 2)
  }

  @Test(arguments: [OutputFormat.hdf5, .stream, .tsv, .json])
  func deferredSinksRewriteBesideLists(format: OutputFormat) throws {
    let path = folder.file("t")
    let sink = try Output.openTable(
      path, header: Self.header, options: .init(format: format, deferred: true))
    for start in stride(from: 0, to: 20_000, by: 1000) {
      try sink.write(Self.batch(from: start, count: 1000))
    }
    var document = Document()
    document.set("late", 1)
    try sink.finish(document: document) { batch in
      batch.columns[4] = .float64(batch.columns[4].doubles.map { $0 * 2 })
    }
    guard format == .hdf5 || format == .stream else { return }
    let source = try Tables.open(path)
    #expect(source.header.document.integer("late") == 1)
    let rows = try Tables.rows(source)
    var expected = Self.expected(20_000)
    expected.columns[4] = .float64(expected.columns[4].doubles.map { $0 * 2 })
    #expect(sameBits(rows, expected) && Self.counts(rows) == Self.counts(expected))
  }

  @Test func headMakesStartAnewAndTextShowsLists() throws {
    try write(100, to: folder.file("t.h5"))
    let outcome = shell(
      """
      set -e
      events head -n 5 t.h5 -o h.h5
      events check h.h5
      events head -n 4 t.h5
      events info t.h5
      events head -n 4 t.h5 -O json
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(sameBits(try Tables.rows(Tables.open(folder.file("h.h5"))), Self.expected(5)))
    let lines = outcome.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasSuffix("\tevents.b.b\tparticles\ttags\tnominal"))
    let cells = lines[3].split(separator: "\t", omittingEmptySubsequences: false)
    #expect(cells.count == 16)
    #expect(cells[13].split(separator: ";").count == 2 && cells[14] == "2;1")
    #expect(cells[13].hasPrefix("2.0,2.0009765625,"))
    #expect(lines.contains { $0.contains("particles.px") && $0.contains("list of float64") })
    #expect(outcome.text.contains("\"particles.counts\": [0, 1, 2, 3]"))
  }

  @Test func numpyRefusesWithTheRemedy() throws {
    try write(3, to: folder.file("t.h5"))
    let outcome = shell("events convert t.h5 -o t.npy", in: folder.path)
    #expect(outcome.status == 64 && outcome.error.contains("-O stream"))
    #expect(folder.contents == ["t.h5"])
  }

  @Test func differencesNameRowAndEntry() throws {
    try write(10, to: folder.file("a.h5"))
    for (name, change) in [("b.h5", { (v: inout [Double]) in v[13 * 3 + 6] = -1 })] {
      let sink = try Output.openTable(
        folder.file(name), header: Self.header, options: .init())
      var batch = Self.batch(from: 0, count: 10)
      guard case .list(let counts, .float64(var values)) = batch.columns[2] else { return }
      change(&values)
      batch.columns[2] = .list(counts: counts, values: .float64(values))
      try sink.write(batch)
      try sink.finish()
    }
    let outcome = shell("events diff a.h5 b.h5", in: folder.path)
    #expect(outcome.status == 1)
    // Rows 0 to 3 hold 0 + 1 + 2 particles before row 3's first.
    #expect(outcome.text.contains("row 4: particles.px of entry 1 is 3.005859375 and -1.0"))
  }

  @Test(.needsPython, arguments: ["backwards", "past", "short", "first"])
  func badOffsetsAreRefused(kind: String) throws {
    try write(20, to: folder.file("t.h5"))
    let outcome = Python.run(
      script: """
        import h5py, sys
        with h5py.File('t.h5', 'r+') as f:
            o = f['sluice/offsets/particles']
            kind = sys.argv[1]
            if kind == 'backwards': o[5] = 0
            elif kind == 'past': o[20] = 100000
            elif kind == 'short': o.resize((11,))
            elif kind == 'first': o[0] = -1
        """, arguments: [kind], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let problem = Tables.problem(reading: folder.file("t.h5"))
    #expect(problem?.kind == .data, "\(problem?.line ?? "no problem")")
  }

  /// No cut of a stream with lists reads as a smaller table; no changed byte crashes.
  @Test func damagedStreamsAreRefused() throws {
    let (whole, cut) = (folder.file("t"), folder.file("c"))
    try write(9, to: whole, options: .init(format: .stream))
    let bytes = try Tables.bytes(whole)
    for n in stride(from: 0, to: bytes.count, by: 3) {
      try Tables.save(bytes[0..<n], to: cut)
      #expect(Tables.problem(reading: cut)?.kind == .data, "cut at \(n)")
      var changed = bytes
      changed[n] ^= 0x81
      try Tables.save(changed, to: cut)
      if let source = try? Tables.open(cut), let rows = try? Tables.rows(source) {
        #expect(rows.count <= 9 || source.header.fields != Self.header.fields)
      }
    }
  }

  @Test(.needsPython) func pyarrowReadsListsAndWeReadPyarrows() throws {
    try write(1000, to: folder.file("t.arrows"))
    let outcome = Python.run(
      script: """
        import pyarrow as pa, pyarrow.ipc as ipc
        t = ipc.open_stream('t.arrows').read_all()
        t.validate(full=True)
        assert t.num_rows == 1000
        p = t['particles']
        assert str(p.type) == 'list<item: struct<' + ', '.join(f'{n}: double not null' for n in
            'id status mother1 mother2 color1 color2 px py pz e m lifetime spin'.split()) + '> not null>', p.type
        assert [len(x) for x in p.to_pylist()[:9]] == [0, 1, 2, 3, 4, 5, 6, 0, 1]
        assert p[3].as_py()[1]['px'] == 3 + (13 + 6) / 1024
        assert t['tags'].to_pylist()[:4] == [[], [1], [2, 1], []]
        assert t['events.start'].to_pylist()[:5] == [0, 0, 1, 3, 6]
        with ipc.new_stream('again.arrows', t.schema) as w:
            w.write_table(t.slice(100, 900), max_chunksize=77)
        x = pa.array([[1.5], None, [2.5, None]], pa.list_(pa.float64()))
        y = pa.array([[{'a': 1, 'b': 2}], [], [{'a': 3, 'b': 4}, {'a': 5, 'b': 6}]],
            pa.large_list(pa.struct([('a', pa.int64()), ('b', pa.int64())])))
        f = pa.table({'x': x, 'y': y})
        with ipc.new_stream('foreign.arrows', f.schema) as w: w.write_table(f)
        """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let again = try Tables.open(folder.file("again.arrows"), .init(reseal: true))
    var expected = Self.batch(from: 100, count: 900)
    let whole = Self.expected(1000).columns[1]
    expected.columns[1] = whole.rows(from: 100, count: 900, width: 12)
    let read = try Tables.rows(again)
    #expect(sameBits(read, expected) && Self.counts(read) == Self.counts(expected))
    let foreign = try Tables.open(folder.file("foreign.arrows"))
    #expect(
      foreign.header.fields == [
        Field("x", isList: true), Field("y", .int64, components: ["a", "b"], isList: true),
      ])
    let rows = try Tables.rows(foreign)
    #expect(Self.counts(rows) == [[1, 0, 2], [1, 0, 2]])
    #expect(rows.columns[1].integers == [1, 2, 3, 4, 5, 6])
    #expect(rows.columns[0].doubles.prefix(2) == [1.5, 2.5] && rows.columns[0].doubles[2].isNaN)
  }

  @Test(.needsPython) func h5pyReadsTheBlockAsLHEH5() throws {
    try write(50, to: folder.file("t.h5"))
    let outcome = Python.run(
      script: """
        import h5py, numpy as np
        with h5py.File('t.h5') as f:
            e, p = f['events'], f['particles']
            names = list(e.attrs['properties'])
            assert names == 'pid nparticles start trials scale fscale rscale aqed aqcd NOMINAL 1001 b.b'.split(), names
            assert list(p.attrs['properties'])[6:10] == ['px', 'py', 'pz', 'e']
            n, start = e[:, 1].astype(int), e[:, 2].astype(int)
            assert (start == np.concatenate([[0], np.cumsum(n)[:-1]])).all() and start[-1] + n[-1] == len(p)
            o = f['sluice/offsets/particles'][:]
            assert (o[:-1] == start).all() and o[-1] == len(p) and p.maxshape == (None, 13)
        """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
  }
}
