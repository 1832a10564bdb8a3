import Diagnostics
import EventModel
import Morphing

/// A histogram likelihood as a workspace of HistFactory in JSON (pyhf, schema 1.0.0): a channel for each table of bins, in it
/// one sample for each process at one parameter point, and a patch set with the other points of a grid.
public struct HistFactoryExport {
  /// The bins of one channel.
  public struct Channel: Sendable {
    public let name: String
    /// With the tables of its processes.
    let table: BinTable
    let setup: Setup
    let morphing: MorphingSetup

    /// - Parameter name: of the setup where it is nil.
    /// - Throws: `.data` where the setup has no morphing.
    public init(name: String? = nil, _ table: BinTable, setup: Setup) throws {
      self.name = name ?? (setup.name.isEmpty ? "channel" : setup.name)
      self.table = table
      self.setup = setup
      morphing = try setup.requireMorphing()
    }

    var binsText: String {
      guard !table.axes.isEmpty else { return "the rate" }
      return table.axes.map {
        $0.observable + ", edges " + $0.edges.map { "\($0)" }.joined(separator: ",")
      }.joined(separator: "; ")
    }
  }

  let channels: [Channel]
  let luminosity: Double
  let theta: [Double]
  let notes: [(String, String)]
  /// The record that the patch set belongs to; the schema wants one.
  let record: String
  private let withSystematics: Bool
  private var setup: Setup { channels[0].setup }

  /// - Parameters:
  ///   - channels: at least one, of the same parameters.
  ///   - notes: what is said of the origin, under names.
  ///   - withSystematics: nuisance parameters become `normsys` and `histosys`; those of one name are one in all channels.
  ///   - record: the number of the HEPData record that the patch set belongs to, ins and seven digits.
  /// - Throws: `.data` where channels have other parameters, or one name; and where nothing depends on the parameters.
  public init(
    _ channels: [Channel], luminosity: Double, theta: [Double], withSystematics: Bool = true,
    record: String = "ins0000000", notes: [(String, String)] = []
  ) throws {
    precondition(!channels.isEmpty)
    self.record = record
    self.channels = channels
    self.luminosity = luminosity
    self.theta = theta
    self.notes = notes
    self.withSystematics = withSystematics
    for channel in channels where channel.setup.parameterNames != channels[0].setup.parameterNames {
      throw Problem(
        .data, "its parameters are not those of channel '\(channels[0].name)'",
        place: "channel '\(channel.name)'")
    }
    guard Set(channels.map(\.name)).count == channels.count else {
      throw Problem(.data, "two channels have one name", remedy: "give their files other names")
    }
    guard channels.contains(where: { $0.table.processes.contains { !Self.isConstant($0) } }) else {
      throw Problem(
        .data, "no process depends on the parameters", remedy: "give events with a signal")
    }
  }

  private static let poi = "mu"

  /// Its weights are the same at every benchmark.
  private static func isConstant(_ process: BinTable.Process) -> Bool {
    let (table, n) = (process.table, process.table.benchmarkCount)
    return (0..<table.binCount).allSatisfy { bin in
      (1..<max(1, n)).allSatisfy { table.sums[bin * n + $0] == table.sums[bin * n] }
    }
  }

  /// Lσ_c(θ) of a process, and its statistical error L sqrt(Σdσ²).
  private func bins(
    _ process: BinTable.Process, of channel: Channel, _ theta: [Double]
  ) throws -> (means: [Double], errors: [Double]) {
    let point = MorphedPoint(theta, morphing: channel.morphing)
    let bins = 0..<process.table.binCount
    let means = bins.map { luminosity * point.crossSection(process.table, bin: $0).value }
    if let bin = means.firstIndex(where: { $0 < 0 }) {
      throw Problem(
        .data,
        "bin \(process.table.label(bin)) of process '\(process.name)' has a negative content at "
          + PointSpecification.name(of: theta, setup),
        remedy: "join this bin with its neighbour (--bins)")
    }
    return (
      means, bins.map { luminosity * point.squaredError(process.table, bin: $0).squareRoot() }
    )
  }

