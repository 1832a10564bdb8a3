import Diagnostics
import EventModel

/// The digest of what a file or stream holds, whatever its encoding, the size of its batches, or its history.
///
/// XXH64 over a canonical form: for the header its kind, its document with names in alphabetical order, and its columns'
/// names; for each column its values, row by row, as little-endian bytes.
public enum ContentDigest {
  /// Sixteen hexadecimal digits for everything but the rows and the provenance.
  public static func of(_ header: Header) -> String {
    var hash = XXH64()
    hash.update(header.kind.rawValue)
    feed(header.document, to: &hash)
    for field in header.fields { feed(field, to: &hash) }
    return hash.hex
  }

  /// Header and rows together.
  public static func of(_ header: Header, columns: ColumnDigest) -> String {
    of(header, rowDigest: columns.hex)
  }

  static func of(_ header: Header, rowDigest: String) -> String {
    var hash = XXH64()
    hash.update(of(header))
    hash.update(rowDigest)
    return hash.hex
  }

  fileprivate static func feed(_ field: Field, to hash: inout XXH64) {
    feed(field.path, to: &hash)
    feed(field.type.rawValue, to: &hash)
    feed(field.unit ?? "", to: &hash)
    hash.update(Int64(field.components?.count ?? -1))
    for name in field.components ?? [] { feed(name, to: &hash) }
    if field.isList { feed("list", to: &hash) }
  }

  /// A text and its length, so that two texts never look like two others.
  private static func feed(_ text: String, to hash: inout XXH64) {
    hash.update(Int64(text.utf8.count))
    hash.update(text)
  }

  private static func feed(_ document: Document, to hash: inout XXH64) {
    for name in document.names.sorted() {
      guard let node = document[name] else { continue }
      feed(name, to: &hash)
      switch node {
      case .group(let child):
        feed("group", to: &hash)
        feed(child, to: &hash)
        feed("end", to: &hash)
      case .text(let text):
        feed("text", to: &hash)
        feed(text, to: &hash)
      case .texts(let texts, let shape, _):
        feed("texts", shape, to: &hash)
        for text in texts { feed(text, to: &hash) }
      case .integers(let values, let shape):
        feed("integers", shape, to: &hash)
        values.withUnsafeBytes { hash.update($0) }
      case .reals(let values, let shape):
        feed("reals", shape, to: &hash)
        values.withUnsafeBytes { hash.update($0) }
      }
    }
  }

  private static func feed(_ type: String, _ shape: [Int], to hash: inout XXH64) {
    feed(type, to: &hash)
    hash.update(Int64(shape.count))
    for n in shape { hash.update(Int64(n)) }
  }
}

/// The digest of the rows of a table, fed batch by batch; the cuts between batches do not matter.
public struct ColumnDigest: Sendable {
  public let fields: [Field]
  private var hashes: [XXH64]
  /// Of the numbers of entries of lists.
  private var countHashes: [XXH64]
  public private(set) var rows = 0

  public init(_ fields: [Field]) {
    self.fields = fields
    hashes = fields.map { _ in XXH64() }
    countHashes = hashes
  }

  public mutating func update(_ batch: Batch) {
    rows += batch.count
    for i in hashes.indices {
      batch.columns[i].withBytes { hashes[i].update($0) }
      if case .list(let counts, _) = batch.columns[i] {
        counts.withUnsafeBytes { countHashes[i].update($0) }
      }
    }
  }

  /// Sixteen hexadecimal digits for the number of rows and all columns.
  public var hex: String { digest { _ in true } }
  /// The same for the columns under `samples`, those of the layout that other programs write too.
  public var samplesHex: String { digest { $0.path.hasPrefix("samples/") } }

  private func digest(where isIncluded: (Field) -> Bool) -> String {
    var hash = XXH64()
    hash.update(Int64(rows))
    for (i, field) in fields.enumerated() where isIncluded(field) {
      ContentDigest.feed(field, to: &hash)
      hash.update(hashes[i].value)
      if field.isList { hash.update(countHashes[i].value) }
    }
    return hash.hex
  }
}

/// A source that knows the digest of its content: files of ours from the start, others after their last row.
public protocol DigestedSource: Source {
  var contentDigest: String? { get }
}

/// A table of another program, whose digest is that of the rows that were handed out.
protocol ForeignTable: DigestedSource {
  var digest: ColumnDigest { get }
}

extension ForeignTable {
  /// Known after the last row.
  var contentDigest: String? {
    digest.rows == rowCount ? ContentDigest.of(header, columns: digest) : nil
  }
}
