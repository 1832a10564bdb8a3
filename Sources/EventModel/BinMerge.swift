import Diagnostics

/// Tables of bins put together: the parts of one job, or different processes of one analysis.
public enum BinMerge {
  /// - Parameter allowMissing: go on where parts of a job are missing.
  /// - Throws: `.data` naming what does not fit, in which file.
  public static func merge(
    _ tables: [(file: String, events: BinnedEvents)], allowMissing: Bool = false
  ) throws -> BinnedEvents {
    guard let first = tables.first else { throw Problem(.usage, "there is nothing to merge") }
    for other in tables.dropFirst() {
      try first.events.requireAgreement(other.events, file: other.file, first: first.file)
    }
    var wholes: [(file: String, events: BinnedEvents)] = []
    var names: [String] = []
    for (file, events) in tables {
      if let part = events.part, !names.contains(part.whole) {
        names.append(part.whole)
        let parts = tables.filter { $0.events.part?.whole == part.whole }
        wholes.append(
          (
            file,
            try parts.count == 1 ? single(parts[0], allowMissing) : joined(parts, allowMissing)
          ))
      } else if events.part == nil {
        wholes.append((file, events))
      }
    }
    return try united(wholes)
  }

  private static func single(
    _ part: (file: String, events: BinnedEvents), _ allowMissing: Bool
  ) throws -> BinnedEvents {
    try joined([part], allowMissing)
  }

  /// The parts of one job: sums are added without rounding, so that the result is that of one job to the bit.
  private static func joined(
    _ parts: [(file: String, events: BinnedEvents)], _ allowMissing: Bool
  ) throws -> BinnedEvents {
    guard let first = parts[0].events.part, var exact = parts[0].events.exact else {
      throw Problem(
        .data, "this part has no exact sums", remedy: "make it again with fisher bins",
        file: parts[0].file)
    }
    var result = parts[0].events
    var numbers = first.numbers
    for (file, events) in parts.dropFirst() {
      guard let part = events.part, let more = events.exact, part.count == first.count,
        more.count == exact.count,
        events.table.processes.map(\.name) == result.table.processes.map(\.name)
      else {
        throw Problem(
          .data, "this is no part of the job of \(parts[0].file)",
          remedy: "make the parts with the same options", file: file)
      }
      if let twice = part.numbers.first(where: numbers.contains) {
        throw Problem(
          .data, "part \(twice) of \(part.count) is there twice", remedy: "give every part once",
          file: file)
      }
      numbers += part.numbers
      for i in exact.indices { exact[i] += more[i] }
      result.table.addCounts(events.table)
    }
    result.table.values = exact.map(\.value)
    let missing = (1...first.count).filter { !numbers.contains($0) }
    guard missing.isEmpty || allowMissing else {
      throw Problem(
        .data, "parts \(TablePart.list(missing)) of \(first.count) are missing",
        remedy: "give all parts, or --allow-missing", file: parts[0].file)
    }
    if missing.isEmpty {
      result.part = nil
      result.exact = nil
    } else {
      result.part = TablePart(
        numbers: numbers.sorted(), count: first.count, whole: first.whole)
      result.exact = exact
    }
    return result
  }

  /// Different processes side by side.
  private static func united(
    _ tables: [(file: String, events: BinnedEvents)]
  ) throws -> BinnedEvents {
    var result = tables[0].events
    guard tables.count > 1 else { return result }
    var owner: [String: String] = [:]
    var processes: [BinTable.Process] = []
    result.samples = []
    for (file, events) in tables {
      guard events.part == nil else {
        throw Problem(
          .data, "this is \(events.part?.description ?? "a part") of a job",
          remedy: "merge the parts of one job first", file: file)
      }
      for process in events.table.processes {
        if let other = owner.updateValue(file, forKey: process.name) {
          throw Problem(
            .data, "process '\(process.name)' is in \(other) too",
            remedy: "samples of one process share phase space: merge the events, then bin them",
            file: file)
        }
        processes.append(process)
      }
      result.samples += events.samples
    }
    result.table = BinTable(processes: processes)
    return result
  }
}

extension BinTable {
  /// Adds the numbers of rows of a table of the same bins and processes.
  mutating func addCounts(_ other: BinTable) {
    for i in counts.indices { counts[i] += other.counts[i] }
    for p in processes.indices {
      processes[p].table.addCounts(other.processes[p].table)
    }
  }
}
