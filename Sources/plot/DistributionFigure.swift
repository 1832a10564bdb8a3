import Diagnostics
import EventModel

/// The distribution of one observable at several parameter points, with the ratio to the first below.
struct DistributionFigure {
  var observable: String
  var points: [(label: String, theta: [Double])]
  /// Inner edges; outside them are overflows, which are not drawn.
  var edges: [Double]?
  var binCount = 30
  /// Unit area instead of cross sections.
  var isNormalised = false
  var isLogarithmic = false
  var combination: Combination?
  /// Systematics in the band around the first point; all where empty, none for `none`.
  var systematics: [String] = []

  private struct Histogram {
    /// The bin of each row, −1 outside, and dσ_e(θ).
    var bins: [Int]
    var values: [Double]
    var sums: [Double]
    var squares: [Double]
  }

  func figure(_ events: EventTable) throws -> Figure {
    let column = events.observableNames.firstIndex(of: observable) ?? 0
    let width = events.observableNames.count
    let values = (0..<events.count).map { events.observations[$0 * width + column] }
    let edges = try edges ?? Self.niceEdges(values, count: binCount, name: observable)
    let histograms = try points.map { try histogram(events, values, edges, at: $0.theta) }
    let unit = events.setup.observables.first { $0.name == observable }?.unit ?? ""
    let perUnit = unit.isEmpty ? "" : "/" + unit
    var main = Panel(
      xLabel: AxisLabel(name: observable, unit: unit),
      yLabel: isNormalised
        ? AxisLabel(name: "1/σ dσ/d(\(observable))", unit: unit.isEmpty ? "" : "1/" + unit)
        : AxisLabel(name: "dσ/d(\(observable))", unit: "pb" + perUnit))
    main.xRange = edges[0]...edges[edges.count - 1]
    main.isLogarithmic = isLogarithmic
    var ratio = Panel(xLabel: main.xLabel, yLabel: AxisLabel(name: "ratio to " + points[0].label))
    ratio.xRange = main.xRange
    let band = try SystematicBand(
      events, names: systematics, bins: histograms[0].bins, values: histograms[0].values,
      count: edges.count - 1, isNormalised: isNormalised)
    if let band { Self.add(band, histograms[0].sums, isNormalised, edges, to: &main, &ratio) }
    for (k, point) in points.enumerated() {
      let h = histograms[k]
      let total = isNormalised ? h.sums.reduce(0, +) : 1
      let density = h.sums.indices.map { h.sums[$0] / total / (edges[$0 + 1] - edges[$0]) }
      let errors = h.sums.indices.map {
        h.squares[$0].squareRoot() / abs(total) / (edges[$0 + 1] - edges[$0])
      }
      main.curves += Self.steps(point.label, density, errors, edges, colour: k + 1)
      let first = histograms[0]
      let scale = isNormalised ? first.sums.reduce(0, +) / total : 1
      let quotient = h.sums.indices.map {
        first.sums[$0] > 0 ? h.sums[$0] / first.sums[$0] * scale : .nan
      }
      ratio.curves += Self.steps("", quotient, [], edges, colour: k + 1)
    }
    if isLogarithmic {
      let positive = main.curves.flatMap { $0.pieces.flatMap(\.y) }.filter { $0 > 0 }
      if let low = positive.min(), let high = positive.max() { main.yRange = low / 2...high * 8 }
    } else if let high = main.curves.flatMap({ $0.pieces.flatMap(\.y) }).filter(\.isFinite).max(),
      high > 0
    {
      main.yRange = 0...1.25 * high
    }
    guard points.count > 1 || band != nil else { return Figure(panels: [main]) }
    let quotients = ratio.curves.flatMap { $0.pieces.flatMap(\.y) }
    if let low = quotients.min(), let high = quotients.max() {
      let margin = 0.1 * max(high - low, 0.1)
      ratio.yRange = (low - margin)...(high + margin)
    }
    main.height = 0.68
    ratio.height = 0.32
    return Figure(panels: [main, ratio])
  }

