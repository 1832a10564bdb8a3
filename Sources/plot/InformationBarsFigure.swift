import Diagnostics
import EventModel
import Glibc

/// Eigenvalues of information matrices, divided by what each parameter has of the eigenvector, over det(I)^(1/n), which
/// says in one number how much a measurement knows (arXiv:1612.05261).
struct InformationBarsFigure {
  /// Eigenvalues below this part of the largest are out of the drawing.
  private static let least = 1e-4

  static func figure(
    _ entries: [InformationChoice.Entry], parameters: [String], matrices: [String]
  ) throws -> Figure {
    guard let first = entries.first?.information else { return Figure() }
    let physics = zip(first.parameterNames, first.isNuisance).filter { !$1 }.map(\.0)
    let choice = try InformationChoice(
      entries, names: parameters.isEmpty ? physics : parameters, matrices: matrices)
    let n = choice.names.count
    let all = choice.matrices.map { SymmetricEigenvectors($0.matrix, count: n) }
    guard let largest = all.compactMap(\.values.first).max(), largest > 0, largest.isFinite else {
      throw Problem(
        .data, "no matrix holds information on \(choice.names.joined(separator: ", "))",
        file: entries[0].label)
    }
    let unit = Text.inverseSquare(choice.units)
    var top = Panel(
      xLabel: AxisLabel(name: ""), yLabel: AxisLabel(name: "eigenvalues", unit: unit),
      xRange: 0.4...Double(all.count) + 0.6)
    let shown = all.flatMap(\.values).filter { $0 >= least * largest }
    top.yRange = (shown.min() ?? largest) / 2...largest * 2
    top.isLogarithmic = true
    top.height = 0.6
    top.curves = eigenvalues(all, choice.names, lowest: least * largest, span: top.yRange)
    var bottom = Panel(
      xLabel: AxisLabel(name: ""),
      yLabel: AxisLabel(
        name: n == 1 ? "I" : n == 2 ? "√det(I)" : "det(I)^(1/\(n))", unit: unit))
    let sizes = all.map { size($0.values) }
    bottom.xRange = top.xRange
    bottom.yRange = 0...1.12 * max(sizes.max() ?? 1, 1e-300)
    bottom.height = 0.4
    bottom.xMarks = choice.matrices.enumerated().map { .init(at: Double($0 + 1), text: $1.label) }
    top.xMarks = bottom.xMarks
    bottom.curves = [
      Curve(
        style: .area, colour: 7,
        pieces: sizes.enumerated().map {
          .init(left: Double($0) + 0.65, right: Double($0) + 1.35, bottom: 0, top: $1)
        })
    ]
    return Figure(
      title: Text.luminosities(entries.map(\.information.luminosity)), panels: [top, bottom])
  }

  /// Zero where a direction is not known at all.
  private static func size(_ values: [Double]) -> Double {
    guard let largest = values.first, values.allSatisfy({ $0 > 1e-9 * largest }) else { return 0 }
    return exp(values.map { log($0) }.reduce(0, +) / Double(values.count))
  }

  /// One curve for each parameter: rectangles as wide as the square of its component.
  private static func eigenvalues(
    _ all: [SymmetricEigenvectors], _ names: [String], lowest: Double, span: ClosedRange<Double>?
  ) -> [Curve] {
    let decades = span.map { log10($0.upperBound / $0.lowerBound) } ?? 4
    let half = pow(10, 0.012 * decades)
    var curves = names.enumerated().map { i, name in
      Curve(label: name, style: .area, colour: i < 6 ? i + 1 : 7, pieces: [])
    }
    for (m, eigen) in all.enumerated() {
      for (value, vector) in zip(eigen.values, eigen.vectors) where value >= lowest {
        var left = Double(m) + 0.65
        for (i, component) in vector.enumerated() {
          let width = 0.7 * component * component
          // Thinner than one per cent cannot be seen.
          if component * component > 0.01 {
            curves[i].pieces.append(
              .init(left: left, right: left + width, bottom: value / half, top: value * half))
          }
          left += width
        }
      }
    }
    return curves
  }
}
