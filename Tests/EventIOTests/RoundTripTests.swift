import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

@Suite struct RoundTripTests {
  let folder = TemporaryFolder()

  @Test(arguments: [OutputFormat.hdf5, .stream], [0, 1, 17, 70_000])
  func tablesComeBackBitForBit(format: OutputFormat, rows: Int) throws {
    let path = folder.file("t")
    try Tables.write(rows, batches: 999, to: path, options: .init(format: format))
    let source = try Tables.open(path)
    #expect(source.header.kind == .events)
    #expect(source.header.fields == Tables.header.fields)
    #expect(source.header.provenance == Tables.header.provenance)
    #expect(
      ContentDigest.of(source.header) == ContentDigest.of(Tables.header),
      "\(source.header.document.json(pretty: true))")
    #expect(sameBits(try Tables.rows(source), Tables.batch(from: 0, count: rows)))
    #expect(source.rowCount == rows)
    #expect(folder.contents == ["t"])
  }

  @Test func digestsDoNotDependOnEncodingOrBatches() throws {
    var digests: Set<String?> = []
    for (format, batches) in [
      (OutputFormat.hdf5, 1), (.hdf5, 70_000), (.stream, 3), (.stream, 500),
    ] {
      let path = folder.file("t")
      try Tables.write(1000, batches: batches, to: path, options: .init(format: format))
      let source = try Tables.open(path)
      while try source.next() != nil {}
      digests.insert((source as? any DigestedSource)?.contentDigest)
    }
    #expect(digests.count == 1)
    #expect(digests.first??.count == 16)
  }

  @Test(arguments: [OutputFormat.hdf5, .stream])
  func equalContentsGiveEqualBytes(format: OutputFormat) throws {
    let (a, b) = (folder.file("a"), folder.file("b"))
    try Tables.write(3000, batches: 7, to: a, options: .init(format: format))
    try Tables.write(3000, batches: 1024, to: b, options: .init(format: format))
    #expect(try Tables.bytes(a) == Tables.bytes(b))
  }

  @Test(arguments: [OutputFormat.hdf5, .stream])
  func deferredSinksChangeRowsAndDocument(format: OutputFormat) throws {
    let path = folder.file("t")
    let sink = try Output.openTable(
      path, header: Tables.header, options: .init(format: format, deferred: true))
    for start in stride(from: 0, to: 90_000, by: 1000) {
      try sink.write(Tables.batch(from: start, count: 1000))
    }
    var document = Tables.header.document
    document.set("sample_summary/background_events", 12)
    try sink.finish(document: document) { batch in
      batch.columns[1] = .float64(batch.columns[1].doubles.map { $0 * 2 })
    }
    let source = try Tables.open(path)
    #expect(source.header.document.integer("sample_summary/background_events") == 12)
    let rows = try Tables.rows(source)
    #expect(
      rows.columns[1].doubles
        == Tables.batch(from: 0, count: 90_000).columns[1].doubles.map { $0 * 2 })
    #expect(rows.columns[4] == Tables.batch(from: 0, count: 90_000).columns[4])
  }

  @Test func compressedFilesAreSmallerAndEqual() throws {
    let (plain, packed) = (folder.file("a.h5"), folder.file("b.h5"))
    try Tables.write(20_000, to: plain)
    try Tables.write(20_000, to: packed, options: .init(compress: true))
    #expect(try Tables.bytes(packed).count < Tables.bytes(plain).count)
    #expect(sameBits(try Tables.rows(Tables.open(packed)), Tables.batch(from: 0, count: 20_000)))
  }
}