  /// The band around the first histogram, and relative to it.
  private static func add(
    _ band: SystematicBand, _ sums: [Double], _ isNormalised: Bool, _ edges: [Double],
    to main: inout Panel, _ ratio: inout Panel
  ) {
    let total = isNormalised ? sums.reduce(0, +) : 1
    func pieces(_ low: (Int) -> Double, _ high: (Int) -> Double) -> [Curve.Piece] {
      sums.indices.filter { low($0).isFinite && high($0).isFinite && low($0) < high($0) }.map {
        .init(left: edges[$0], right: edges[$0 + 1], bottom: low($0), top: high($0))
      }
    }
    let centre = sums.map { $0 / total }
    let width = { (k: Int) in edges[k + 1] - edges[k] }
    main.curves.append(
      Curve(
        label: "systematics", style: .area, colour: 1, tint: 0.3,
        pieces: pieces(
          { max(0, centre[$0] - band.down[$0]) / width($0) },
          { (centre[$0] + band.up[$0]) / width($0) })))
    ratio.curves.append(
      Curve(
        style: .area, colour: 1, tint: 0.3,
        pieces: pieces(
          { 1 - band.down[$0] / centre[$0] }, { 1 + band.up[$0] / centre[$0] })))
  }

  /// Σdσ_e(θ) and Σdσ_e(θ)² between the edges.
  private func histogram(
    _ events: EventTable, _ observed: [Double], _ edges: [Double], at theta: [Double]
  ) throws -> Histogram {
    let weights = try events.setup.requireMorphing().weights(at: theta)
    let factors = try events.rowFactors(combination, theta: theta)
    var result = Histogram(
      bins: [Int](repeating: -1, count: events.count),
      values: [Double](repeating: 0, count: events.count),
      sums: [Double](repeating: 0, count: edges.count - 1),
      squares: [Double](repeating: 0, count: edges.count - 1))
    for row in 0..<events.count {
      let bin = BinTable.bin(of: observed[row], edges: edges) - 1
      guard result.sums.indices.contains(bin), !observed[row].isNaN else { continue }
      var sigma = 0.0
      for b in weights.indices {
        sigma += weights[b] * events.weights[row * events.weightCount + b]
      }
      sigma *= factors[row]
      result.bins[row] = bin
      result.values[row] = sigma
      result.sums[bin] += sigma
      result.squares[bin] += sigma * sigma
    }
    return result
  }

  /// A staircase, and bars in the middle of its steps.
  private static func steps(
    _ label: String, _ y: [Double], _ errors: [Double], _ edges: [Double], colour: Int
  ) -> [Curve] {
    var pieces: [Curve.Piece] = []
    var piece = Curve.Piece(x: [], y: [])
    for k in y.indices {
      if y[k].isFinite {
        piece.x += [edges[k], edges[k + 1]]
        piece.y += [y[k], y[k]]
      } else if !piece.x.isEmpty {
        pieces.append(piece)
        piece = Curve.Piece(x: [], y: [])
      }
    }
    if !piece.x.isEmpty { pieces.append(piece) }
    let line = Curve(label: label, colour: colour, pieces: pieces)
    guard !errors.isEmpty else { return [line] }
    let middle = y.indices.map { (edges[$0] + edges[$0 + 1]) / 2 }
    return [
      line,
      Curve(style: .bars, colour: colour, pieces: [.init(x: middle, y: y, error: errors)]),
    ]
  }

  /// Round edges over the middle 99 % of the values.
  static func niceEdges(_ values: [Double], count: Int, name: String) throws -> [Double] {
    let sorted = values.filter(\.isFinite).sorted()
    guard let first = sorted.first, let last = sorted.last else {
      throw Problem(.data, "observable '\(name)' has no finite value")
    }
    var low = sorted[Int(0.005 * Double(sorted.count - 1))]
    let high = sorted[Int(0.995 * Double(sorted.count - 1))]
    guard last > first, high > low else {
      return [first - 0.5, first + 0.5]
    }
    // What starts near zero starts at zero.
    if low > 0, low < 0.1 * high { low = 0 }
    let step = Scale.step(high - low, marks: count)
    let start = Int((low / step).rounded(.down))
    let end = Int((high / step).rounded(.up))
    return (start...end).map { Double($0) * step }
  }
}
