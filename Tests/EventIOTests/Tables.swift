import Diagnostics
import EventModel
import Glibc
import TestSupport
import Testing

@testable import EventIO

/// Tables for these tests.
enum Tables {
  static let setup = Setup(
    name: "pair production",
    parameters: [
      Parameter(name: "cHW", lhaBlock: "smeft", lhaID: 7, range: -1...1, unit: "TeV^-2"),
      Parameter(name: "cHq3", lhaBlock: "smeft", lhaID: 9, range: -0.5...0.25),
    ],
    benchmarks: [
      Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "w", values: [0.5, -0.1]),
    ],
    observables: [
      Observable(name: "pt_l", expression: "l[0].pt", unit: "GeV"),
      Observable(name: "m_ll", expression: "größe"),
    ],
    cuts: ["l[0].pt > 20"])

  static var header: Header {
    var document = setup.document()
    SampleTable.write(
      [SampleRecord(file: "a.lhe", key: 0xdead_beef_0000_0001, samplingBenchmark: 0)],
      to: &document)
    document.set("nothing/here", [Double]())
    document.set("nothing/empty_texts", [String]())
    document.set("scalars/nan", Double.nan)
    document.set("scalars/list_of_nan", [Double.nan, .infinity, -.infinity])
    document.set("scalars/tiny", Double.leastNonzeroMagnitude)
    document.set("scalars/integral", [1.0, 2.0])
    return Header(
      kind: .events, document: document,
      fields: [
        Field(EventFields.observations, components: ["pt_l", "m_ll"]),
        Field(EventFields.weights, components: ["sm", "w"], unit: "pb"),
        Field(EventFields.samplingBenchmark, .int64), Field(EventFields.sample, .int32),
        Field(EventFields.eventID, .int64), Field(EventFields.extraWeights, components: []),
        Field("sluice/rows/score", .float32, components: ["cHW"]),
      ],
      provenance: [
        ProvenanceRecord(
          program: "lhe-read", version: "0.1.0", commandLine: "lhe-read 'a b'", seed: 7,
          inputs: [.init(name: "a.lhe", digest: "0123456789abcdef")])
      ])
  }

  /// Rows `from ..< from + count`, the same for every cut into batches.
  static func batch(from: Int, count: Int) -> Batch {
    let rows = from..<(from + count)
    return Batch(
      count: count,
      columns: [
        .float64(rows.flatMap { [Double($0) * 0.1, $0 % 7 == 3 ? .nan : 1 / Double($0 + 1)] }),
        .float64(rows.flatMap { [1e-3 * Double($0), -1e-5 * Double($0 * $0)] }),
        .int64(rows.map { Int64($0 % 3) - 1 }), .int32(rows.map { Int32($0 % 2) }),
        .int64(rows.map { EventIdentity.id(sampleKey: 42, index: $0) }), .float64([]),
        .float32(rows.map { Float($0) / 3 }),
      ])
  }

  static func write(
    _ rows: Int, batches: Int = 1000, to path: String, options: OutputOptions = .init(),
    header: Header = header
  ) throws {
    let sink = try Output.openTable(path, header: header, options: options)
    var row = 0
    while row < rows {
      let n = min(batches, rows - row)
      try sink.write(batch(from: row, count: n))
      row += n
    }
    try sink.finish()
  }

  /// All rows in one batch.
  static func rows(_ source: any Source) throws -> Batch {
    var blocks = RowBlocks(source.header.fields, blockRows: 1 << 30)
    var all = Batch(
      count: 0, columns: source.header.fields.map(Column.empty))
    while let batch = try source.next() { try blocks.add(batch) { _ in } }
    try blocks.flush { all = $0 }
    return all
  }

  static func open(
    _ path: String, _ options: InputOptions = .init(), journal: Journal = Journal()
  ) throws -> any Source {
    try Input.openTable(path, expecting: Set(Kind.allCases), options: options, journal: journal)
  }

  /// The problem that reading to the end throws.
  static func problem(
    reading path: String, _ options: InputOptions = .init()
  ) -> Problem? {
    do {
      let source = try open(path, options)
      while try source.next() != nil {}
      return nil
    } catch {
      return error as? Problem
    }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    let file = try FileDescriptor.reading(path)
    var all = [UInt8](repeating: 0, count: file.status?.size ?? 0)
    let n = try all.withUnsafeMutableBytes { try file.read(into: $0) }
    return Array(all[0..<n])
  }

  static func save(_ bytes: some Sequence<UInt8>, to path: String) throws {
    let number = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    let file = FileDescriptor(number, name: path, isOwned: true)
    try Array(bytes).withUnsafeBytes { try file.write($0) }
    try file.close()
  }
}

/// Equal bit for bit, NaN included.
func sameBits(_ a: Batch, _ b: Batch) -> Bool {
  a.count == b.count && a.columns.count == b.columns.count
    && zip(a.columns, b.columns).allSatisfy { x, y in
      x.type == y.type && x.withBytes { p in y.withBytes { q in p.elementsEqual(q) } }
    }
}
