// Rows taken out of columns and put together again, whether a row is a value, several values or a list.

extension Column {
  /// A column without rows.
  public static func empty(_ field: Field) -> Column {
    let values: Column =
      switch field.type {
      case .float64: .float64([])
      case .float32: .float32([])
      case .int64: .int64([])
      case .int32: .int32([])
      }
    return values
  }

  /// The rows `from ..< from + count`.
  public func rows(from: Int, count: Int, width: Int) -> Column {
    slice(from * width, count * width)
  }

  /// The rows with these indices, in this order.
  public func rows(_ indices: [Int], width: Int) -> Column {
    switch self {
    case .float64(let v): return .float64(Self.picked(v, indices, width))
    case .float32(let v): return .float32(Self.picked(v, indices, width))
    case .int64(let v): return .int64(Self.picked(v, indices, width))
    case .int32(let v): return .int32(Self.picked(v, indices, width))
    }
  }

  /// Appends rows of a column of the same kind.
  public mutating func append(rowsOf other: Column, from: Int, count: Int, width: Int) {
    switch (consume self, other) {
    case (.float64(var a), .float64(let b)):
      a.append(contentsOf: b[(from * width)..<((from + count) * width)])
      self = .float64(a)
    case (.float32(var a), .float32(let b)):
      a.append(contentsOf: b[(from * width)..<((from + count) * width)])
      self = .float32(a)
    case (.int64(var a), .int64(let b)):
      a.append(contentsOf: b[(from * width)..<((from + count) * width)])
      self = .int64(a)
    case (.int32(var a), .int32(let b)):
      a.append(contentsOf: b[(from * width)..<((from + count) * width)])
      self = .int32(a)
    case (let a, _):
      self = a
    }
  }

  private static func picked<T>(_ values: [T], _ rows: [Int], _ width: Int) -> [T] {
    width == 1
      ? rows.map { values[$0] } : rows.flatMap { values[($0 * width)..<(($0 + 1) * width)] }
  }

  private func slice(_ from: Int, _ count: Int) -> Column {
    switch self {
    case .float64(let v): .float64(Array(v[from..<(from + count)]))
    case .float32(let v): .float32(Array(v[from..<(from + count)]))
    case .int64(let v): .int64(Array(v[from..<(from + count)]))
    case .int32(let v): .int32(Array(v[from..<(from + count)]))
    }
  }
}

extension Batch {
  /// The rows `from ..< from + count` of a table with these fields.
  public func rows(from: Int, count: Int, fields: [Field]) -> Batch {
    if from == 0 && count == self.count { return self }
    return Batch(
      count: count,
      columns: zip(columns, fields).map {
        $0.rows(from: from, count: count, width: $1.width)
      })
  }
}
