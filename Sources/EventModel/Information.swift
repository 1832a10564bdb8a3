import Diagnostics

/// Fisher information matrices of one measurement at one parameter point: the content of an `information` file.
///
/// I_ij = L Σ_cells ∂_iσ_c ∂_jσ_c / σ_c, so that Cov(θ̂) ≥ I⁻¹ (Cramér and Rao).
public struct Information: Sendable, Equatable {
  /// One matrix, with what is known of its error.
  public struct Entry: Sendable, Equatable {
    /// `truth`, `rate`, `histogram`, `kinematic`, `retained` …
    public var name: String
    /// Row-major [parameter][parameter].
    public var matrix: [Double]
    /// Covariance of the elements from the finite number of events, row-major [i][j][k][l].
    public var covariance: [Double]?
    /// By how much the finite number of events makes the matrix too large on average; not subtracted.
    public var bias: [Double]?
    /// The axes of a histogram; empty for everything else.
    public var axes: [BinAxis]

    public init(
      name: String, matrix: [Double], covariance: [Double]? = nil, bias: [Double]? = nil,
      axes: [BinAxis] = []
    ) {
      self.name = name
      self.matrix = matrix
      self.covariance = covariance
      self.bias = bias
      self.axes = axes
    }

    /// The observable and the edges of a histogram of one axis.
    public var observable: String? { axes.count == 1 ? axes[0].observable : nil }
    public var edges: [Double]? { axes.count == 1 ? axes[0].edges : nil }

    /// Standard deviations of the elements, row-major; nil without a covariance.
    public var standardDeviations: [Double]? {
      guard let covariance else { return nil }
      let count = matrix.count
      return (0..<count).map { max(0, covariance[$0 * count + $0]).squareRoot() }
    }
  }

  public var parameterNames: [String]
  public var parameterUnits: [String]
  /// Which of them are nuisance parameters, in units of their own uncertainty; the others are physics.
  public var isNuisance: [Bool]
  /// Whether unit Gaussian constraints of the nuisance parameters are in the matrices, or were when these were profiled.
  public var isConstrained: Bool
  /// The point, one value per parameter of the analysis (after a projection those that are left); 0 for nuisance parameters.
  public var theta: [Double]
  /// [pb⁻¹]
  public var luminosity: Double
  /// σ(θ) and its error from the finite number of events (Poisson) [pb].
  public var crossSection: Double
  public var crossSectionError: Double
  /// Rows used, and their Kish number (Σdσ)²/Σdσ² at θ.
  public var events: Int
  public var effectiveEvents: Double
  /// Σ|dσ_e < 0| / Σ|dσ_e|.
  public var negativeFraction: Double
  /// The part of the events that estimators were evaluated on.
  public var partition: Partition
  public var combination: Combination
  /// The first is the one that `sum` takes.
  public var entries: [Entry]
  /// How the information is distributed over an observable.
  public var distribution: InformationDistribution?
  /// What was done, for people.
  public var notes: [String]

  public init(
    parameterNames: [String], parameterUnits: [String], isNuisance: [Bool]? = nil,
    isConstrained: Bool = false, theta: [Double], luminosity: Double, crossSection: Double = .nan,
    crossSectionError: Double = .nan, events: Int = 0,
    effectiveEvents: Double = 0, negativeFraction: Double = 0, partition: Partition = .all,
    combination: Combination = .balance, entries: [Entry] = [], notes: [String] = []
  ) {
    self.parameterNames = parameterNames
    self.parameterUnits = parameterUnits
    self.isNuisance = isNuisance ?? parameterNames.map { _ in false }
    self.isConstrained = isConstrained
    self.theta = theta
    self.luminosity = luminosity
    self.crossSection = crossSection
    self.crossSectionError = crossSectionError
    self.events = events
    self.effectiveEvents = effectiveEvents
    self.negativeFraction = negativeFraction
    self.partition = partition
    self.combination = combination
    self.entries = entries
    self.notes = notes
  }

