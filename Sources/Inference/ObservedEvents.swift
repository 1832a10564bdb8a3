import Diagnostics
import EventModel

/// Events whose weights do not count: data, or a sample drawn without weights.
public struct ObservedEvents: Sendable {
  public var names: [String]
  /// Row-major [row][observable].
  public var values: [Double]
  public var count: Int
  public var file: String

  /// Reads events, a sample or a plain table to its end.
  ///
  /// Of a plain table every column of numbers is an observable; of events and samples those are, and the columns that are
  /// asked for by name.
  /// - Throws: `.data` where there are no observables.
  public init(_ source: any Source, columns wanted: [String] = []) throws {
    let header = source.header
    file = source.name
    let main = header.index(of: EventFields.observations) ?? header.index(of: SampleFields.x)
    let isPlain = header.fields.allSatisfy { $0.components == nil }
    guard main != nil || (isPlain && !header.fields.isEmpty) else {
      throw Problem(
        .data, "there are no observables", remedy: "read the events with lhe-read", file: file)
    }
    // The observables, then single columns of other fields: field, place in its row, name.
    var picked: [(field: Int, place: Int, name: String)] = []
    func pick(_ f: Int, _ isWanted: (String) -> Bool) {
      let field = header.fields[f]
      for (place, name) in (field.components ?? [field.path]).enumerated()
      where isWanted(name) && !picked.contains(where: { $0.name == name }) {
        picked.append((f, place, name))
      }
    }
    if let main { pick(main) { _ in true } }
    // Weights of simulated events are cross sections, not numbers of events.
    for f in header.fields.indices
    where f != main && !header.fields[f].isList && header.fields[f].path != EventFields.weights {
      pick(f) { isPlain || wanted.contains($0) || wanted.contains(header.fields[f].path) }
    }
    names = picked.map(\.name)
    values = []
    count = 0
    let isWhole = main.map { picked.count == header.fields[$0].width } ?? false
    while let batch = try source.next() {
      if isWhole, let main {
        values += batch.columns[main].doubles
      } else {
        let columns = Set(picked.map(\.field)).reduce(into: [Int: [Double]]()) {
          $0[$1] = batch.columns[$1].doubles
        }
        for row in 0..<batch.count {
          for (field, place, _) in picked {
            values.append(columns[field]?[row * header.fields[field].width + place] ?? .nan)
          }
        }
      }
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

extension Collection where Element == ObservedEvents {
  /// The number of events of all channels.
  public var eventCount: Double { reduce(0) { $0 + Double($1.count) } }
}
