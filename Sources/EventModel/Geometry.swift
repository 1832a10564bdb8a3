import Diagnostics

/// Fisher information as a metric on a grid of parameter points, and distances in it: the content of a `geometry` file.
///
/// ds² = Σ g_ij dθ_i dθ_j: near θ₀ the square of the distance is what −2 ln(likelihood ratio) is on average.
public struct Geometry: Sendable, Equatable {
  /// A geodesic: distances along it, the parameters of the axes at each, and whether it ended at the border of the grid.
  public struct Path: Sendable, Equatable {
    /// Row-major [step][axis].
    public var points: [Double]
    public var distances: [Double]
    public var reachesBorder: Bool

    public init(points: [Double], distances: [Double], reachesBorder: Bool) {
      self.points = points
      self.distances = distances
      self.reachesBorder = reachesBorder
    }
  }

  public var axes: [GridAxis]
  public var parameterNames: [String]
  public var parameterUnits: [String]
  /// The point whose other parameters are kept, one value per parameter of the analysis.
  public var theta: [Double]
  /// [pb⁻¹]
  public var luminosity: Double
  /// `truth`, `rate`, `histogram`, `retained` …
  public var source: String
  /// Row-major [point][axis][axis], the last axis of the grid running fastest.
  public var metric: [Double]
  /// Where distances are measured from, one value per axis.
  public var origin: [Double]?
  /// The distance of every point.
  public var distances: [Double]?
  public var paths: [Path]
  public var notes: [String]

  public init(
    axes: [GridAxis], parameterNames: [String], parameterUnits: [String], theta: [Double],
    luminosity: Double, source: String, metric: [Double], notes: [String] = []
  ) {
    self.axes = axes
    self.parameterNames = parameterNames
    self.parameterUnits = parameterUnits
    self.theta = theta
    self.luminosity = luminosity
    self.source = source
    self.metric = metric
    self.paths = []
    self.notes = notes
  }

  public var dimension: Int { axes.count }
  public var pointCount: Int { axes.reduce(1) { $0 * $1.count } }

  /// The values of the axes at a grid point.
  public func point(_ index: Int) -> [Double] {
    var rest = index
    var result = [Double](repeating: 0, count: axes.count)
    for k in axes.indices.reversed() {
      result[k] = axes[k].values[rest % axes[k].count]
      rest /= axes[k].count
    }
    return result
  }

  public var document: Document {
    let root = "geometry/"
    let n = dimension
    var d = Document()
    d.set(root + "axes/parameters", axes.map(\.parameter))
    d.set(root + "axes/lower", axes.map(\.lower))
    d.set(root + "axes/upper", axes.map(\.upper))
    d.set(root + "axes/counts", axes.map(\.count))
    d.set(root + "parameters", parameterNames)
    d.set(root + "units", parameterUnits)
    d.set(root + "theta", theta)
    d.set(root + "luminosity", luminosity)
    d.set(root + "source", source)
    d.set(root + "metric", metric, shape: [pointCount, n, n])
    d.set(root + "notes", notes)
    if let origin { d.set(root + "origin", origin) }
    if let distances { d.set(root + "distances", distances, shape: axes.map(\.count)) }
    for (k, path) in paths.enumerated() {
      let place = root + "paths/\(k)/"
      d.set(place + "points", path.points, shape: [path.distances.count, n])
      d.set(place + "distances", path.distances)
      d.set(place + "reaches_border", path.reachesBorder ? 1 : 0)
    }
    return d
  }

  public init(document d: Document) throws {
    let root = "geometry/"
    guard let names = d.texts(root + "axes/parameters"), let lower = d.reals(root + "axes/lower"),
      let upper = d.reals(root + "axes/upper"), let counts = d.integers(root + "axes/counts"),
      let parameters = d.texts(root + "parameters"), let theta = d.reals(root + "theta"),
      let metric = d.reals(root + "metric"), let luminosity = d.real(root + "luminosity")
    else {
      throw Problem(.data, "there is no metric", remedy: "make one with fisher metric")
    }
    let broken = Problem(.data, "the geometry is not whole", place: "group geometry")
    let n = names.count
    guard n > 0, lower.count == n, upper.count == n, counts.count == n,
      theta.count == parameters.count, counts.allSatisfy({ $0 > 1 }),
      zip(lower, upper).allSatisfy({ $0 < $1 })
    else { throw broken }
    self.init(
      axes: (0..<n).map {
        GridAxis(parameter: names[$0], lower: lower[$0], upper: upper[$0], count: counts[$0])
      }, parameterNames: parameters,
      parameterUnits: d.texts(root + "units") ?? parameters.map { _ in "" }, theta: theta,
      luminosity: luminosity, source: d.text(root + "source") ?? "", metric: metric,
      notes: d.texts(root + "notes") ?? [])
    guard metric.count == pointCount * n * n else { throw broken }
    origin = d.reals(root + "origin")
    distances = d.reals(root + "distances")
    guard distances.map({ $0.count == pointCount }) ?? true else { throw broken }
    guard let paths = d.group(root + "paths") else { return }
    self.paths = try paths.names.map { name in
      guard let points = paths.reals(name + "/points"),
        let distances = paths.reals(name + "/distances"), points.count == distances.count * n
      else { throw broken }
      return Path(
        points: points, distances: distances,
        reachesBorder: paths.integer(name + "/reaches_border") == 1)
    }
  }
}
