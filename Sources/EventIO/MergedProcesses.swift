import EventModel

/// The lines of `procInfo` for several runs, each id once.
///
/// Cross sections of an id in runs of one process (of the sample table) are averaged with the numbers of events read as
/// weights, as `events merge` does with Les Houches files: every event then counts the same, whatever errors the
/// generators state. In runs of different processes an id stands for several, and their cross sections add.
package struct MergedProcesses {
  private struct Run {
    var line: [Double]
    /// Events read of each process; which of them the id is of, no file says.
    var events: [String: Double]
  }

  private var ids: [Double] = []
  private var runs: [Double: [Run]] = [:]

  package init() {}

  /// Adds the line of a process in a run: the columns of `procInfo`, with the events read of each process that it may be.
  package mutating func add(_ line: [Double], events: [String: Double]) {
    if runs[line[0]] == nil { ids.append(line[0]) }
    runs[line[0], default: []].append(Run(line: line, events: events))
  }

  /// Adds what a table says.
  mutating func add(_ document: Document) {
    var events: [String: Double] = [:]
    for sample in (try? SampleTable.read(document)) ?? [] {
      events[sample.process, default: 0] += Double(sample.eventsRead)
    }
    let rows = document.reals(LHEH5Layout.processes) ?? []
    let width = LHEH5Layout.processColumns.count
    for start in stride(from: 0, to: rows.count - width + 1, by: width) {
      add(Array(rows[start..<(start + width)]), events: events)
    }
  }

  /// Writes the lines, in the order in which ids came, and their number.
  package func write(to document: inout Document) {
    let width = LHEH5Layout.processColumns.count
    document.set(LHEH5Layout.processes, ids.flatMap(line), shape: [ids.count, width])
    if var numbers = document.reals(LHEH5Layout.initialisation),
      numbers.count == LHEH5Layout.initColumns.count
    {
      numbers[LHEH5Layout.initColumns.count - 1] = Double(ids.count)
      document.set(LHEH5Layout.initialisation, numbers)
    }
  }

  private func line(_ id: Double) -> [Double] {
    let all = runs[id] ?? []
    // One line stands as it is, the -1 of an unknown error too.
    guard all.count > 1 else { return all.first?.line ?? [] }
    var groups: [[Run]] = []
    for run in all {
      let names = Set(run.events.keys)
      let at = groups.firstIndex { group in
        group.contains { names.isEmpty || !names.isDisjoint(with: $0.events.keys) }
      }
      if let at { groups[at].append(run) } else { groups.append([run]) }
    }
    let means = groups.map(Self.mean)
    let error = means.reduce(0) { $0 + $1.error * $1.error }.squareRoot()
    // npLO and npNLO stay where all say the same.
    let orders = [1, 2].map { k in
      all.allSatisfy { $0.line[k] == all[0].line[k] } ? all[0].line[k] : Double.nan
    }
    let maximum = all.map { $0.line[5] }.max() ?? .nan
    return [id] + orders + [means.reduce(0) { $0 + $1.value }, error, maximum]
  }

  private static func mean(_ runs: [Run]) -> (value: Double, error: Double) {
    guard runs.count > 1 else { return (runs[0].line[3], runs[0].line[4]) }
    let common = runs.dropFirst().reduce(Set(runs[0].events.keys)) {
      $0.intersection($1.events.keys)
    }
    let weights = runs.map { run in
      max(1, run.events.filter { common.contains($0.key) }.values.reduce(0, +))
    }
    let total = weights.reduce(0, +)
    let shares = zip(runs, weights).map { (line: $0.line, share: $1 / total) }
    let variance = shares.reduce(0) { $0 + ($1.share * $1.line[4]) * ($1.share * $1.line[4]) }
    return (shares.reduce(0) { $0 + $1.share * $1.line[3] }, variance.squareRoot())
  }
}
