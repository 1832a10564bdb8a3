import Diagnostics
import EventModel

/// Where in an observable the information on each parameter is, over the cross section of the bins.
struct InformationDistributionFigure {
  /// Panels of parameters.
  private static let most = 3

  static func figure(
    _ label: String, _ information: Information, parameters: [String], matrices: [String]
  ) throws -> Figure {
    guard let distribution = information.distribution else {
      throw Problem(
        .data, "there is no distribution of information",
        remedy: "make it with fisher distribution")
    }
    let names = parameters.isEmpty ? Array(information.parameterNames.prefix(most)) : parameters
    guard names.count <= most else {
      throw Problem(
        .usage, "\(names.count) parameters are too many for one drawing",
        remedy: "name up to \(most) with --parameters")
    }
    let known = distribution.entries.map(\.name)
    if let unknown = matrices.first(where: { !known.contains($0) }) {
      throw Problem(
        .usage, "there is no matrix '\(unknown)'",
        remedy: "there are " + known.joined(separator: ", "))
    }
    let edges = edges(distribution.axis)
    let x = AxisLabel(name: distribution.axis.observable, unit: distribution.axis.unit)
    var panels: [Panel] = []
    for name in names {
      guard let p = information.parameterNames.firstIndex(of: name) else {
        throw Problem(
          .data, "there is no parameter '\(name)'",
          remedy: "the file has " + information.parameterNames.joined(separator: ", "))
      }
      let unit = information.parameterUnits[p]
      var panel = Panel(
        xLabel: x,
        yLabel: AxisLabel(name: "I(\(name))", unit: Text.inverseSquare([unit])))
      let chosen = distribution.entries.filter { matrices.isEmpty || matrices.contains($0.name) }
      for (e, entry) in chosen.enumerated() {
        let n = information.parameterCount
        let values = distribution.crossSections.indices.map {
          entry.matrices[($0 * n + p) * n + p]
        }
        panel.curves.append(
          steps(panels.isEmpty ? entry.name : "", values, edges, e < 6 ? e + 1 : 7))
        guard let errors = entry.standardDeviations(parameters: n) else { continue }
        panel.curves.append(
          bars(
            values, values.indices.map { errors[($0 * n + p) * n + p] }, edges,
            at: (Double(e) + 1) / (Double(chosen.count) + 1), e < 6 ? e + 1 : 7))
      }
      panels.append(panel)
    }
    var sigma = Panel(xLabel: x, yLabel: AxisLabel(name: "σ", unit: "fb"))
    sigma.curves = [steps("", distribution.crossSections.map { 1000 * $0 }, edges, 0)]
    panels.append(sigma)
    for p in panels.indices {
      panels[p].xRange = edges[0]...edges[edges.count - 1]
      let pieces = panels[p].curves.flatMap(\.pieces)
      var values: [Double] = pieces.flatMap(\.y)
      for piece in pieces {
        for (y, error) in zip(piece.y, piece.error) { values += [y - error, y + error] }
      }
      values = values.filter(\.isFinite)
      let (low, high) = (min(0, values.min() ?? 0), max(0, values.max() ?? 1))
      let margin = 0.1 * (high > low ? high - low : 1)
      panels[p].yRange = (low < 0 ? low - margin : 0)...(high + margin)
      panels[p].height = p == panels.count - 1 ? 0.3 : 0.7 / Double(panels.count - 1)
    }
    return Figure(
      title: "information and cross section per bin, "
        + Luminosity(inversePicobarn: information.luminosity).description, panels: panels)
  }

  /// The edges with ends for the open outermost bins, which are as wide as their neighbours.
  private static func edges(_ axis: BinAxis) -> [Double] {
    let e = axis.edges
    guard e.count > 1 else {
      let middle = e.first ?? 0
      return [middle - 1, middle, middle + 1].filter { e.count == 1 || $0 != middle }
    }
    return [2 * e[0] - e[1]] + e + [2 * e[e.count - 1] - e[e.count - 2]]
  }

  /// The errors of one matrix, each at the same share of its bin, so that those of several stand beside each other.
  private static func bars(
    _ values: [Double], _ errors: [Double], _ edges: [Double], at share: Double, _ colour: Int
  ) -> Curve {
    Curve(
      style: .bars, colour: colour,
      pieces: [
        .init(
          x: values.indices.map { edges[$0] + share * (edges[$0 + 1] - edges[$0]) }, y: values,
          error: errors)
      ])
  }

  private static func steps(
    _ label: String, _ values: [Double], _ edges: [Double], _ colour: Int
  ) -> Curve {
    var piece = Curve.Piece(x: [], y: [])
    for k in values.indices {
      piece.x += [edges[k], edges[k + 1]]
      piece.y += [values[k], values[k]]
    }
    return Curve(label: label, colour: colour, pieces: [piece])
  }
}
