import EventModel

/// A table of a HEPData record: columns of independent and dependent variables.
public struct HEPDataTable: Sendable {
  public enum Cells: Sendable {
    case numbers([Double])
    case texts([String])
  }

  public struct Column: Sendable {
    var name: String
    var unit: String
    var cells: Cells
    /// One standard deviation of each number, where known.
    var errors: [Double]?
    /// The ends of an interval around each number, where it is not symmetric.
    var interval: (lower: [Double], upper: [Double])?

    init(
      _ name: String, unit: String = "", _ cells: Cells, errors: [Double]? = nil,
      interval: (lower: [Double], upper: [Double])? = nil
    ) {
      self.name = name
      self.unit = unit
      self.cells = cells
      self.errors = errors
      self.interval = interval
    }
  }

  public var name: String
  public var description: String
  var independent: [Column]
  var dependent: [Column]
  /// Name, value and unit of what holds for all of the table.
  var qualifiers: [(name: String, value: ExchangeValue, unit: String)]

  /// The metadata of a submission; `file` holds the columns, or nothing where they stand in the same document.
  func metadata(file: String?) -> [ExchangeValue.Member] {
    var members: [ExchangeValue.Member] = [
      .init(name: "name", value: .text(String(name.prefix(64)))),
      .init(name: "description", value: .text(description)),
      .init(
        name: "keywords",
        value: .list([
          .fields(("name", "observables"), ("values", .texts(dependent.map(\.name))))
        ])),
    ]
    if let file { members.append(.init(name: "data_file", value: .text(file))) }
    return members
  }

  var columns: [ExchangeValue.Member] {
    [
      .init(name: "independent_variables", value: .list(independent.map { column($0, []) })),
      .init(name: "dependent_variables", value: .list(dependent.map { column($0, qualifiers) })),
    ]
  }

  private func column(
    _ column: Column, _ qualifiers: [(name: String, value: ExchangeValue, unit: String)]
  ) -> ExchangeValue {
    var header: [ExchangeValue.Member] = [.init(name: "name", value: .text(column.name))]
    if !column.unit.isEmpty { header.append(.init(name: "units", value: .text(column.unit))) }
    var members: [ExchangeValue.Member] = [.init(name: "header", value: .object(header))]
    if !qualifiers.isEmpty {
      members.append(
        .init(
          name: "qualifiers",
          value: .list(
            qualifiers.map { qualifier in
              var members: [ExchangeValue.Member] = [
                .init(name: "name", value: .text(qualifier.name)),
                .init(name: "value", value: qualifier.value),
              ]
              if !qualifier.unit.isEmpty {
                members.append(.init(name: "units", value: .text(qualifier.unit)))
              }
              return .object(members)
            })))
    }
    members.append(.init(name: "values", value: .list(values(column))))
    return .object(members)
  }

  /// What is not a number stands as the text "-", which is how HEPData says "nothing here".
  private func values(_ column: Column) -> [ExchangeValue] {
    switch column.cells {
    case .texts(let texts): return texts.map { .fields(("value", .text($0))) }
    case .numbers(let numbers):
      return numbers.enumerated().map { i, number in
        let value: ExchangeValue = number.isFinite ? .real(number) : "-"
        if let (lower, upper) = column.interval, number.isFinite {
          let ends = ExchangeValue.fields(
            ("plus", .real(upper[i] - number)), ("minus", .real(lower[i] - number)))
          return .fields(("value", value), ("errors", .list([.fields(("asymerror", ends))])))
        }
        guard let error = column.errors?[i], error.isFinite, error > 0, number.isFinite else {
          return .fields(("value", value))
        }
        return .fields(
          ("value", value), ("errors", .list([.fields(("symerror", .real(error)))])))
      }
    }
  }
}

/// A HEPData submission: tables with units and where they come from.
public struct HEPDataSubmission: Sendable {
  public var comment: String
  public var tables: [HEPDataTable]

  public init(comment: String, tables: [HEPDataTable]) {
    self.comment = comment
    self.tables = tables
  }

  private var head: String {
    "---\n" + ExchangeValue.fields(("comment", .text(comment))).yaml
  }

  /// One YAML file with everything.
  public var single: String {
    head
      + tables.map {
        "---\n" + ExchangeValue.object($0.metadata(file: nil) + $0.columns).yaml
      }.joined()
  }

  /// `submission.yaml`, and a file for each table.
  public var files: [(name: String, text: String)] {
    let names = tables.indices.map { "table\($0 + 1).yaml" }
    let submission =
      head
      + zip(tables, names).map { table, name in
        "---\n" + ExchangeValue.object(table.metadata(file: name)).yaml
      }.joined()
    return [("submission.yaml", submission)]
      + zip(tables, names).map { table, name in
        (name, "---\n" + ExchangeValue.object(table.columns).yaml)
      }
  }
}
