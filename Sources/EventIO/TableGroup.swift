import Diagnostics
import EventModel

/// Inputs of a merge that are one table: a whole one, or the parts of a whole in the order of their numbers.
struct TableGroup {
  /// That of the whole.
  var header: Header
  var sources: [any Source]
  /// Numbers of the parts that are not there.
  var missing: [Int] = []
  var part: TablePart?

  var name: String { sources[0].name }

  /// Groups in the order of the inputs.
  ///
  /// Throws `.data` for parts that are there twice, that do not fit each other, or that are missing, unless `allowMissing`.
  static func groups(
    _ sources: [any Source], allowMissing: Bool, journal: Journal
  ) throws -> [TableGroup] {
    var groups: [TableGroup] = []
    var indexOfWhole: [String: Int] = [:]
    var parts: [[(part: TablePart, source: any Source)]] = []
    for source in sources {
      var header = source.header
      let part: TablePart?
      do { part = try TablePart.read(header.document) } catch let problem as Problem {
        throw problem.inFile(source.name)
      }
      if let part {
        header.document[TablePart.path] = nil
        if let at = indexOfWhole[part.whole] {
          try check(part, header, of: source, with: groups[at], parts[at])
          parts[at].append((part, source))
          continue
        }
        indexOfWhole[part.whole] = groups.count
        parts.append([(part, source)])
      } else {
        parts.append([])
      }
      groups.append(TableGroup(header: header, sources: [source], part: part))
    }
    for (i, members) in parts.enumerated() where !members.isEmpty {
      let others = parts.indices.filter { $0 != i }.flatMap { parts[$0] }
      try groups[i].complete(members, others, allowMissing: allowMissing, journal)
    }
    return groups
  }

  private static func check(
    _ part: TablePart, _ header: Header, of source: any Source, with group: TableGroup,
    _ members: [(part: TablePart, source: any Source)]
  ) throws {
    for member in members {
      if let number = part.numbers.first(where: member.part.numbers.contains) {
        throw Problem(
          .data, "this is part \(number) of \(part.count), as is \(member.source.name)",
          remedy: "give every part once", file: source.name)
      }
    }
    guard group.part?.count == part.count, header.fields == group.header.fields,
      header.document.exactJSON == group.header.document.exactJSON
    else {
      throw Problem(
        .data,
        "this and \(group.name) say they are parts of one whole, but describe it differently",
        remedy: "make the parts again", file: source.name)
    }
  }

  /// Parts that would complete one another, and are of different wholes.
  private static func strange(
    _ own: TablePart, _ name: String, _ other: TablePart, _ otherName: String
  ) -> Problem {
    if let seed = own.seed, let otherSeed = other.seed, seed != otherSeed {
      return Problem(
        .data,
        "this is \(other.description) of a sample of seed \(otherSeed), and \(name) \(own.description) of one of seed \(seed)",
        remedy:
          "draw all parts with one seed; samples of different seeds are merged when each is whole",
        file: otherName)
    }
    return Problem(
      .data,
      "this is \(other.description) of another whole than \(name), \(own.description)",
      remedy: "make the parts with one command line, but for --shard", file: otherName)
  }

  private mutating func complete(
    _ members: [(part: TablePart, source: any Source)],
    _ others: [(part: TablePart, source: any Source)], allowMissing: Bool, _ journal: Journal
  ) throws {
    let sorted = members.sorted { $0.part.numbers[0] < $1.part.numbers[0] }
    sources = sorted.map(\.source)
    var whole = sorted[0].part
    whole.numbers = sorted.flatMap(\.part.numbers)
    missing = (1...whole.count).filter(Set((1...whole.count)).subtracting(whole.numbers).contains)
    if missing.isEmpty {
      part = nil
      return
    }
    part = whole
    let list =
      "\(missing.count == 1 ? "part" : "parts") \(TablePart.list(missing)) of \(whole.count)"
    guard allowMissing else {
      // One of another whole may have been meant for it.
      let stranger = others.first { other in
        other.part.count == whole.count && other.part.numbers.contains(where: missing.contains)
      }
      if let stranger { throw Self.strange(whole, name, stranger.part, stranger.source.name) }
      throw Problem(
        .data, "\(list) \(missing.count == 1 ? "is" : "are") missing",
        remedy: "give all parts, or use --allow-missing", file: name)
    }
    journal.warn(
      "missing \(whole.whole)",
      "\(name): \(list) \(missing.count == 1 ? "is" : "are") missing; weights are not scaled up for that"
    )
  }
}
