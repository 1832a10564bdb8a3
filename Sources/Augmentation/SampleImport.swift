import Diagnostics
import EventModel

/// Which columns of another program's table are what of a sample.
public struct ImportPlan: Sendable {
  /// A hypothesis: columns, one for each parameter, or one point for all rows.
  public enum Hypothesis: Sendable, Equatable {
    case columns([String])
    case point([Double])
  }
  public var parameters: [Parameter]
  /// Observables.
  public var x: [String]
  public var theta0: Hypothesis?
  public var theta1: Hypothesis?
  /// Columns of labels, joint log ratio, joint scores, weights and identities of events.
  public var y: String?
  public var logRatio: String?
  public var score0: [String] = []
  public var score1: [String] = []
  public var weight: String?
  public var eventID: String?

  public init(parameters: [Parameter], x: [String]) {
    self.parameters = parameters
    self.x = x
  }
}

/// Rows of any simulator → a training sample: columns found, checked and put in order.
///
/// A simulator that knows p(x, z|θ) of each of its runs has joint ratios and scores of its own
/// (arXiv:1805.12244); no event weights and no morphing are needed then.
public struct SampleImport {
  private let plan: ImportPlan
  private let file: String
  private let table: Header
  private var pieces: [Piece] = []
  private var row = 0

  /// A column of the sample and where its values come from.
  private struct Piece {
    var field: Field
    /// Places in the table, or a point for all rows.
    var origin: Origin
    enum Origin {
      case places([Place])
      case point([Double])
      case row
    }
  }

  /// A column of the table and a component of it.
  private struct Place {
    var column: Int
    var component: Int
    var name: String
  }

  /// - Throws: `.usage` for what does not fit together, `.data` for columns that are not there.
  public init(_ plan: ImportPlan, table: Header, file: String) throws {
    self.plan = plan
    self.table = table
    self.file = file
    let names = plan.parameters.map(\.name)
    guard !plan.x.isEmpty else {
      throw Problem(.usage, "no observable is named", remedy: "give --x COLUMN,COLUMN")
    }
    try add(SampleFields.x, plan.x)
    try add(SampleFields.theta0, plan.theta0, "--theta0", names)
    try add(SampleFields.theta1, plan.theta1, "--theta1", names)
    if let y = plan.y { try add(SampleFields.y, y, .int32) }
    if let ratio = plan.logRatio { try add(SampleFields.logRatio, ratio, .float64) }
    try add(SampleFields.score0, plan.score0, "--score", names)
    try add(SampleFields.score1, plan.score1, "--score1", names)
    if let weight = plan.weight { try add(SampleFields.weight, weight, .float64) }
    if let id = plan.eventID {
      try add(SampleFields.eventID, id, .int64)
    } else {
      pieces.append(Piece(field: Field(SampleFields.eventID, .int64), origin: .row))
    }
    try checkRoles()
  }

  private func checkRoles() throws {
    func needs(_ option: String, _ other: String) -> Problem {
      Problem(.usage, "\(option) needs \(other)", remedy: "give both, or neither")
    }
    if plan.y != nil || plan.logRatio != nil {
      guard plan.theta0 != nil else { throw needs("--y or --log-r", "--theta0") }
      guard plan.theta1 != nil else { throw needs("--y or --log-r", "--theta1") }
      guard plan.y != nil else { throw needs("--log-r", "--y") }
    }
    if plan.theta1 != nil, plan.y == nil { throw needs("--theta1", "--y") }
    if !plan.score0.isEmpty, plan.theta0 == nil { throw needs("--score", "--theta0") }
    if !plan.score1.isEmpty, plan.theta1 == nil { throw needs("--score1", "--theta1") }
  }

  // MARK: Columns

  private mutating func add(_ path: String, _ names: [String]) throws {
    let places = try names.flatMap { try find($0) }
    pieces.append(
      Piece(field: Field(path, components: places.map(\.name)), origin: .places(places)))
  }

  private mutating func add(_ path: String, _ name: String, _ type: ElementType) throws {
    let places = try find(name)
    guard places.count == 1 else {
      throw Problem(
        .usage, "column '\(name)' has \(places.count) values in a row", remedy: "name one of them")
    }
    pieces.append(Piece(field: Field(path, type), origin: .places(places)))
  }

  private mutating func add(
    _ path: String, _ names: [String], _ option: String, _ parameters: [String]
  ) throws {
    guard !names.isEmpty else { return }
    let places = try names.flatMap { try find($0) }
    guard places.count == parameters.count else {
      throw Problem(
        .usage,
        "\(option) names \(places.count) columns for \(parameters.count) parameters "
          + "(\(parameters.joined(separator: ", ")))", remedy: "name one for each, in their order")
    }
    pieces.append(Piece(field: Field(path, components: parameters), origin: .places(places)))
  }

