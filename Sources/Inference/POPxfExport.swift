import Diagnostics
import EventModel

/// Morphed bins as polynomials in the parameters, in POPxf 1.0 (arXiv:2511.17348): coefficients of every monomial in every bin,
/// with the Monte-Carlo errors and covariances of the coefficients.
public struct POPxfExport {
  let table: BinTable
  let setup: Setup
  let morphing: MorphingSetup
  let scale: Double
  let notes: [(String, String)]

  /// - Parameter scale: where the parameters are defined [GeV].
  public init(
    _ table: BinTable, setup: Setup, scale: Double, notes: [(String, String)] = []
  ) throws {
    self.table = table
    self.setup = setup
    morphing = try setup.requireMorphing()
    self.scale = scale
    self.notes = notes
    guard degree <= 5 else {
      throw Problem(
        .data, "the cross section is of degree \(degree), and POPxf goes to 5",
        remedy: "limit the powers in the analysis")
    }
  }

  /// The largest total power, at least 1.
  private var degree: Int { max(1, morphing.components.map { $0.reduce(0, +) }.max() ?? 1) }

  /// `('', 'cHW')`: names in ascending order, after as many blanks as the degree leaves.
  private func key(_ powers: [Int]) -> String {
    var names: [String] = []
    for (p, power) in powers.enumerated() {
      names += [String](repeating: setup.parameterNames[p], count: power)
    }
    names.sort { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    let padded = [String](repeating: "", count: degree - names.count) + names
    return "(" + padded.map { "'\($0)'" }.joined(separator: ", ") + (degree == 1 ? ",)" : ")")
  }

  /// Coefficients of one bin, one for each component: σ_c(θ) = Σ_k a_k monomial_k(θ), a = M S [pb].
  private func coefficients(_ bin: Int) -> [Double] {
    let (n, sums) = (morphing.benchmarkCount, table.sums(ofBin: bin))
    return morphing.components.indices.map { c in
      (0..<n).reduce(0) { $0 + morphing.matrix[c * n + $1] * sums[$1] }
    }
  }

  /// M Q Mᵀ of one bin, row-major [pb²].
  private func covariance(_ bin: Int) -> [[Double]] {
    let (n, q) = (morphing.benchmarkCount, table.pairMatrix(ofBin: bin))
    let m = morphing.matrix
    return morphing.components.indices.map { c in
      morphing.components.indices.map { d in
        var sum = 0.0
        for i in 0..<n { for j in 0..<n { sum += m[c * n + i] * q[i * n + j] * m[d * n + j] } }
        return sum
      }
    }
  }

  public func document() -> ExchangeValue {
    let bins = 0..<table.binCount
    let keys = morphing.components.map(key)
    let central = bins.map(coefficients)
    let covariances = bins.map(covariance)
    func polynomial(_ value: (Int, Int) -> Double) -> ExchangeValue {
      .object(
        keys.enumerated().map { c, key in
          .init(name: key, value: .reals(bins.map { value($0, c) }))
        })
    }
    let names = bins.map {
      table.axes.isEmpty ? "sigma" : "sigma(\(table.observable) in \(table.label($0)))"
    }
    var metadata: [ExchangeValue.Member] = [
      .init(name: "observable_names", value: .texts(names)),
      .init(name: "parameters", value: .texts(setup.parameterNames)),
      .init(name: "basis", value: .fields(("custom", basis))),
      .init(name: "scale", value: .real(scale)),
    ]
    if degree != 2 { metadata.append(.init(name: "polynomial_degree", value: .integer(degree))) }
    metadata.append(
      .init(
        name: "reproducibility",
        value: .list([
          .fields(
            ("description", "cross sections of bins, morphed from weighted events"),
            (
              "tool",
              .fields(("name", "sluice"), ("version", .text(ToolkitVersion.current)))
            ))
        ])))
    metadata.append(
      .init(
        name: "misc",
        value: .object(
          [
            .init(name: "unit", value: "pb"),
            .init(name: "observable", value: .text(table.observable)),
            .init(
              name: "edges",
              value: table.axes.count == 1
                ? .reals(table.edges) : .list(table.axes.map { .reals($0.edges) })),
            .init(name: "events", value: .list(table.counts.map { .integer($0) })),
            .init(
              name: "MC_stats_covariance",
              value: .fields(
                ("unit", "pb^2"), ("monomials", .texts(keys)),
                ("values", .list(covariances.map { .list($0.map { .reals($0) }) })))),
          ] + notes.map { .init(name: $0.0, value: .text($0.1)) })))
    return .fields(
      ("$schema", "https://json.schemastore.org/popxf-1.0.json"), ("metadata", .object(metadata)),
      (
        "data",
        .fields(
          ("observable_central", polynomial { central[$0][$1] }),
          (
            "observable_uncertainties",
            .fields(
              (
                "MC_stats",
                polynomial { max(0, covariances[$0][$1][$1]).squareRoot() }
              ))
          ))
      ))
  }

  private var basis: ExchangeValue {
    .fields(
      ("name", .text(setup.name)),
      (
        "parameters",
        .list(
          setup.parameters.map {
            .fields(
              ("name", .text($0.name)), ("unit", .text($0.unit)), ("lha_block", .text($0.lhaBlock)),
              ("lha_id", .integer($0.lhaID)))
          })
      ))
  }
}
