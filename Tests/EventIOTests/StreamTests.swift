import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

@Suite struct StreamTests {
  let folder = TemporaryFolder()

  /// Every prefix of a stream, and every prefix of it inside gzip, is refused: no cut reads as a smaller table.
  @Test func everyCutIsRefused() throws {
    let (whole, cut) = (folder.file("t"), folder.file("c"))
    // A small header keeps this quick; the borders are the same.
    var document = Document()
    document.set("a", 1)
    let header = Header(kind: .events, document: document, fields: Tables.header.fields)
    try Tables.write(50, to: whole, options: .init(format: .stream), header: header)
    let bytes = try Tables.bytes(whole)
    for n in 0..<bytes.count {
      try Tables.save(bytes[0..<n], to: cut)
      #expect(Tables.problem(reading: cut)?.kind == .data, "cut at \(n)")
    }
    #expect(Tables.problem(reading: whole) == nil)
    #expect(run("gzip", [whole]).status == 0)
    #expect(Tables.problem(reading: whole + ".gz") == nil)
    let packed = try Tables.bytes(whole + ".gz")
    for n in 0..<packed.count where n % 7 == 0 || n > packed.count - 40 {
      try Tables.save(packed[0..<n], to: cut)
      #expect(Tables.problem(reading: cut)?.kind == .data, "gzip cut at \(n)")
    }
  }

  /// One byte changed anywhere is refused or gives the rows unchanged (padding); it never crashes.
  @Test func changedBytesNeverPass() throws {
    let (whole, changed) = (folder.file("t"), folder.file("c"))
    try Tables.write(20, to: whole, options: .init(format: .stream, provenance: false))
    let bytes = try Tables.bytes(whole)
    let truth = Tables.batch(from: 0, count: 20)
    for n in stride(from: 0, to: bytes.count, by: 5) {
      var copy = bytes
      copy[n] ^= 0x41
      try Tables.save(copy, to: changed)
      if let source = try? Tables.open(changed), source.header.fields == Tables.header.fields,
        let rows = try? Tables.rows(source), source.rowCount != nil,
        // A changed key makes the stream a foreign or an unsealed one, which promises less.
        ContentDigest.of(source.header) == ContentDigest.of(Tables.header)
      {
        #expect(sameBits(rows, truth) || rows.count != 20 || n < 4096, "byte \(n)")
      }
    }
  }

  @Test func salvageKeepsWholeBatches() throws {
    let (whole, cut) = (folder.file("t"), folder.file("c"))
    try Tables.write(150_000, to: whole, options: .init(format: .stream))
    let bytes = try Tables.bytes(whole)
    try Tables.save(bytes[0..<(bytes.count * 9 / 10)], to: cut)
    let journal = Journal()
    let source = try Tables.open(cut, .init(salvage: true), journal: journal)
    let rows = try Tables.rows(source)
    #expect(rows.count > 60_000 && rows.count < 150_000)
    #expect(sameBits(rows, Tables.batch(from: 0, count: rows.count)))
    #expect(journal.warnings.count == 1)
    #expect(source.header.document.integer(StreamConvention.salvaged) == 1)
  }

  @Test func droppedClosingBatchNamesTheRemedy() throws {
    let path = folder.file("t")
    let output = try OutputFile(path)
    let writer = ArrowWriter(output.descriptor)
    let header = Header(kind: .estimates, fields: [Field("log_r")])
    try writer.writeSchema(
      StreamLayout.arrowFields(header.fields), metadata: StreamLayout.metadata(header))
    try [1.0, 2.0].withUnsafeBytes { try writer.writeBatch(rows: 2, columns: [.values($0)]) }
    try writer.writeEnd()
    try output.commit()
    let problem = Tables.problem(reading: path)
    #expect(problem?.kind == .data)
    #expect(problem?.remedy?.contains("events convert --reseal") == true)
    let rows = try Tables.rows(Tables.open(path, .init(reseal: true)))
    #expect(rows.columns == [.float64([1, 2])])
  }

