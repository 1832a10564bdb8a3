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
    return field.isList ? .list(counts: [], values: values) : values
  }

  /// True where the column is what `field` says and has `rows` rows.
  public func fits(_ field: Field, rows: Int) -> Bool {
    guard case .list(let counts, let values) = self else {
      return !field.isList && type == field.type && count == rows * field.width
    }
    if case .list = values { return false }
    return field.isList && values.type == field.type && counts.count == rows
      && counts.allSatisfy { $0 >= 0 } && values.count == counts.reduce(0, +) * field.width
  }

  /// The rows `from ..< from + count`.
  public func rows(from: Int, count: Int, width: Int) -> Column {
    guard case .list(let counts, let values) = self else {
      return slice(from * width, count * width)
    }
    let start = counts[..<from].reduce(0, +)
    let taken = Array(counts[from..<(from + count)])
    return .list(
      counts: taken, values: values.slice(start * width, taken.reduce(0, +) * width))
  }

  /// The rows with these indices, in this order.
  public func rows(_ indices: [Int], width: Int) -> Column {
    switch self {
    case .float64(let v): return .float64(Self.picked(v, indices, width))
    case .float32(let v): return .float32(Self.picked(v, indices, width))
    case .int64(let v): return .int64(Self.picked(v, indices, width))
    case .int32(let v): return .int32(Self.picked(v, indices, width))
    case .list(let counts, let values):
      var starts = [0]
      starts.reserveCapacity(counts.count + 1)
      for n in counts { starts.append(starts[starts.count - 1] + n) }
      let entries = indices.flatMap { starts[$0]..<starts[$0 + 1] }
      return .list(
        counts: indices.map { counts[$0] }, values: values.rows(entries, width: width))
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
    case (.list(var counts, var values), .list(let moreCounts, let moreValues)):
      let start = moreCounts[..<from].reduce(0, +)
      let taken = moreCounts[from..<(from + count)]
      self = .int32([])
      counts.append(contentsOf: taken)
      values.append(rowsOf: moreValues, from: start, count: taken.reduce(0, +), width: width)
      self = .list(counts: counts, values: values)
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
    case .list: self
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
