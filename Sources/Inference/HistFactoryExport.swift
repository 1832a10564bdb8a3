import Diagnostics
import EventModel
import Morphing

/// A histogram likelihood as a workspace of HistFactory in JSON (pyhf, schema 1.0.0): one channel, one sample for each
/// process at one parameter point, and a patch set with the other points of a grid.
public struct HistFactoryExport {
  let processes: [ProcessBins]
  let setup: Setup
  let morphing: MorphingSetup
  let luminosity: Double
  let theta: [Double]
  let notes: [(String, String)]
  /// The record that the patch set belongs to; the schema wants one.
  let record: String
  private let factors: NuisanceFactors?

  /// - Parameters:
  ///   - notes: what is said of the origin, under names.
  ///   - withSystematics: nuisance parameters become `normsys` and `histosys`.
  ///   - record: the number of the HEPData record that the patch set belongs to, ins and seven digits.
  public init(
    _ processes: [ProcessBins], setup: Setup, morphing: MorphingSetup, luminosity: Double,
    theta: [Double], withSystematics: Bool = true, record: String = "ins0000000",
    notes: [(String, String)] = []
  ) throws {
    self.record = record
    self.processes = processes
    self.setup = setup
    self.morphing = morphing
    self.luminosity = luminosity
    self.theta = theta
    self.notes = notes
    factors =
      withSystematics && !setup.nuisanceParameters.isEmpty ? try NuisanceFactors(setup) : nil
    guard processes.contains(where: { !$0.isConstant }) else {
      throw Problem(
        .data, "no process depends on the parameters", remedy: "give events with a signal")
    }
    guard Set(processes.map(\.process)).count == processes.count else {
      throw Problem(.data, "two samples have the name of one process")
    }
  }

  private var channel: String { setup.name.isEmpty ? "channel" : setup.name }
  private static let poi = "mu"

  /// Lσ_c(θ) of a process, and its statistical error L sqrt(Σdσ²).
  private func bins(
    _ process: ProcessBins, _ theta: [Double]
  ) throws -> (means: [Double], errors: [Double]) {
    let point = MorphedPoint(theta, morphing: morphing)
    let means = (0..<process.table.binCount).map {
      luminosity * point.crossSection(process.table, bin: $0).value
    }
    if let bin = means.firstIndex(where: { $0 < 0 }) {
      throw Problem(
        .data,
        "bin \(process.table.label(bin)) of process '\(process.process)' has a negative content at "
          + PointSpecification.name(of: theta, setup),
        remedy: "join this bin with its neighbour (--bins)")
    }
    let errors = (0..<process.table.binCount).map {
      luminosity * point.squaredError(process.table, bin: $0).squareRoot()
    }
    return (means, errors)
  }

  /// The changes of one process under each nuisance parameter: a factor where it is the same in all bins.
  private func systematics(
    _ process: ProcessBins, _ theta: [Double], _ means: [Double]
  ) throws -> [ExchangeValue] {
    guard let factors else { return [] }
    let point = MorphedPoint(theta, morphing: morphing)
    return try setup.nuisanceParameters.indices.compactMap { k -> ExchangeValue? in
      func varied(_ value: Double) throws -> [Double] {
        var nu = [Double](repeating: 0, count: factors.count)
        nu[k] = value
        return try process.varied(nu, factors, at: point, luminosity: luminosity)
      }
      let (high, low) = (try varied(1), try varied(-1))
      let scale = means.max() ?? 0
      guard zip(high + low, means + means).contains(where: { abs($0 - $1) > 1e-12 * scale }) else {
        return nil
      }
      let name = setup.nuisanceParameters[k].name
      let ratios = zip(high, means).filter { $0.1 > 0 }.map { $0.0 / $0.1 }
      let inverse = zip(low, means).filter { $0.1 > 0 }.map { $0.0 / $0.1 }
      func isOne(_ values: [Double]) -> Bool {
        values.allSatisfy { abs($0 - values[0]) <= 1e-9 * abs(values[0]) }
      }
      if isOne(ratios), isOne(inverse), ratios[0] > 0, inverse[0] > 0 {
        let data = ExchangeValue.fields(
          ("hi", ExchangeValue.real(ratios[0])), ("lo", ExchangeValue.real(inverse[0])))
        return modifier(name, "normsys", data)
      }
      let data = ExchangeValue.fields(
        ("hi_data", ExchangeValue.reals(high)), ("lo_data", ExchangeValue.reals(low)))
      return modifier(name, "histosys", data)
    }
  }

