import Diagnostics
import EventModel

/// What a table holds whatever the order of its rows: for every column, and for whole rows, the sum modulo 2⁶⁴ of a hash
/// of each row; and the exact sum of every weight.
///
/// Sums of parts add up to those of the whole. Columns, and the values of a row in them, are taken in alphabetical order;
/// benchmarks count by their names and samples by their keys, so that merging tables changes nothing.
public struct RowSums: Sendable, Equatable {
  public struct ColumnSum: Sendable, Equatable {
    public var name: String
    public var digest: UInt64
    public init(name: String, digest: UInt64) {
      self.name = name
      self.digest = digest
    }
  }
  public struct WeightSum: Sendable, Equatable {
    public var name: String
    public var sum: ExactSum
    public init(name: String, sum: ExactSum = ExactSum()) {
      self.name = name
      self.sum = sum
    }
  }

  public var rows = 0
  /// Of whole rows: that the values in them belong together.
  public var digest: UInt64 = 0
  /// In alphabetical order.
  public var columns: [ColumnSum] = []
  public var weights: [WeightSum] = []

  public init() {}

  /// Reads a source to its end.
  public init(reading source: any Source, journal: Journal) throws {
    let header = source.header
    let order = header.fields.indices.sorted { header.fields[$0].path < header.fields[$1].path }
    let hashes = try order.map { try FieldHash(header, field: $0) }
    columns = order.map { ColumnSum(name: header.fields[$0].path, digest: 0) }
    let names = Self.weightNames(header)
    weights = names.map { WeightSum(name: $0.name) }
    while let batch = try source.next() {
      var whole = [UInt64](repeating: 0, count: batch.count)
      for (c, i) in order.enumerated() {
        hashes[c].rows(batch.columns[i], count: batch.count) { row, hash in
          columns[c].digest &+= hash
          whole[row] = FieldHash.mix(whole[row], hash)
        }
      }
      for hash in whole { digest &+= FieldHash.mix(0, hash) }
      for (w, place) in names.enumerated() {
        let values = batch.columns[place.field].doubles
        for at in stride(from: place.component, to: values.count, by: place.width) {
          weights[w].sum.add(values[at])
        }
      }
      rows += batch.count
      journal.progress("rows of \(source.name)", rows)
    }
  }

  private static func weightNames(
    _ header: Header
  ) -> [(name: String, field: Int, component: Int, width: Int)] {
    let paths = [
      EventFields.weights, EventFields.extraWeights, EventFields.nominal, SampleFields.weight,
    ]
    var found: [(name: String, field: Int, component: Int, width: Int)] = []
    for (i, field) in header.fields.enumerated() where paths.contains(field.path) {
      for (c, name) in (field.components ?? ["weight"]).enumerated() {
        found.append((name, i, c, field.width))
      }
    }
    return found.sorted { ($0.name, $0.field) < ($1.name, $1.field) }
  }

  /// The sums of two tables together. Throws `.data` where they have other columns; `names` are what problems call them.
  public mutating func add(_ other: RowSums, names: (own: String, other: String)) throws {
    let (mine, theirs) = (columns.map(\.name), other.columns.map(\.name))
    func differ(_ fact: String) -> Problem {
      Problem(.data, fact, remedy: "add sums of tables with the same columns", file: names.other)
    }
    for name in mine where !theirs.contains(name) {
      throw differ("there is no column \(name), which \(names.own) has")
    }
    for name in theirs where !mine.contains(name) {
      throw differ("there is a column \(name), which \(names.own) has not")
    }
    guard weights.map(\.name) == other.weights.map(\.name) else {
      throw differ("the weights are others than in \(names.own)")
    }
    rows += other.rows
    digest &+= other.digest
    for i in columns.indices { columns[i].digest &+= other.columns[i].digest }
    for i in weights.indices { weights[i].sum += other.weights[i].sum }
  }

  // MARK: as a document

