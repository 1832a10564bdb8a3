import Diagnostics
import EventModel

/// Events whose weights do not count: data, or a sample drawn without weights.
public struct ObservedEvents: Sendable {
  public var names: [String]
  /// Row-major [row][observable].
  public var values: [Double]
  public var count: Int
  public var file: String

  /// Reads events or a sample to its end.
  /// - Throws: `.data` where there are no observables.
  public init(_ source: any Source) throws {
    let header = source.header
    file = source.name
    guard
      let field = header.index(of: EventFields.observations) ?? header.index(of: SampleFields.x)
    else {
      throw Problem(
        .data, "there are no observables", remedy: "read the events with lhe-read", file: file)
    }
    names = header.fields[field].components ?? [header.fields[field].path]
    values = []
    count = 0
    while let batch = try source.next() {
      values += batch.columns[field].doubles
      count += batch.count
    }
  }

  /// Events of the same file, such as those that pass cuts.
  public init(names: [String], values: [Double], count: Int, file: String) {
    self.names = names
    self.values = values
    self.count = count
    self.file = file
  }

  /// Some columns, row-major, in the order asked for.
  /// - Throws: `.data` for names that are not there.
  public func columns(_ wanted: [String]) throws -> [Double] {
    let choice = try ObservableChoice(wanted, available: names, file: file)
    var result: [Double] = []
    choice.append(values, to: &result)
    return result
  }
}
