import Diagnostics
import EventModel
import Glibc

/// Distances from a point, geodesics, or the metric itself, in two parameters or along one.
struct GeometryFigure {
  typealias Entry = (label: String, geometry: Geometry)

  static func figure(_ entries: [Entry]) throws -> Figure {
    guard let first = entries.first?.geometry else { return Figure() }
    let names = first.axes.map(\.parameter)
    for entry in entries where entry.geometry.axes.map(\.parameter) != names {
      throw Problem(
        .data, "the metrics are on different parameters",
        remedy: "draw files with the same grid axes together", file: entry.label)
    }
    switch names.count {
    case 1: return try curves(entries)
    case 2: return try plane(entries)
    default:
      throw Problem(
        .data, "a metric on \(names.count) grid axes cannot be drawn in a plane",
        remedy: "make it with one or two --grid axes", file: entries[0].label)
    }
  }

  private static func axis(_ geometry: Geometry, _ k: Int) -> AxisLabel {
    let name = geometry.axes[k].parameter
    let p = geometry.parameterNames.firstIndex(of: name)
    return AxisLabel(name: name, unit: p.map { geometry.parameterUnits[$0] } ?? "")
  }

  private static func title(_ geometry: Geometry) -> String {
    var parts = ["information of " + geometry.source]
    if let origin = geometry.origin {
      let point = zip(geometry.axes, origin).map { "\($0.parameter)=\(Text.significant($1))" }
      parts.append("from " + point.joined(separator: ", "))
    }
    parts.append(Luminosity(inversePicobarn: geometry.luminosity).description)
    return parts.joined(separator: ", ")
  }

  // MARK: Two parameters

  private static func plane(_ entries: [Entry]) throws -> Figure {
    let first = entries[0].geometry
    var panel = Panel(xLabel: axis(first, 0), yLabel: axis(first, 1))
    let (x, y) = (first.axes[0].values, first.axes[1].values)
    (panel.xRange, panel.yRange) = (ColourMap.range(x), ColourMap.range(y))
    let measured = entries.first { $0.geometry.distances != nil }?.geometry
    if let measured, let distances = measured.distances {
      let (x, y) = (measured.axes[0].values, measured.axes[1].values)
      panel.map = ColourMap(
        x: x, y: y, values: distances, label: AxisLabel(name: "distance"),
        range: 0...ColourMap.ends(distances).upperBound)
      panel.curves += contours(GridFunction(x: x, y: y, values: distances.map { -$0 }), measured)
    }
    let paths = entries.filter { !$0.geometry.paths.isEmpty }
    for (e, entry) in paths.enumerated() {
      panel.curves += geodesics(
        entry.geometry.paths, colour: e + 2,
        label: entries.count == 1 ? "geodesic" : entry.label)
    }
    if measured == nil, paths.isEmpty {
      panel.curves += ellipses(first)
      var box = Box()
      for piece in panel.curves.flatMap(\.pieces) { box.include(piece.x, piece.y) }
      (panel.xRange, panel.yRange) = (box.x, box.y)
    }
    if let origin = (measured ?? first).origin {
      panel.curves.append(
        Curve(
          label: "origin", style: .cross, pieces: [.init(x: [origin[0]], y: [origin[1]])]))
    }
    return Figure(title: title(measured ?? first), panels: [panel])
  }

  /// Lines of distance 1, 2, … at most eight of them, and what the metric at the origin alone would give.
  private static func contours(_ map: GridFunction, _ geometry: Geometry) -> [Curve] {
    let largest = map.values.filter(\.isFinite).map { -$0 }.max() ?? 0
    let step = max(1, Scale.step(largest, marks: 8))
    let levels = (1...8).map { step * Double($0) }.filter { $0 < largest }
    var curves = [
      Curve(
        label: "distance \(levels.map(Text.significant).joined(separator: ", "))",
        pieces: levels.flatMap { map.contours(at: -$0).map(Curve.Piece.init) })
    ]
    guard let origin = geometry.origin, let first = levels.first,
      let metric = metric(of: geometry, near: origin),
      let ellipse = Ellipse(metric, distance: first * first)
    else { return curves }
    curves.append(
      Curve(
        label: "metric at the origin, \(Text.significant(first))", style: .dashed, colour: 2,
        pieces: ellipse.pieces(reach: hypot(map.x[map.x.count - 1] - map.x[0], 1)).map { piece in
          .init(x: piece.x.map { $0 + origin[0] }, y: piece.y.map { $0 + origin[1] })
        }))
    return curves
  }

