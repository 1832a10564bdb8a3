import Diagnostics
import EventModel

/// Errors of information from whole samples: runs of a generator are left out one at a time, and the others of their process
/// are combined as if it had never been there.
///
/// What differs between runs, and not only between events, is in these errors. Samples have different sizes, so it is the
/// jackknife of unequal groups: with h_j = n/n_j, pseudo-values T̃_j = h_j T − (h_j − 1) T₍₋ⱼ₎ and T_J = g T − Σ(1 − 1/h_j) T₍₋ⱼ₎,
/// the covariance is 1/g Σ (T̃_j − T_J)(T̃_j − T_J)ᵀ/(h_j − 1) and the bias T − T_J (Busing, Meijer and van der Leeden,
/// Statistics and Computing 9 (1999) 3). Processes are independent: theirs add.
struct SampleJackknife {
  private let events: CombinedEvents
  /// Samples with rows, process by process.
  private let processes: [[Int]]

  /// - Throws: `.data` where a process is of one sample; `.usage` for the rule `closest`.
  init(_ events: CombinedEvents) throws {
    self.events = events
    let samples = events.table.samples
    guard events.combination != .closest else {
      throw Problem(
        .usage, "--combine closest takes the samples of one benchmark alone",
        remedy: "use balance or average")
    }
    let used = Set(events.table.sampleIndices.map { Int($0) }).sorted()
    var processes: [[Int]] = []
    for s in used {
      if let p = processes.firstIndex(where: {
        samples[$0[0]].process == samples[s].process
          && samples[$0[0]].isBackground == samples[s].isBackground
      }) {
        processes[p].append(s)
      } else {
        processes.append([s])
      }
    }
    if let alone = processes.first(where: { $0.count == 1 }) {
      throw Problem(
        .data,
        "process '\(samples[alone[0]].process)' is of one sample, \(samples[alone[0]].file), which cannot be left out",
        remedy: "use --jackknife 50, which leaves out groups of events", file: events.file)
    }
    self.processes = processes
  }

  /// Replaces covariance and bias of the entries.
  func apply(
    to entries: [Information.Entry], journal: Journal?,
    _ compute: (CombinedEvents) throws -> [Information.Entry]
  ) throws -> [Information.Entry] {
    var result = entries
    for k in result.indices {
      let size = entries[k].matrix.count
      result[k].covariance = [Double](repeating: 0, count: size * size)
      result[k].bias = [Double](repeating: 0, count: size)
    }
    let count = processes.reduce(0) { $0 + $1.count }
    var done = 0
    for process in processes {
      var left: [[[Double]]] = entries.map { _ in [] }
      for sample in process {
        let others = try compute(events.leavingOut(sample: sample))
        for (k, entry) in others.enumerated() { left[k].append(entry.matrix) }
        done += 1
        journal?.progress("samples left out", done, of: count)
      }
      for k in entries.indices {
        let moments = moments(process, entries[k].matrix, left[k])
        for (i, c) in moments.covariance.enumerated() { result[k].covariance?[i] += c }
        for (i, b) in moments.bias.enumerated() { result[k].bias?[i] += b }
      }
    }
    return result
  }

  private func moments(
    _ process: [Int], _ central: [Double], _ left: [[Double]]
  ) -> (covariance: [Double], bias: [Double]) {
    let samples = events.table.samples
    // n_j: what was generated; of other programs' files, what is there.
    let sizes = process.map { Double(max(1, samples[$0].eventsRead, samples[$0].eventsKept)) }
    let total = sizes.reduce(0, +)
    let (g, size) = (Double(process.count), central.count)
    var mean = central.map { g * $0 }
    for (j, n) in sizes.enumerated() {
      for i in 0..<size { mean[i] -= (1 - n / total) * left[j][i] }
    }
    var covariance = [Double](repeating: 0, count: size * size)
    for (j, n) in sizes.enumerated() {
      let h = total / n
      let d = (0..<size).map { h * central[$0] - (h - 1) * left[j][$0] - mean[$0] }
      for a in 0..<size {
        for b in 0..<size { covariance[a * size + b] += d[a] * d[b] / (h - 1) / g }
      }
    }
    return (covariance, zip(central, mean).map { $0 - $1 })
  }
}