  private mutating func add(
    _ path: String, _ hypothesis: ImportPlan.Hypothesis?, _ option: String, _ parameters: [String]
  ) throws {
    switch hypothesis {
    case nil: return
    case .columns(let names): try add(path, names, option, parameters)
    case .point(let point):
      pieces.append(Piece(field: Field(path, components: parameters), origin: .point(point)))
    }
  }

  /// A column by its name, or a component by its own.
  private func find(_ name: String) throws -> [Place] {
    if let column = table.index(of: name) {
      let field = table.fields[column]
      guard !field.isList else {
        throw Problem(
          .data, "column '\(name)' holds lists", remedy: "give every value a column of its own",
          file: file)
      }
      return (field.components ?? [name]).enumerated().map {
        Place(column: column, component: $0.offset, name: $0.element)
      }
    }
    for (column, field) in table.fields.enumerated() where !field.isList {
      if let component = field.components?.firstIndex(of: name) {
        return [Place(column: column, component: component, name: name)]
      }
    }
    throw Problem(
      .data, "there is no column '\(name)'",
      remedy: "there are " + table.fields.map(\.path).joined(separator: ", "), file: file)
  }

  // MARK: Header

  /// Kind, setup and columns of the sample.
  public var header: Header {
    var setup = Setup(
      name: "imported", parameters: plan.parameters,
      observables: (pieces[0].field.components ?? []).map { Observable(name: $0, expression: nil) }
    )
    let points = [plan.theta0, plan.theta1].map { hypothesis -> [Double]? in
      if case .point(let point)? = hypothesis { point } else { nil }
    }
    // A setup has at least one benchmark: the reference, which is where a hypothesis is fixed.
    let reference =
      points[1] ?? points[0] ?? [Double](repeating: 0, count: plan.parameters.count)
    setup.benchmarks = [Benchmark(name: "reference", values: reference)]
    let info = SampleInfo(
      method: "import", theta0: Self.text(plan.theta0), theta1: Self.text(plan.theta1),
      theta1Values: (plan.theta1 == nil ? points[0] : points[1]) ?? [], part: .all, setup: setup)
    return Header(kind: .sample, document: info.document, fields: pieces.map(\.field))
  }

  private static func text(_ hypothesis: ImportPlan.Hypothesis?) -> String {
    switch hypothesis {
    case .columns(let names)?: "columns " + names.joined(separator: ",")
    case .point(let point)?: point.map { "\($0)" }.joined(separator: ",")
    case nil: ""
    }
  }

  // MARK: Rows

  /// Reads the table to its end and writes the rows; returns how many.
  /// - Throws: `.data` naming row and column of a value that is no number or no label.
  public mutating func write(_ source: any Source, to sink: any Sink) throws -> Int {
    while let batch = try source.next() {
      guard batch.count > 0 else { continue }
      try sink.write(
        Batch(count: batch.count, columns: try pieces.map { try column($0, of: batch) }))
      row += batch.count
    }
    guard row > 0 else {
      throw Problem(
        .data, "the table has no rows", remedy: "look at what was to write it", file: file)
    }
    return row
  }

  private func column(_ piece: Piece, of batch: Batch) throws -> Column {
    switch piece.origin {
    case .row:
      return .int64(
        (0..<batch.count).map { EventIdentity.id(sampleKey: 0, index: row + $0) })
    case .point(let point):
      return .float64((0..<batch.count).flatMap { _ in point })
    case .places(let places):
      if piece.field.type == .int64 {
        return .int64(batch.columns[places[0].column].integers)
      }
      var values = [Double](repeating: 0, count: batch.count * places.count)
      for (i, place) in places.enumerated() {
        let from = batch.columns[place.column].doubles
        let width = table.fields[place.column].width
        for r in 0..<batch.count {
          let value = from[r * width + place.component]
          try check(value, piece.field.path, place.name, row: row + r)
          values[r * places.count + i] = value
        }
      }
      return piece.field.type == .int32 ? .int32(values.map { Int32($0) }) : .float64(values)
    }
  }

  private func check(_ value: Double, _ path: String, _ name: String, row: Int) throws {
    let isLegal: Bool
    switch path {
    case SampleFields.y: isLegal = value == 0 || value == 1
    case SampleFields.logRatio: isLegal = !value.isNaN
    default: isLegal = value.isFinite
    }
    guard !isLegal else { return }
    throw Problem(
      .data,
      path == SampleFields.y
        ? "column '\(name)' is \(value), where a label is 0 (drawn at theta0) or 1 (at theta1)"
        : "column '\(name)' is \(value)",
      remedy: "leave the row out, or correct what writes it", file: file, place: "row \(row + 1)")
  }
}
