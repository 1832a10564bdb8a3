import Diagnostics
import EventModel

/// Which matrices of which files are drawn, of which parameters; the others are profiled.
struct InformationChoice {
  typealias Entry = (label: String, information: Information)

  let names: [String]
  let units: [String]
  /// Row-major over `names`, with what the key calls them.
  let matrices: [(label: String, matrix: [Double])]

  /// All matrices of one file, the first of each of several, or those that are named.
  init(_ entries: [Entry], names: [String], matrices chosen: [String]) throws {
    let known = entries.flatMap { $0.information.entries.map(\.name) }
    if let unknown = chosen.first(where: { !known.contains($0) }) {
      throw Problem(
        .usage, "there is no matrix '\(unknown)'",
        remedy: "there are "
          + known.enumerated().filter { known.firstIndex(of: $1) == $0 }.map(\.element)
          .joined(separator: ", "))
    }
    var units = names.map { _ in "" }
    var matrices: [(label: String, matrix: [Double])] = []
    for entry in entries {
      let info = entry.information
      let axes = try names.map { name -> Int in
        guard let p = info.parameterNames.firstIndex(of: name) else {
          throw Problem(
            .data, "there is no parameter '\(name)'",
            remedy: "the file has " + info.parameterNames.joined(separator: ", "),
            file: entry.label)
        }
        return p
      }
      units = axes.map { info.parameterUnits[$0] }
      let taken =
        !chosen.isEmpty
        ? info.entries.filter { chosen.contains($0.name) }
        : entries.count == 1 ? info.entries : Array(info.entries.prefix(1))
      for matrix in taken {
        let label =
          entries.count == 1
          ? matrix.name : taken.count == 1 ? entry.label : entry.label + ": " + matrix.name
        matrices.append(
          (label, Self.profiled(matrix.matrix, keeping: axes, of: info.parameterCount)))
      }
    }
    (self.names, self.units, self.matrices) = (names, units, matrices)
  }

  /// The matrix of the kept parameters with the others profiled: I_ij − I_ik I_kj / I_kk for each k in turn.
  static func profiled(_ matrix: [Double], keeping kept: [Int], of n: Int) -> [Double] {
    var m = matrix
    for k in 0..<n where !kept.contains(k) && m[k * n + k] > 0 {
      let row = (0..<n).map { m[k * n + $0] }
      let column = (0..<n).map { m[$0 * n + k] }
      for i in 0..<n {
        for j in 0..<n { m[i * n + j] -= column[i] * row[j] / row[k] }
      }
    }
    return kept.flatMap { i in kept.map { j in m[i * n + j] } }
  }
}
