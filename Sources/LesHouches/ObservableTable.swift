import Diagnostics
import EventIO
import EventModel

/// Observables that another program computed for the events of one sample, found by the number of the event.
///
/// The table is held in memory: 8 bytes for each number and each value in it. Its rows may stand in any order.
public final class ObservableTable {
  /// What problems call it.
  public let name: String
  /// Its columns but the one of numbers.
  public let names: [String]
  /// Numbers of events, counted from 1, rising.
  private let numbers: [Int]
  /// Row-major, in the order of `numbers`.
  private let values: [Double]
  private var position = 0
  private let base: Int
  private var unmatched: [Int] = []
  private var unmatchedCount = 0
  private static let examples = 10

  /// Reads a source to its end.
  ///
  /// - Parameters:
  ///   - eventColumn: the column of the events' numbers.
  ///   - base: the number of the first event of the sample: 0 or 1.
  ///   - names: the columns of another table, which this one must have too, in this order; nil takes what is there.
  /// - Throws: `.data` for a column that is missing, numbers that are not whole or too small, an event with two rows.
  public init(
    _ source: any Source, eventColumn: String = "event", base: Int = 1,
    names wanted: [String]? = nil
  ) throws {
    name = source.name
    self.base = base
    let columns = Self.columns(source.header, eventColumn)
    guard let event = columns.first(where: { $0.name == eventColumn }) else {
      throw Problem(
        .data, "there is no column '\(eventColumn)' with the numbers of the events",
        remedy: "name it with --event-column; there are "
          + columns.map(\.name).joined(separator: ", "),
        file: source.name)
    }
    let others = columns.filter { $0.name != eventColumn }
    names = wanted ?? others.map(\.name)
    let picked = try Self.pick(names, others, file: source.name)
    var numbers: [Int] = []
    var values: [Double] = []
    while let batch = try source.next() {
      let blocks = batch.columns.map(\.doubles)
      for row in 0..<batch.count {
        let number = blocks[event.field][row * event.width + event.component]
        guard number == number.rounded(), number >= Double(base), number <= 0x1p53 else {
          throw Problem(
            .data, "the number of an event is \(number)",
            remedy: number == 0
              ? "events are counted from 1; say --event-base 0 if these are from 0"
              : "give whole numbers from \(base) up", file: source.name,
            place: "row \(numbers.count + 1)")
        }
        numbers.append(Int(number) - base + 1)
        for column in picked {
          values.append(blocks[column.field][row * column.width + column.component])
        }
      }
    }
    guard !numbers.isEmpty else {
      throw Problem(
        .data, "the table has no rows", remedy: "look at what was to write it", file: source.name)
    }
    let order = Self.order(numbers)
    if let order {
      self.numbers = order.map { numbers[$0] }
      let width = picked.count
      self.values = order.flatMap { values[($0 * width)..<(($0 + 1) * width)] }
    } else {
      (self.numbers, self.values) = (numbers, values)
    }
    for i in self.numbers.indices.dropFirst() where self.numbers[i] == self.numbers[i - 1] {
      let rows = [i - 1, i].map { (order?[$0] ?? $0) + 1 }.sorted()
      throw Problem(
        .data, "event \(self.numbers[i] + base - 1) has two rows",
        remedy: "give one row for each event",
        file: source.name, place: "rows \(rows[0]) and \(rows[1])")
    }
  }

  private struct Place {
    var name: String
    var field: Int
    var component: Int
    var width: Int
  }

  /// The columns by their names; of our own events tables the observables only.
  private static func columns(_ header: Header, _ eventColumn: String) -> [Place] {
    var places: [Place] = []
    for (f, field) in header.fields.enumerated() {
      let last = String(field.path.split(separator: "/").last ?? "")
      let isOwn = field.path.hasPrefix("samples/") || field.path.hasPrefix("sluice/")
      if field.path != EventFields.observations, isOwn, last != eventColumn { continue }
      guard let components = field.components else {
        places.append(Place(name: last, field: f, component: 0, width: 1))
        continue
      }
      for (c, component) in components.enumerated() {
        let name = field.path == EventFields.observations ? component : last + "." + component
        places.append(Place(name: name, field: f, component: c, width: field.width))
      }
    }
    return places
  }

  private static func pick(_ names: [String], _ places: [Place], file: String) throws -> [Place] {
    guard !names.isEmpty else {
      throw Problem(
        .data, "there is no column but the numbers of the events", remedy: "give observables",
        file: file)
    }
    if let extra = places.first(where: { !names.contains($0.name) }) {
      throw Problem(
        .data, "there is a column '\(extra.name)', which the first table has not",
        remedy: "give tables with the same columns", file: file)
    }
    return try names.map { name in
      guard let place = places.first(where: { $0.name == name }) else {
        throw Problem(
          .data, "there is no column '\(name)', which the first table has",
          remedy: "give tables with the same columns", file: file)
      }
      return place
    }
  }

  /// The order of rising numbers; nil where the rows stand in it.
  private static func order(_ numbers: [Int]) -> [Int]? {
    if zip(numbers, numbers.dropFirst()).allSatisfy({ $0 <= $1 }) { return nil }
    return numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }
  }

  /// The observables of an event, nil where it has no row; to be asked for events in the order of the file, from 1.
  public func row(ofEvent number: Int) -> ArraySlice<Double>? {
    while position < numbers.count, numbers[position] < number { position += 1 }
    guard position < numbers.count, numbers[position] == number else {
      unmatchedCount += 1
      if unmatched.count < Self.examples { unmatched.append(number + base - 1) }
      return nil
    }
    defer { position += 1 }
    return values[(position * names.count)..<((position + 1) * names.count)]
  }

  /// To be called when all events of the sample have come: counts what has no partner.
  ///
  /// Throws `.data` for rows of events that the sample has not, unless it `isCut` short, and where no event has a row.
  func finish(events: Int, of sample: String, isCut: Bool, journal: Journal) throws {
    let beyond = numbers.count - position
    if beyond > 0 {
      let fact =
        "\(beyond) row\(beyond == 1 ? " is" : "s are") of events that \(sample) has not, such as \(numbers[position] + base - 1) (it has \(events))"
      guard isCut else {
        throw Problem(
          .data, fact, remedy: "give the table of this sample, or see --event-base", file: name)
      }
      journal.warn("beyond \(name)", "\(name): \(fact)")
    }
    guard unmatchedCount < events else {
      throw Problem(
        .data, "no event of \(sample) has a row", remedy: "see --event-column and --event-base",
        file: name)
    }
    guard unmatchedCount > 0 else { return }
    journal.warn(
      "unmatched \(name)",
      "\(sample): \(unmatchedCount) of \(events) events have no row in \(name) and count as not selected"
    )
    journal.note(
      "\(sample): no row for events \(unmatched.map(String.init).joined(separator: ", "))"
        + (unmatchedCount > unmatched.count ? ", …" : ""))
  }
}

extension ObservableTable {
  /// The columns of the events: those of the setup in its order, then the table's others. What the table has it replaces;
  /// the rest is computed.
  public static func observables(_ setup: [Observable], table names: [String]) -> [Observable] {
    setup.map { observable in
      var observable = observable
      if names.contains(observable.name) { observable.expression = nil }
      return observable
    }
      + names.filter { name in !setup.contains { $0.name == name } }.map {
        Observable(name: $0, expression: nil)
      }
  }
}