  @Test func endlessStreamsNeedOnlyTheMark() throws {
    let path = folder.file("t")
    var header = Header(kind: .sample, fields: [Field("y", .int32)])
    header.isEndless = true
    let sink = try Output.openTable(path, header: header, options: .init(format: .stream))
    try sink.write(Batch(count: 2, columns: [.int32([0, 1])]))
    try sink.finish()
    let source = try Tables.open(path)
    #expect(source.header.isEndless)
    #expect(source.rowCount == nil)
    #expect(try Tables.rows(source).columns == [.int32([0, 1])])
    let bytes = try Tables.bytes(path)
    try Tables.save(bytes.dropLast(8), to: path)
    #expect(Tables.problem(reading: path)?.kind == .data)
  }

  @Test func twoStreamsInOneFileAreRefused() throws {
    let path = folder.file("t")
    try Tables.write(5, to: path, options: .init(format: .stream))
    let bytes = try Tables.bytes(path)
    try Tables.save(bytes + bytes, to: path)
    #expect(Tables.problem(reading: path)?.remedy?.contains("events merge") == true)
  }

  @Test func newerVersionsAreRefused() throws {
    let path = folder.file("t")
    let output = try OutputFile(path)
    try ArrowWriter(output.descriptor).writeSchema(
      [], metadata: [(StreamLayout.kind, "events"), (StreamLayout.formatVersion, "2")])
    try output.commit()
    #expect(Tables.problem(reading: path)?.fact.contains("version 2") == true)
  }
}

@Suite(.needsPython) struct PyarrowTests {
  let folder = TemporaryFolder()

