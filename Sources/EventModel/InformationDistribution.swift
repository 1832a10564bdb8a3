import Diagnostics

/// How Fisher information is distributed over the bins of an observable: matrices that sum to the total.
public struct InformationDistribution: Sendable, Equatable {
  /// The matrices of one kind of information.
  public struct Entry: Sendable, Equatable {
    /// `truth`, `rate`, `full` …
    public var name: String
    /// Row-major [bin][parameter][parameter].
    public var matrices: [Double]
    /// Covariance of the elements in each bin from the finite number of events, row-major [bin][i][j][k][l].
    public var covariances: [Double]?

    public init(name: String, matrices: [Double], covariances: [Double]? = nil) {
      self.name = name
      self.matrices = matrices
      self.covariances = covariances
    }

    /// Standard deviations of the elements, in the order of the matrices of n parameters; nil without covariances.
    public func standardDeviations(parameters n: Int) -> [Double]? {
      guard let covariances else { return nil }
      let size = n * n
      return matrices.indices.map { k in
        max(0, covariances[k / size * size * size + k % size * (size + 1)]).squareRoot()
      }
    }
  }

  public var axis: BinAxis
  /// σ(θ) in each bin [pb].
  public var crossSections: [Double]
  public var entries: [Entry]

  public init(axis: BinAxis, crossSections: [Double], entries: [Entry]) {
    self.axis = axis
    self.crossSections = crossSections
    self.entries = entries
  }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  func write(to d: inout Document, at path: String, parameters n: Int) {
    d.set(path + "/observable", axis.observable)
    if !axis.unit.isEmpty { d.set(path + "/unit", axis.unit) }
    d.set(path + "/edges", axis.edges)
    d.set(path + "/cross_sections", crossSections)
    d.set(path + "/names", entries.map(\.name))
    for entry in entries {
      d.set(path + "/matrices/" + entry.name, entry.matrices, shape: [axis.binCount, n, n])
      if let covariances = entry.covariances {
        d.set(
          path + "/covariances/" + entry.name, covariances, shape: [axis.binCount, n, n, n, n])
      }
    }
  }

  /// Nil where there is none.
  static func read(
    _ d: Document, at path: String, parameters n: Int
  ) throws -> InformationDistribution? {
    guard let group = d.group(path) else { return nil }
    let broken = Problem(
      .data, "the distribution of information is not whole",
      remedy: "make it again with fisher distribution", place: "group \(path)")
    guard let observable = group.text("observable"), let edges = group.reals("edges"),
      let sigma = group.reals("cross_sections"), sigma.count == edges.count + 1,
      let names = group.texts("names")
    else { throw broken }
    return InformationDistribution(
      axis: BinAxis(observable, edges: edges, unit: group.text("unit") ?? ""),
      crossSections: sigma,
      entries: try names.map { name in
        guard let matrices = group.reals("matrices/" + name),
          matrices.count == sigma.count * n * n
        else { throw broken }
        let covariances = group.reals("covariances/" + name)
        guard covariances.map({ $0.count == sigma.count * n * n * n * n }) ?? true else {
          throw broken
        }
        return Entry(name: name, matrices: matrices, covariances: covariances)
      })
  }
}
