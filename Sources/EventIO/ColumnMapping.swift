import Diagnostics
import EventModel

/// How the columns of one input become those of the merged table: by name.
struct ColumnMapping {
  private enum Origin {
    case column(Int)
    /// Positions of the components in the input; −1 is NaN.
    case components(Int, width: Int, [Int])
    /// An index that is translated; what is not in the list (−1) stays.
    case indices(Int, [Int64])
    /// Filled in later.
    case absent(Field)
  }
  private let origins: [Origin]

  /// Columns that a merge can make where an input has none.
  private static let made = [
    EventFields.sample, EventFields.eventID, EventFields.extraWeights, EventFields.attributes,
  ]
  /// Columns with the components of all inputs; NaN where one has not.
  private static let united = [
    EventFields.extraWeights, EventFields.attributes, ParticleBlock.events,
  ]

  /// The columns of the merged table: those of the first input, and every weight beyond benchmarks that any input has.
  static func fields(of groups: [TableGroup]) -> [Field] {
    var fields = groups[0].header.fields
    for group in groups.dropFirst() {
      for field in group.header.fields where (made + united).contains(field.path) {
        guard let at = fields.firstIndex(where: { $0.path == field.path }) else {
          if made.contains(field.path) { fields.append(field) }
          continue
        }
        guard united.contains(field.path), let known = fields[at].components,
          let more = field.components
        else { continue }
        fields[at].components = known + more.filter { !known.contains($0) }
      }
    }
    return fields
  }

  /// Throws `.data` for columns that are only in one of the inputs, or of another type or unit.
  init(
    _ group: TableGroup, to reference: TableGroup, fields: [Field], _ journal: Journal
  ) throws {
    let header = group.header
    func differ(_ fact: String) -> Problem {
      Problem(.data, fact, remedy: "merge tables with the same columns", file: group.name)
    }
    for field in header.fields where !fields.contains(where: { $0.path == field.path }) {
      throw differ("there is a column \(field.path), which \(reference.name) has not")
    }
    origins = try fields.map { field in
      guard let at = header.index(of: field.path) else {
        guard Self.made.contains(field.path) else {
          throw differ("there is no column \(field.path), which \(reference.name) has")
        }
        if field.path == EventFields.extraWeights {
          Self.warn(field.components ?? [], group, journal)
        }
        return .absent(field)
      }
      let own = header.fields[at]
      guard own.type == field.type else {
        throw differ(
          "column \(field.path) is \(own.type.rawValue), and \(field.type.rawValue) in \(reference.name)"
        )
      }
      if let unit = own.unit, let other = field.unit, unit != other {
        throw differ("column \(field.path) is in \(unit), and in \(other) in \(reference.name)")
      }
      if field.path == EventFields.samplingBenchmark {
        let map = Self.benchmarks(header, to: reference.header)
        return map == Array(0..<Int64(map.count)) ? .column(at) : .indices(at, map)
      }
      guard own.components != field.components else { return .column(at) }
      guard let names = own.components, let wanted = field.components else {
        throw differ(
          "column \(field.path) has names for its values in one of this and \(reference.name)")
      }
      if let extra = names.first(where: { !wanted.contains($0) }) {
        throw differ("\(field.path) has '\(extra)', which \(reference.name) has not")
      }
      let missing = wanted.filter { !names.contains($0) }
      if let first = missing.first {
        guard Self.united.contains(field.path) else {
          throw differ("\(field.path) has no '\(first)', which \(reference.name) has")
        }
        Self.warn(missing, group, journal)
      }
      return .components(
        at, width: names.count, wanted.map { names.firstIndex(of: $0) ?? -1 })
    }
  }

  private static func warn(_ ids: [String], _ group: TableGroup, _ journal: Journal) {
    let shown = ids.prefix(5).joined(separator: ", ") + (ids.count > 5 ? ", …" : "")
    journal.warn(
      "weights \(group.name)",
      "\(group.name) has no weight \(shown); NaN there (\(ids.count) weight ids)")
  }

  /// For each physics benchmark of one header, its position in the other.
  static func benchmarks(_ header: Header, to reference: Header) -> [Int64] {
    let wanted = reference.document.texts("benchmarks/names") ?? []
    return (header.document.texts("benchmarks/names") ?? []).map { name in
      Int64(wanted.firstIndex(of: name) ?? -1)
    }
  }

  func apply(_ batch: Batch) -> Batch {
    Batch(
      count: batch.count,
      columns: origins.map { origin in
        switch origin {
        case .column(let i): return batch.columns[i]
        case .indices(let i, let map):
          return .int64(
            batch.columns[i].integers.map { map.indices.contains(Int($0)) ? map[Int($0)] : $0 })
        case .components(let i, let width, let places):
          return batch.columns[i].arranged(width: width, places)
        case .absent(let field):
          let count = batch.count * field.width
          return field.type == .int64
            ? .int64([Int64](repeating: 0, count: count))
            : .float64([Double](repeating: .nan, count: count))
        }
      })
  }
}

extension Column {
  /// The components of each row, or of each entry of a list, in another order; −1 is NaN, or 0 among integers.
  fileprivate func arranged(width: Int, _ places: [Int]) -> Column {
    func take<T>(_ values: [T], _ nothing: T) -> [T] {
      var result: [T] = []
      let rows = width > 0 ? values.count / width : 0
      result.reserveCapacity(rows * places.count)
      for row in 0..<rows {
        for place in places { result.append(place < 0 ? nothing : values[row * width + place]) }
      }
      return result
    }
    switch self {
    case .float64(let v): return .float64(take(v, .nan))
    case .float32(let v): return .float32(take(v, .nan))
    case .int64(let v): return .int64(take(v, 0))
    case .int32(let v): return .int32(take(v, 0))
    case .list(let counts, let values):
      return .list(counts: counts, values: values.arranged(width: width, places))
    }
  }
}