  @Test func pyarrowReadsOurStream() throws {
    let path = folder.file("t")
    try Tables.write(40_000, to: path, options: .init(format: .stream))
    let outcome = Python.run(
      script: """
        import pyarrow.ipc as ipc, sys, json
        r = ipc.open_stream(sys.argv[1])
        t = r.read_all()
        t.validate(full=True)
        assert t.num_rows == 40000, t.num_rows
        assert t.column_names == ['observations.pt_l', 'observations.m_ll', 'weights.sm', 'weights.w',
            'sampling_benchmarks', 'sample', 'event_id', 'score.cHW'], t.column_names
        assert t['weights.sm'][39999].as_py() == 1e-3 * 39999
        assert t['sample'][1].as_py() == 1
        m = t.schema.metadata
        assert m[b'sluice.kind'] == b'events' and m[b'sluice.sealed'] == b'1'
        assert json.loads(m[b'sluice.document'])['sluice']['setup']['cuts'] == ['l[0].pt > 20']
        assert t.schema.field('weights.w').metadata == {b'sluice.path': b'samples/weights',
            b'sluice.component': b'w', b'unit': b'pb'}
        r = ipc.open_stream(sys.argv[1])
        last = None
        while True:
            try: last = r.read_next_batch_with_custom_metadata()
            except StopIteration: break
        assert last.batch.num_rows == 0
        assert last.custom_metadata[b'sluice.rows'] == b'40000'
        assert len(last.custom_metadata[b'sluice.digest']) == 16
        s = json.loads(last.custom_metadata[b'sluice.sum_weights'])
        assert abs(s[0] / (1e-3 * 39999 * 20000) - 1) < 1e-12, s
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  private func stream(_ script: String) -> String {
    let path = folder.file("p")
    let outcome = Python.run(
      script: """
        import pyarrow as pa, pyarrow.ipc as ipc, numpy as np, sys
        def write(batches, **options):
            with ipc.new_stream(sys.argv[1], batches[0].schema, **options) as w:
                for b in batches: w.write_batch(b)
        \(script)
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    return path
  }

  @Test func slicesEmptyBatchesAndNullsAreRead() throws {
    let path = stream(
      """
      s = pa.schema([pa.field('v', pa.float64(), metadata={'unit': 'GeV'}), ('f', pa.float32()), ('n', pa.int32()), ('i', pa.int64())])
      b = pa.record_batch([pa.array([1., None, 3., 4.]), pa.array([.5, 1.5, None, 2.5], pa.float32()),
          pa.array([1, 2, 3, 4], pa.int32()), pa.array([1 << 40, 2, 3, -4])], schema=s)
      write([b, b.slice(1, 2), b.slice(0, 0)])
      """)
    let source = try Tables.open(path)
    #expect(source.header.kind == .events && source.header.fields[0].unit == "GeV")
    let rows = try Tables.rows(source)
    #expect(rows.count == 6)
    #expect(rows.columns[0].doubles.map(\.isNaN) == [false, true, false, false, true, false])
    #expect(rows.columns[0].doubles[2...3] == [3, 4])
    #expect(rows.columns[1].doubles[3...4] == [2.5, 1.5] && rows.columns[1].doubles[5].isNaN)
    #expect(rows.columns[2] == .int32([1, 2, 3, 4, 2, 3]))
    #expect(rows.columns[3] == .int64([1 << 40, 2, 3, -4, 2, 3]))
  }

  @Test func aLargeBatchComesInPieces() throws {
    let path = stream(
      "write([pa.record_batch([pa.array(np.arange(200000.)) for _ in range(5)], names=list('abcde'))])"
    )
    let source = try Tables.open(path)
    var largest = 0
    var sum = 0.0
    while let batch = try source.next() {
      largest = max(largest, batch.count)
      sum += batch.columns[4].doubles.reduce(0, +)
    }
    #expect(largest <= 65536)
    #expect(sum == 199_999.0 * 100_000)
  }

  @Test(arguments: [
    ("write([pa.record_batch([pa.array([1, None])], names=['k'])])", "null"),
    ("write([pa.record_batch([pa.array(['a'])], names=['k'])])", "texts"),
    ("write([pa.record_batch([pa.array([[[1.]]])], names=['k'])])", "type 12"),
    ("write([pa.record_batch([pa.array([1], pa.uint32())], names=['k'])])", "unsigned"),
    (
      "write([pa.record_batch([pa.array(['a']).dictionary_encode()], names=['k'])])", "dictionary"
    ),
    (
      "write([pa.record_batch([pa.array([1.])], names=['k'])], options=ipc.IpcWriteOptions(compression='zstd'))",
      "compressed"
    ),
    ("write([pa.record_batch([pa.array([1.]), pa.array([1.])], names=['k', 'k'])])", "one name"),
  ])
  func otherContentIsRefused(script: String, fact: String) {
    let problem = Tables.problem(reading: stream(script))
    #expect(problem?.kind == .data)
    #expect(problem?.line.contains(fact) == true, "\(problem?.line ?? "nothing")")
  }

  @Test func aFileIsTheStreamInIt() throws {
    let path = stream(
      """
      import pyarrow.feather as feather
      t = pa.table({'event': np.arange(1, 100001), 'x': np.arange(100000.) / 2})
      feather.write_feather(t, sys.argv[1] + '.feather', compression='uncompressed', chunksize=30000)
      feather.write_feather(t, sys.argv[1] + '.lz4', compression='lz4')
      write([pa.record_batch([pa.array([1.])], names=['k'])])
      """)
    let rows = try Tables.rows(Tables.open(path + ".feather"))
    #expect(rows.count == 100_000)
    #expect(rows.columns[0].integers[99_999] == 100_000 && rows.columns[1].doubles[3] == 1.5)
    let problem = Tables.problem(reading: path + ".lz4")
    #expect(problem?.fact.contains("compressed") == true)
    #expect(problem?.remedy?.contains("compression='uncompressed'") == true)
    // Cut in a batch it is truncated, as a stream is.
    let bytes = try Tables.bytes(path + ".feather")
    try Tables.save(bytes.prefix(400_000), to: path)
    #expect(Tables.problem(reading: path)?.fact.contains("truncated") == true)
  }

  /// A filter of pyarrow's keeps our metadata and drops the closing batch.
  @Test func aFilteredStreamCanBeResealed() throws {
    let whole = folder.file("t")
    try Tables.write(1000, to: whole, options: .init(format: .stream))
    let path = folder.file("filtered")
    let outcome = Python.run(
      script: """
        import pyarrow.ipc as ipc, pyarrow.compute as pc, sys
        t = ipc.open_stream(sys.argv[1]).read_all()
        t = t.filter(pc.field('observations.pt_l') > 50)
        with ipc.new_stream(sys.argv[2], t.schema) as w: w.write_table(t)
        """, arguments: [whole, path])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(Tables.problem(reading: path)?.remedy?.contains("--reseal") == true)
    let source = try Tables.open(path, .init(reseal: true))
    #expect(source.header.fields.map(\.path) == Tables.header.fields.map(\.path))
    #expect(try Tables.rows(source).count == 499)
  }
}
