/// What a file or stream holds.
public enum Kind: String, Sendable, CaseIterable {
  case setup, events, sample, model, estimates, information, limits, bins, geometry
  /// The state of an unfinished training.
  case checkpoint
}

/// Storage type of a column.
public enum ElementType: String, Sendable {
  case float64, float32, int64, int32
}

/// A column of a table: one value a row, a fixed number of named values a row, or a list a row.
///
/// `path` is the dataset's path in HDF5 (`samples/weights`). In a stream a scalar field is the column `path` (its last
/// part); a field with components is one column per component; a list is one column of lists.
public struct Field: Sendable, Equatable {
  public var path: String
  public var type: ElementType
  /// Names of the values in a row (observables, benchmarks, parameters); nil for a scalar column (a 1-D dataset).
  public var components: [String]?
  public var unit: String?
  /// A row holds any number of entries, each with the field's components (the particles of an event).
  public var isList: Bool

  public init(
    _ path: String, _ type: ElementType = .float64, components: [String]? = nil,
    unit: String? = nil, isList: Bool = false
  ) {
    self.path = path
    self.type = type
    self.components = components
    self.unit = unit
    self.isList = isList
  }

  /// Values in a row, or in an entry of a list.
  public var width: Int { components?.count ?? 1 }
}

/// The values of one field for the rows of one batch, row-major.
public enum Column: Sendable, Equatable {
  case float64([Double])
  case float32([Float])
  case int64([Int64])
  case int32([Int32])
  /// The number of entries of each row, and the values of all entries one after the other (never lists again).
  indirect case list(counts: [Int], values: Column)

  /// Values; of a list, those of all its entries.
  public var count: Int {
    switch self {
    case .float64(let v): v.count
    case .float32(let v): v.count
    case .int64(let v): v.count
    case .int32(let v): v.count
    case .list(_, let values): values.count
    }
  }
  public var type: ElementType {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .int64: .int64
    case .int32: .int32
    case .list(_, let values): values.type
    }
  }
  /// The values as Double, converted if need be.
  public var doubles: [Double] {
    switch self {
    case .float64(let v): v
    case .float32(let v): v.map(Double.init)
    case .int64(let v): v.map(Double.init)
    case .int32(let v): v.map(Double.init)
    case .list(_, let values): values.doubles
    }
  }
  /// The values as Int64; reals are truncated.
  public var integers: [Int64] {
    switch self {
    case .float64(let v): v.map { Int64($0) }
    case .float32(let v): v.map { Int64($0) }
    case .int64(let v): v
    case .int32(let v): v.map(Int64.init)
    case .list(_, let values): values.integers
    }
  }
}

/// Some rows of a table; columns in the order of the header's fields.
public struct Batch: Sendable, Equatable {
  public var count: Int
  public var columns: [Column]
  public init(count: Int, columns: [Column]) {
    self.count = count
    self.columns = columns
  }
}

/// Everything about a table but its rows.
public struct Header: Sendable, Equatable {
  public var kind: Kind
  /// The format version of the file or stream read; what we write is always `FormatVersion.current`.
  public var formatVersion: Int
  public var provenance: [ProvenanceRecord]
  /// The small content: setup, sample table and whatever the kind documents (man section 5).
  public var document: Document
  /// The columns of the rows; empty for kinds without rows (setup, model, information, limits, bins, geometry).
  public var fields: [Field]

  public init(
    kind: Kind, document: Document = Document(), fields: [Field] = [],
    provenance: [ProvenanceRecord] = [], formatVersion: Int = FormatVersion.current
  ) {
    self.kind = kind
    self.formatVersion = formatVersion
    self.provenance = provenance
    self.document = document
    self.fields = fields
  }

  /// Index of the field with this path.
  public func index(of path: String) -> Int? { fields.firstIndex { $0.path == path } }

  private static let endlessPath = "sluice/endless"
  /// A stream that goes on until its reader leaves (`rows=inf`): it is never sealed.
  public var isEndless: Bool {
    get { document.integer(Header.endlessPath) == 1 }
    set { document[Header.endlessPath] = newValue ? .integers([1], shape: []) : nil }
  }
}

public enum FormatVersion {
  /// One integer for files and streams; a newer one is refused.
  public static let current = 1
}

/// Rows to be read, batch by batch, in constant memory.
public protocol Source: AnyObject {
  /// What problems and provenance call it: a file name or `standard input`.
  var name: String { get }
  var header: Header { get }
  /// Rows in all, where known before the end (files; sealed streams after their last batch).
  var rowCount: Int? { get }
  /// The next rows, nil after the last. Throws a `Problem` for truncated or malformed input.
  func next() throws -> Batch?
}

/// Rows to be written. Nothing appears under the output's name before `finish`.
public protocol Sink: AnyObject {
  func write(_ batch: Batch) throws
  /// Seals the output: last rows, digest, row count, checked close, rename. Not calling it leaves no output behind.
  ///
  /// What is known only after the last row comes here: `document` replaces the header's, `rewriting` changes every batch
  /// already written (weights, once the events are counted). Only sinks opened as deferred accept either; a stream's rows
  /// are spooled until then.
  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws
}

extension Sink {
  public func finish() throws { try finish(document: nil, rewriting: nil) }
}

/// A table that lives in memory, for tests and small results.
public final class MemorySource: Source {
  public let name: String
  public let header: Header
  private var batches: [Batch]
  private var position = 0
  public var rowCount: Int? { batches.reduce(0) { $0 + $1.count } }

  public init(name: String = "memory", header: Header, batches: [Batch]) {
    self.name = name
    self.header = header
    self.batches = batches
  }
  public func next() -> Batch? {
    guard position < batches.count else { return nil }
    position += 1
    return batches[position - 1]
  }
}

/// Keeps what is written, for tests.
public final class MemorySink: Sink {
  public private(set) var batches: [Batch] = []
  public private(set) var document: Document?
  public private(set) var finished = false
  public init() {}
  public func write(_ batch: Batch) { batches.append(batch) }
  public func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    self.document = document
    if let rewriting { for i in batches.indices { try rewriting(&batches[i]) } }
    finished = true
  }
}
