import CommandKit
import EventModel

/// Information for people: one line for each element of the upper triangles.
struct InformationText {
  let information: Information

  init(_ information: Information) { self.information = information }

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
          + (all.partition == .all ? "" : "; estimators see the \(all.partition.rawValue) part"))
    }
    let units = zip(names, all.parameterUnits).filter { !$1.isEmpty }.map { "\($0) in \($1)" }
    if !units.isEmpty { notes.append("units: " + units.joined(separator: ", ")) }
    for entry in all.entries {
      guard let observable = entry.observable, let edges = entry.edges else { continue }
      notes.append(
        "\(entry.name): \(observable) in \(edges.count + 1) bins, edges "
          + edges.map { TextTable.number($0) }.joined(separator: ","))
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
    return table.text
  }
}