  public var parameterCount: Int { parameterNames.count }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  public var document: Document {
    let n = parameterCount
    var d = Document()
    let root = "information/"
    d.set(root + "parameters", parameterNames)
    d.set(root + "units", parameterUnits)
    d.set(root + "is_nuisance", isNuisance.map { $0 ? 1 : 0 })
    d.set(root + "is_constrained", isConstrained ? 1 : 0)
    d.set(root + "theta", theta)
    d.set(root + "luminosity", luminosity)
    d.set(root + "cross_section", crossSection)
    d.set(root + "cross_section_error", crossSectionError)
    d.set(root + "events", events)
    d.set(root + "effective_events", effectiveEvents)
    d.set(root + "negative_fraction", negativeFraction)
    d.set(root + "partition", partition.rawValue)
    d.set(root + "combination", combination.rawValue)
    d.set(root + "notes", notes)
    d.set(root + "names", entries.map(\.name))
    for entry in entries {
      let path = root + "matrices/" + entry.name + "/"
      d.set(path + "matrix", entry.matrix, shape: [n, n])
      if let covariance = entry.covariance {
        d.set(path + "covariance", covariance, shape: [n, n, n, n])
      }
      if let bias = entry.bias { d.set(path + "bias", bias, shape: [n, n]) }
      Self.write(entry.axes, to: &d, at: path)
    }
    distribution?.write(to: &d, at: root + "distribution", parameters: n)
    return d
  }

  public init(document d: Document) throws {
    let root = "information/"
    guard let parameters = d.texts(root + "parameters"), let theta = d.reals(root + "theta"),
      let luminosity = d.real(root + "luminosity"), let names = d.texts(root + "names")
    else {
      throw Problem(.data, "there is no Fisher information", remedy: "make one with fisher")
    }
    let n = parameters.count
    func broken(_ place: String) -> Problem {
      Problem(.data, "the information is not whole", place: "dataset \(place)")
    }
    guard theta.count == n else { throw broken(root + "theta") }
    self.init(
      parameterNames: parameters,
      parameterUnits: d.texts(root + "units") ?? [String](repeating: "", count: n), theta: theta,
      luminosity: luminosity, crossSection: d.real(root + "cross_section") ?? .nan,
      crossSectionError: d.real(root + "cross_section_error") ?? .nan,
      events: d.integer(root + "events") ?? 0,
      effectiveEvents: d.real(root + "effective_events") ?? 0,
      negativeFraction: d.real(root + "negative_fraction") ?? 0,
      partition: d.text(root + "partition").flatMap(Partition.init) ?? .all,
      combination: d.text(root + "combination").flatMap(Combination.init) ?? .balance,
      notes: d.texts(root + "notes") ?? [])
    guard parameterUnits.count == n else { throw broken(root + "units") }
    if let flags = d.integers(root + "is_nuisance") {
      guard flags.count == n else { throw broken(root + "is_nuisance") }
      isNuisance = flags.map { $0 != 0 }
    }
    isConstrained = d.integer(root + "is_constrained") == 1
    entries = try names.map { name in
      let path = root + "matrices/" + name + "/"
      guard let matrix = d.reals(path + "matrix"), matrix.count == n * n else {
        throw broken(path + "matrix")
      }
      let covariance = d.reals(path + "covariance")
      guard covariance.map({ $0.count == n * n * n * n }) ?? true else {
        throw broken(path + "covariance")
      }
      let bias = d.reals(path + "bias")
      guard bias.map({ $0.count == n * n }) ?? true else { throw broken(path + "bias") }
      return Entry(
        name: name, matrix: matrix, covariance: covariance, bias: bias,
        axes: Self.axes(d, at: path))
    }
    distribution = try InformationDistribution.read(
      d, at: root + "distribution", parameters: n)
  }

  /// One axis is `observable` and `edges`; several are `observables` and `edges_0`, `edges_1`, ….
  private static func write(_ axes: [BinAxis], to d: inout Document, at path: String) {
    if axes.count == 1 {
      d.set(path + "observable", axes[0].observable)
      d.set(path + "edges", axes[0].edges)
    } else if axes.count > 1 {
      d.set(path + "observables", axes.map(\.observable))
      for (k, axis) in axes.enumerated() { d.set(path + "edges_\(k)", axis.edges) }
    }
  }

  private static func axes(_ d: Document, at path: String) -> [BinAxis] {
    if let observable = d.text(path + "observable"), let edges = d.reals(path + "edges") {
      return [BinAxis(observable, edges: edges)]
    }
    return (d.texts(path + "observables") ?? []).enumerated().compactMap { k, name in
      d.reals(path + "edges_\(k)").map { BinAxis(name, edges: $0) }
    }
  }
}
