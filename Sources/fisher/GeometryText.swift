import CommandKit
import EventModel
import Numerics

/// A metric, distances and paths for people.
struct GeometryText {
  let geometry: Geometry

  init(_ geometry: Geometry) { self.geometry = geometry }

  var text: String {
    let names = geometry.axes.map(\.parameter)
    var notes = [
      "source: " + geometry.source,
      "luminosity: " + Luminosity(inversePicobarn: geometry.luminosity).description,
      "theta: "
        + zip(geometry.parameterNames, geometry.theta).map {
          "\($0)=\(TextTable.number($1))"
        }.joined(separator: ","),
      "grid: " + geometry.axes.map(\.description).joined(separator: " "),
    ]
    if let origin = geometry.origin {
      notes.append(
        "from: "
          + zip(names, origin).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ","))
    }
    notes += geometry.notes
    if !geometry.paths.isEmpty { return paths(names, notes) }
    if let distances = geometry.distances { return map(names, distances, notes) }
    return metric(names, notes)
  }

  private func paths(_ names: [String], _ notes: [String]) -> String {
    var table = TextTable(["path", "distance"] + names, notes: notes)
    let n = names.count
    for (k, path) in geometry.paths.enumerated() {
      for (step, distance) in path.distances.enumerated() {
        table.add(
          ["\(k + 1)", TextTable.number(distance)]
            + path.points[step * n..<(step + 1) * n].map { TextTable.number($0, digits: 8) })
      }
    }
    return table.text
  }

  private func map(_ names: [String], _ distances: [Double], _ notes: [String]) -> String {
    var table = TextTable(names + ["distance", "p"], notes: notes)
    let chi = ChiSquare(degreesOfFreedom: names.count)
    for (index, distance) in distances.enumerated() {
      table.add(
        geometry.point(index).map { TextTable.number($0) } + [
          TextTable.number(distance, digits: 7),
          TextTable.number(chi.survival(distance * distance), digits: 4),
        ])
    }
    return table.text
  }

  private func metric(_ names: [String], _ notes: [String]) -> String {
    let n = names.count
    let pairs = (0..<n).flatMap { i in (i..<n).map { (i, $0) } }
    var table = TextTable(
      names + pairs.map { "g_\(names[$0.0])_\(names[$0.1])" }, notes: notes)
    for index in 0..<geometry.pointCount {
      table.add(
        geometry.point(index).map { TextTable.number($0) }
          + pairs.map {
            TextTable.number(geometry.metric[index * n * n + $0.0 * n + $0.1], digits: 8)
          })
    }
    return table.text
  }
}