  /// The changes of one process under each nuisance parameter: a factor where it is the same in all bins.
  private func systematics(
    _ process: BinTable.Process, of channel: Channel, _ theta: [Double], _ means: [Double]
  ) -> [ExchangeValue] {
    guard withSystematics else { return [] }
    let point = MorphedPoint(theta, morphing: channel.morphing)
    let (table, count) = (process.table, process.table.nuisanceCount)
    return table.nuisances.enumerated().compactMap { k, nuisance -> ExchangeValue? in
      func varied(_ sums: [Double]) -> [Double] {
        sums.withUnsafeBufferPointer { sums in
          (0..<table.binCount).map { bin in
            let start = (bin * count + k) * table.benchmarkCount
            return luminosity * (sums.baseAddress.map { point.value($0 + start) } ?? 0)
          }
        }
      }
      let (high, low) = (varied(table.up), varied(table.down))
      let scale = means.max() ?? 0
      guard zip(high + low, means + means).contains(where: { abs($0 - $1) > 1e-12 * scale }) else {
        return nil
      }
      let ratios = zip(high, means).filter { $0.1 > 0 }.map { $0.0 / $0.1 }
      let inverse = zip(low, means).filter { $0.1 > 0 }.map { $0.0 / $0.1 }
      func isOne(_ values: [Double]) -> Bool {
        values.allSatisfy { abs($0 - values[0]) <= 1e-9 * abs(values[0]) }
      }
      if isOne(ratios), isOne(inverse), ratios[0] > 0, inverse[0] > 0 {
        let data = ExchangeValue.fields(
          ("hi", ExchangeValue.real(ratios[0])), ("lo", ExchangeValue.real(inverse[0])))
        return modifier(nuisance.name, "normsys", data)
      }
      let data = ExchangeValue.fields(
        ("hi_data", ExchangeValue.reals(high)), ("lo_data", ExchangeValue.reals(low)))
      return modifier(nuisance.name, "histosys", data)
    }
  }

  private func sample(
    _ process: BinTable.Process, of channel: Channel, _ theta: [Double]
  ) throws -> (data: ExchangeValue, modifiers: ExchangeValue) {
    let (means, errors) = try bins(process, of: channel, theta)
    var modifiers: [ExchangeValue] = []
    if !Self.isConstant(process) {
      modifiers.append(modifier(Self.poi, "normfactor", ExchangeValue.null))
    }
    modifiers.append(modifier("mcstat_" + channel.name, "staterror", ExchangeValue.reals(errors)))
    modifiers += systematics(process, of: channel, theta, means)
    return (ExchangeValue.reals(means), ExchangeValue.list(modifiers))
  }

  private func modifier(_ name: String, _ type: String, _ data: ExchangeValue) -> ExchangeValue {
    ExchangeValue.fields(
      ("name", ExchangeValue.text(name)), ("type", ExchangeValue.text(type)), ("data", data))
  }

  /// The workspace. The schema has no place for remarks, so the name of the measurement tells luminosity, point and bins.
  /// - Parameter counts: observed in each channel; the expected counts where there are none.
  public func workspace(counts: [[Double]]? = nil) throws -> ExchangeValue {
    var described: [ExchangeValue] = []
    var observations: [ExchangeValue] = []
    for (c, channel) in channels.enumerated() {
      var samples: [ExchangeValue] = []
      var sum = [Double](repeating: 0, count: channel.table.binCount)
      for process in channel.table.processes {
        let (data, modifiers) = try sample(process, of: channel, theta)
        samples.append(
          ExchangeValue.fields(
            ("name", ExchangeValue.text(process.name)), ("data", data), ("modifiers", modifiers)))
        for (bin, mean) in try bins(process, of: channel, theta).means.enumerated() {
          sum[bin] += mean
        }
      }
      let name = ExchangeValue.text(channel.name)
      described.append(
        ExchangeValue.fields(("name", name), ("samples", ExchangeValue.list(samples))))
      observations.append(
        ExchangeValue.fields(("name", name), ("data", ExchangeValue.reals(counts?[c] ?? sum))))
    }
    let config = ExchangeValue.fields(
      ("poi", ExchangeValue.text(Self.poi)), ("parameters", ExchangeValue.list([])))
    let measurement = ExchangeValue.fields(
      ("name", ExchangeValue.text(description)), ("config", config))
    return ExchangeValue.fields(
      ("channels", ExchangeValue.list(described)),
      ("observations", ExchangeValue.list(observations)),
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
      ("name", ExchangeValue.text(channels.map(\.name).joined(separator: " "))),
      ("description", ExchangeValue.text(description)),
      ("digests", ExchangeValue.fields(("sha256", ExchangeValue.text(digest)))),
      ("labels", ExchangeValue.texts(labels)),
      ("references", ExchangeValue.fields(("hepdata", ExchangeValue.text(record)))))
    return ExchangeValue.fields(
      ("metadata", metadata), ("patches", ExchangeValue.list(patches)),
      ("version", ExchangeValue.text("1.0.0")))
  }

  private func patch(_ point: [Double]) throws -> ExchangeValue {
    var operations: [ExchangeValue] = []
    for (c, channel) in channels.enumerated() {
      for (k, process) in channel.table.processes.enumerated() where !Self.isConstant(process) {
        let (data, modifiers) = try sample(process, of: channel, point)
        for (name, value) in [("data", data), ("modifiers", modifiers)] {
          let path = "/channels/\(c)/samples/\(k)/\(name)"
          operations.append(
            ExchangeValue.fields(
              ("op", ExchangeValue.text("replace")), ("path", ExchangeValue.text(path)),
              ("value", value)))
        }
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
    let bins = channels.map { channels.count > 1 ? "\($0.name): \($0.binsText)" : $0.binsText }
    var parts = [
      "bins of " + bins.joined(separator: "; "), "parameters " + units.joined(separator: ", "),
    ]
    for (name, text) in notes { parts.append("\(name): \(text)") }
    return parts.joined(separator: "; ")
  }
}