  public var document: Document {
    var d = Document()
    d.set("rows", rows)
    d.set("digest", XXH64.hex(digest))
    d.set("columns/name", columns.map(\.name))
    d.set("columns/digest", columns.map { XXH64.hex($0.digest) })
    if !weights.isEmpty {
      d.set("weights/name", weights.map(\.name))
      d.set("weights/sum", weights.map(\.sum.value))
      d.set("weights/exact", weights.map(\.sum.text))
    }
    return d
  }

  /// Nil for a document that is something else.
  public init?(document d: Document) {
    guard let rows = d.integer("rows"), let digest = d.text("digest"),
      let whole = UInt64(digest, radix: 16)
    else { return nil }
    self.rows = rows
    self.digest = whole
    let digests = (d.texts("columns/digest") ?? []).compactMap { UInt64($0, radix: 16) }
    let sums = (d.texts("weights/exact") ?? []).compactMap { ExactSum(text: $0) }
    let (names, weightNames) = (d.texts("columns/name") ?? [], d.texts("weights/name") ?? [])
    guard digests.count == names.count, sums.count == weightNames.count else { return nil }
    columns = zip(names, digests).map { ColumnSum(name: $0, digest: $1) }
    weights = zip(weightNames, sums).map { WeightSum(name: $0, sum: $1) }
  }
}

/// The hash of each row of one column: a chain of SplitMix64's finaliser over the values' bits.
private struct FieldHash {
  private let seed: UInt64
  private let width: Int
  /// Positions of the components in alphabetical order of their names.
  private let order: [Int]
  /// What the values of an index stand for.
  private var meanings: [Int64]?

  init(_ header: Header, field index: Int) throws {
    let field = header.fields[index]
    let names = field.components ?? [""]
    width = field.width
    // Where an event's particles begin among all follows from the order of the rows.
    order = names.indices.sorted { names[$0] < names[$1] }.filter {
      field.path != ParticleBlock.events || names[$0] != "start"
    }
    var hash = XXH64()
    hash.update(field.path)
    for i in order {
      hash.update(names[i])
      hash.update(UInt8(0))
    }
    seed = hash.value
    if field.path == EventFields.sample {
      meanings = try SampleTable.read(header.document)?.map { Int64(bitPattern: $0.key) }
    } else if field.path == EventFields.samplingBenchmark {
      meanings = header.document.texts("benchmarks/names").map { names in
        names.map { name in
          var hash = XXH64()
          hash.update(name)
          return Int64(bitPattern: hash.value)
        }
      }
    }
  }

  @inline(__always)
  static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    UInt64(
      bitPattern: EventIdentity.id(sampleKey: hash, index: Int(truncatingIfNeeded: value)))
  }

  func rows(_ column: Column, count: Int, _ body: (Int, UInt64) -> Void) {
    switch column {
    case .float64(let v): each(v, count, body) { $0.bitPattern }
    case .float32(let v): each(v, count, body) { UInt64($0.bitPattern) }
    case .int64(let v):
      each(v, count, body) { value in
        guard let meanings, meanings.indices.contains(Int(value)) else {
          return UInt64(bitPattern: value)
        }
        return UInt64(bitPattern: meanings[Int(value)])
      }
    case .int32(let v): each(v, count, body) { UInt64(bitPattern: Int64($0)) }
    case .list(let counts, let values):
      var entry = 0
      var hash = seed
      var entries: [UInt64] = []
      rows(values, count: values.count / max(1, width)) { entries.append($1) }
      for (row, n) in counts.enumerated() {
        hash = Self.mix(seed, UInt64(n))
        for i in entry..<(entry + n) { hash = Self.mix(hash, entries[i]) }
        entry += n
        body(row, hash)
      }
    }
  }

  @inline(__always)
  private func each<T>(
    _ values: [T], _ count: Int, _ body: (Int, UInt64) -> Void, _ bits: (T) -> UInt64
  ) {
    for row in 0..<count {
      var hash = seed
      for i in order { hash = Self.mix(hash, bits(values[row * width + i])) }
      body(row, hash)
    }
  }
}
