import CommandKit
import EventModel

/// Information for people: one line for each element of the upper triangles.
struct InformationText {
  let information: Information

  init(_ information: Information) { self.information = information }

  /// σ is of all events where estimators see a part of them.
  private var hasEstimators: Bool {
    information.entries.contains { ["retained", "full"].contains($0.name) }
  }

  var text: String {
    let all = information
    let names = all.parameterNames
    var notes = [
      "theta: "
        + zip(names, all.theta).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ",")
    ]
    if all.luminosity.isFinite {
      notes.append(
        "luminosity: " + Luminosity(inversePicobarn: all.luminosity).description)
    }
    if all.crossSection.isFinite {
      notes.append(
        "cross section: \(TextTable.number(all.crossSection, digits: 8)) +- "
          + "\(TextTable.number(all.crossSectionError, digits: 3)) pb")
      notes.append(
        "events: \(all.events) (\(TextTable.number(all.effectiveEvents)) effective), combined by "
          + all.combination.rawValue
          + (all.partition == .all
            ? ""
            : hasEstimators
              ? "; estimators see the \(all.partition.rawValue) part"
              : "; of the \(all.partition.rawValue) part"))
    }
    let units = zip(names, all.parameterUnits).filter { !$1.isEmpty }.map { "\($0) in \($1)" }
    if !units.isEmpty { notes.append("units: " + units.joined(separator: ", ")) }
    for entry in all.entries where !entry.axes.isEmpty {
      let axes = entry.axes.map { axis in
        "\(axis.observable) in \(axis.binCount) bins, edges "
          + axis.edges.map { TextTable.number($0) }.joined(separator: ",")
      }
      notes.append("\(entry.name): " + axes.joined(separator: "; "))
    }
    notes += all.notes
    var table = TextTable(
      ["matrix", "row", "column", "information", "error", "bias"], notes: notes)
    let n = names.count
    for entry in all.entries {
      let errors = entry.standardDeviations
      for i in 0..<n {
        for j in i..<n {
          let k = i * n + j
          table.add([
            entry.name, names[i], names[j], TextTable.number(entry.matrix[k], digits: 8),
            errors.map { TextTable.number($0[k], digits: 4) } ?? "nan",
            entry.bias.map { TextTable.number($0[k], digits: 3) } ?? "0",
          ])
        }
      }
    }
    return table.text + distribution + errors + directions
  }

  /// Bin by bin: the upper triangle of each matrix, each element with its error.
  private var distribution: String {
    guard let distribution = information.distribution else { return "" }
    let names = information.parameterNames
    let n = names.count
    let pairs = (0..<n).flatMap { i in (i..<n).map { (i, $0) } }
    var table = TextTable(
      ["matrix", distribution.axis.observable.filter { $0 != " " }, "sigma_fb"]
        + pairs.flatMap { i, j in
          let name = "\(names[i]),\(names[j])"
          return [name, "error(\(name))"]
        })
    for entry in distribution.entries {
      let errors = entry.standardDeviations(parameters: n)
      for bin in 0..<distribution.axis.binCount {
        table.add(
          [
            entry.name, distribution.axis.label(bin).filter { $0 != " " },
            TextTable.number(1000 * distribution.crossSections[bin], digits: 6),
          ]
            + pairs.flatMap { i, j in
              let k = (bin * n + i) * n + j
              return [
                TextTable.number(entry.matrices[k], digits: 6),
                errors.map { TextTable.number($0[k], digits: 3) } ?? "nan",
              ]
            })
      }
    }
    return "\n" + table.text
  }

  /// What each parameter can be measured to, alone and with the others free.
  private var errors: String {
    let names = information.parameterNames
    var table = TextTable(
      ["matrix", "parameter", "error_others_fixed", "error_others_free"], notes: [])
    for entry in information.entries {
      let errors = entry.expectedErrors
      for (i, name) in names.enumerated() {
        table.add([
          entry.name, name, TextTable.number(errors.fixed[i]), TextTable.number(errors.free[i]),
        ])
      }
    }
    return "\n" + table.text
  }

  /// Eigenvectors of the matrices, the direction that is known best first.
  private var directions: String {
    let names = information.parameterNames
    guard names.count > 1 else { return "" }
    var table = TextTable(["matrix", "eigenvalue"] + names, notes: [])
    for entry in information.entries {
      guard let (values, vectors) = entry.eigen else { continue }
      for k in values.indices {
        table.add(
          [entry.name, TextTable.number(values[k])]
            + vectors[k * names.count..<(k + 1) * names.count].map { TextTable.number($0) })
      }
    }
    return "\n" + table.text
  }
}

extension Information {
  /// The document with expected errors, eigenvalues and eigenvectors beside each matrix.
  var fullDocument: Document {
    var d = document
    let n = parameterCount
    for entry in entries {
      let path = "information/matrices/\(entry.name)/"
      d.set(path + "errors_fixed", entry.expectedErrors.fixed)
      d.set(path + "errors_free", entry.expectedErrors.free)
      guard let (values, vectors) = entry.eigen else { continue }
      d.set(path + "eigenvalues", values)
      d.set(path + "eigenvectors", vectors, shape: [n, n])
    }
    return d
  }
}
