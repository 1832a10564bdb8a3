import Diagnostics
import EventModel

/// Shards of a result on a grid (`limits toys --shard`) put together: arrays over the points one after the other, everything
/// else the same in all of them.
///
/// A shard says in `sluice/part` which part it is (`TablePart`), and in `sluice/part/datasets` which datasets are its part of
/// an array, each with the shape of the whole: `limits/q 21 21`.
public struct ResultMerge {
  /// The document of the whole.
  public private(set) var document: Document
  public let kind: Kind

  private static let datasets = TablePart.path + "/datasets"

  /// Marks a document as a shard.
  public static func mark(
    _ document: inout Document, part: TablePart, datasets: [(path: String, shape: [Int])]
  ) {
    part.write(to: &document)
    document.set(
      Self.datasets,
      datasets.map { ([$0.path] + $0.shape.map(String.init)).joined(separator: " ") })
  }

  /// Results, with what problems call them.
  /// - Throws: `.data` for results that are whole or of different jobs, and for missing parts.
  public init(_ inputs: [(name: String, header: Header)]) throws {
    guard let first = inputs.first else { throw Problem(.usage, "there is nothing to merge") }
    kind = first.header.kind
    var parts: [(number: Int, name: String, document: Document)] = []
    var count = 0
    for (name, header) in inputs {
      guard header.kind == kind, let part = try TablePart.read(header.document),
        part.numbers.count == 1, header.document.texts(Self.datasets) != nil
      else {
        throw Problem(
          .data, "this is no shard of a result",
          remedy: "merge the files that one command wrote with --shard 1/N to N/N", file: name)
      }
      if let twin = parts.first(where: { $0.number == part.numbers[0] }) {
        throw Problem(
          .data, "this is \(part.description), and so is \(twin.name)",
          remedy: "give every part once", file: name)
      }
      count = part.count
      parts.append((part.numbers[0], name, header.document))
    }
    parts.sort { $0.number < $1.number }
    let missing = Set(1...max(1, count)).subtracting(parts.map(\.number)).sorted()
    guard missing.isEmpty else {
      throw Problem(
        .data, "part \(TablePart.list(missing)) of \(count) is missing",
        remedy: "make it with --shard \(missing[0])/\(count)", file: first.name)
    }
    document = parts[0].document
    let arrays = try (document.texts(Self.datasets) ?? []).map(Self.array)
    let common = Self.common(document, without: arrays.map(\.path))
    for part in parts where Self.common(part.document, without: arrays.map(\.path)) != common {
      throw Problem(
        .data, "this is part of another job than \(parts[0].name)",
        remedy: "merge the shards of one command line", file: part.name)
    }
    for array in arrays {
      document.set(
        array.path, try Self.joined(array, parts.map { ($0.name, $0.document) }),
        shape: array.shape)
    }
    document[TablePart.path] = nil
    // The group of the record goes too where nothing else is in it.
    if document.group("sluice")?.isEmpty ?? false { document["sluice"] = nil }
  }

  private static func array(_ text: String) throws -> (path: String, shape: [Int]) {
    let words = text.split(separator: " ")
    let shape = words.dropFirst().compactMap { Int($0) }
    guard let path = words.first, !shape.isEmpty, shape.allSatisfy({ $0 >= 0 }) else {
      throw Problem(.data, "the record of a shard is broken", place: "dataset \(datasets)")
    }
    return (String(path), shape)
  }

  /// As text, in which a value that is not a number is equal to itself.
  private static func common(_ document: Document, without paths: [String]) -> String {
    var rest = document
    rest[TablePart.path + "/numbers"] = nil
    for path in paths { rest[path] = nil }
    return rest.exactJSON
  }

  private static func joined(
    _ array: (path: String, shape: [Int]), _ parts: [(name: String, document: Document)]
  ) throws -> [Double] {
    var values: [Double] = []
    for part in parts {
      guard let more = part.document.reals(array.path) else {
        throw Problem(
          .data, "the shard is not whole", file: part.name,
          place: "dataset \(array.path)")
      }
      values += more
    }
    guard values.count == array.shape.reduce(1, *) else {
      throw Problem(
        .data,
        "the parts of \(array.path) hold \(values.count) values, not "
          + "\(array.shape.reduce(1, *))", remedy: "merge the shards of one command line",
        file: parts[0].name)
    }
    return values
  }
}