  /// The metric of the grid point next to a point.
  private static func metric(of geometry: Geometry, near point: [Double]) -> [Double]? {
    let places = zip(geometry.axes, point).map { axis, value -> Int in
      let step = (axis.upper - axis.lower) / Double(axis.count - 1)
      return min(max(Int(((value - axis.lower) / step).rounded()), 0), axis.count - 1)
    }
    let index = places[0] * geometry.axes[1].count + places[1]
    let values = Array(geometry.metric[4 * index..<4 * index + 4])
    return values.allSatisfy(\.isFinite) ? values : nil
  }

  /// Paths, with a disc at each whole distance.
  private static func geodesics(
    _ paths: [Geometry.Path], colour: Int, label: String
  ) -> [Curve] {
    var marks = Curve.Piece(x: [], y: [])
    var lines = Curve(label: label, colour: colour)
    for path in paths {
      let x = path.distances.indices.map { path.points[2 * $0] }
      let y = path.distances.indices.map { path.points[2 * $0 + 1] }
      lines.pieces.append(.init(x: x, y: y))
      for i in x.indices.dropFirst() {
        let (a, b) = (path.distances[i - 1], path.distances[i])
        let whole = (b + 1e-9).rounded(.down)
        guard whole >= 1, whole > (a + 1e-9).rounded(.down), b > a else { continue }
        let t = min(1, (whole - a) / (b - a))
        marks.x.append(x[i - 1] + t * (x[i] - x[i - 1]))
        marks.y.append(y[i - 1] + t * (y[i] - y[i - 1]))
      }
    }
    return [
      lines, Curve(label: "every distance 1", style: .disc, colour: colour, pieces: [marks]),
    ]
  }

  /// Circles of the metric at some of the grid points: all of one size, the largest that keeps them apart.
  private static func ellipses(_ geometry: Geometry) -> [Curve] {
    let (x, y) = (geometry.axes[0].values, geometry.axes[1].values)
    func some(_ count: Int) -> [Int] {
      let step = max(1, (count - 1) / 8)
      let offset = (count - 1) % step / 2
      return Array(stride(from: offset, to: count, by: step))
    }
    let (columns, rows) = (some(x.count), some(y.count))
    let room = (
      x: (x[columns[min(1, columns.count - 1)]] - x[columns[0]]) / 2,
      y: (y[rows[min(1, rows.count - 1)]] - y[rows[0]]) / 2
    )
    var found: [(x: Double, y: Double, metric: [Double])] = []
    var distance = Double.infinity
    for i in columns {
      for j in rows {
        let index = i * y.count + j
        let metric = Array(geometry.metric[4 * index..<4 * index + 4])
        guard let ellipse = Ellipse(metric, distance: 1), !ellipse.isBand else { continue }
        let half = ellipse.halfWidths
        distance = min(distance, 0.95 * room.x / half.x, 0.95 * room.y / half.y)
        found.append((x[i], y[j], metric))
      }
    }
    guard distance.isFinite else { return [] }
    // A round distance, so that the key can say it.
    distance = Scale.floor(distance)
    let pieces = found.flatMap { place in
      (Ellipse(place.metric, distance: distance * distance)?.pieces(reach: 0) ?? []).map {
        Curve.Piece(x: $0.x.map { $0 + place.x }, y: $0.y.map { $0 + place.y })
      }
    }
    return [Curve(label: "distance \(Text.significant(distance))", colour: 1, pieces: pieces)]
  }

  // MARK: One parameter

  private static func curves(_ entries: [Entry]) throws -> Figure {
    let first = entries[0].geometry
    guard first.paths.isEmpty else {
      throw Problem(
        .data, "a path along one parameter is no drawing",
        remedy: "draw what fisher distance wrote", file: entries[0].label)
    }
    let isDistance = first.distances != nil
    var panel = Panel(
      xLabel: axis(first, 0),
      yLabel: isDistance
        ? AxisLabel(name: "distance")
        : AxisLabel(
          name: "information of " + first.axes[0].parameter,
          unit: Text.inverseSquare([axis(first, 0).unit])))
    for (e, entry) in entries.enumerated() {
      panel.curves.append(
        Curve(
          label: entries.count == 1 ? "" : entry.label, colour: e + 1,
          pieces: [
            .init(
              x: entry.geometry.axes[0].values,
              y: isDistance ? entry.geometry.distances ?? [] : entry.geometry.metric)
          ]))
    }
    panel.xRange = first.axes[0].lower...first.axes[0].upper
    let high = ColourMap.ends(panel.curves.flatMap { $0.pieces.flatMap(\.y) }).upperBound
    if high > 0 { panel.yRange = 0...1.08 * high }
    return Figure(title: title(first), panels: [panel])
  }
}