  private func sample(
    _ process: ProcessBins, _ theta: [Double]
  ) throws -> (data: ExchangeValue, modifiers: ExchangeValue) {
    let (means, errors) = try bins(process, theta)
    var modifiers: [ExchangeValue] = []
    if !process.isConstant {
      modifiers.append(modifier(Self.poi, "normfactor", ExchangeValue.null))
    }
    modifiers.append(modifier("mcstat_" + channel, "staterror", ExchangeValue.reals(errors)))
    modifiers += try systematics(process, theta, means)
    return (ExchangeValue.reals(means), ExchangeValue.list(modifiers))
  }

  private func modifier(_ name: String, _ type: String, _ data: ExchangeValue) -> ExchangeValue {
    ExchangeValue.fields(
      ("name", ExchangeValue.text(name)), ("type", ExchangeValue.text(type)), ("data", data))
  }

  /// The workspace, the observed counts being the expected ones where none are given.
  public func workspace(counts: [Double]? = nil) throws -> ExchangeValue {
    var samples: [ExchangeValue] = []
    var sum = [Double](repeating: 0, count: processes[0].table.binCount)
    for process in processes {
      let (data, modifiers) = try sample(process, theta)
      samples.append(
        ExchangeValue.fields(
          ("name", ExchangeValue.text(process.process)), ("data", data), ("modifiers", modifiers)))
      for (bin, mean) in try bins(process, theta).means.enumerated() { sum[bin] += mean }
    }
    let name = ExchangeValue.text(channel)
    let channels = ExchangeValue.fields(("name", name), ("samples", ExchangeValue.list(samples)))
    let observation = ExchangeValue.fields(
      ("name", name), ("data", ExchangeValue.reals(counts ?? sum)))
    let config = ExchangeValue.fields(
      ("poi", ExchangeValue.text(Self.poi)), ("parameters", ExchangeValue.list([])))
    let measurement = ExchangeValue.fields(
      ("name", ExchangeValue.text("measurement")), ("config", config))
    return ExchangeValue.fields(
      ("channels", ExchangeValue.list([channels])),
      ("observations", ExchangeValue.list([observation])),
      ("measurements", ExchangeValue.list([measurement])), ("version", ExchangeValue.text("1.0.0"))
    )
  }

  /// Patches that put each process that depends on θ at another point, for the workspace of this export.
  public func patchSet(
    _ workspace: ExchangeValue, points: [[Double]]
  ) throws -> ExchangeValue {
    let patches = try points.map(patch)
    let digest = SHA256.hex(workspace.canonicalJSON)
    let labels = setup.parameterNames.map(Self.word)
    let metadata = ExchangeValue.fields(
      ("name", ExchangeValue.text(channel)), ("description", ExchangeValue.text(description)),
      ("digests", ExchangeValue.fields(("sha256", ExchangeValue.text(digest)))),
      ("labels", ExchangeValue.texts(labels)),
      ("references", ExchangeValue.fields(("hepdata", ExchangeValue.text(record)))))
    return ExchangeValue.fields(
      ("metadata", metadata), ("patches", ExchangeValue.list(patches)),
      ("version", ExchangeValue.text("1.0.0")))
  }

  private func patch(_ point: [Double]) throws -> ExchangeValue {
    var operations: [ExchangeValue] = []
    for (k, process) in processes.enumerated() where !process.isConstant {
      let (data, modifiers) = try sample(process, point)
      for (name, value) in [("data", data), ("modifiers", modifiers)] {
        let path = "/channels/0/samples/\(k)/\(name)"
        operations.append(
          ExchangeValue.fields(
            ("op", ExchangeValue.text("replace")), ("path", ExchangeValue.text(path)),
            ("value", value)))
      }
    }
    let name = Self.word(PointSpecification.name(of: point, setup))
    let metadata = ExchangeValue.fields(
      ("name", ExchangeValue.text(name)), ("values", ExchangeValue.reals(point)))
    return ExchangeValue.fields(
      ("metadata", metadata), ("patch", ExchangeValue.list(operations)))
  }

  /// Letters, digits and underscores, which is what names of patches may have: `cHW_m0p5`.
  private static func word(_ text: String) -> String {
    String(
      text.map { c in
        switch c {
        case "-": "m"
        case ".", "+": "p"
        default: c.isASCII && (c.isLetter || c.isNumber) ? c : "_"
        }
      })
  }

  private var description: String {
    let units = setup.parameters.map { $0.unit.isEmpty ? $0.name : "\($0.name) [\($0.unit)]" }
    var parts = ["bins of \(binsText)", "parameters " + units.joined(separator: ", ")]
    for (name, text) in notes { parts.append("\(name): \(text)") }
    return parts.joined(separator: "; ")
  }

  private var binsText: String {
    let table = processes[0].table
    guard !table.edges.isEmpty else { return "the rate" }
    return table.observable + ", edges " + table.edges.map { "\($0)" }.joined(separator: ",")
  }
}
