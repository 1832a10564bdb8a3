import Diagnostics

// A setup as MadMiner 0.9 lays it out (parameters, benchmarks, morphing, nuisance_parameters, observables), so that either
// program opens the other's files; what that layout cannot hold stands under `sluice/setup`.

extension Setup {
  static let madMinerWidth = 256

  /// The setup as a document. `referenceFlag` is set once events are there (MadMiner leaves it 0 in setup files).
  public func document(withReference referenceFlag: Bool = true) -> Document {
    let width = Self.madMinerWidth
    var d = Document()
    d.set("parameters/names", parameterNames, width: width)
    d.set("parameters/lha_blocks", parameters.map(\.lhaBlock), width: width)
    d.set("parameters/lha_ids", parameters.map(\.lhaID))
    d.set("parameters/max_power", parameters.map(\.maxPower))
    d.set(
      "parameters/val_ranges",
      parameters.flatMap { [$0.range.lowerBound, $0.range.upperBound] },
      shape: [parameters.count, 2])
    // `_`, MadMiner's own mark for the identity, breaks its card writer; `theta` is the identity that works.
    d.set("parameters/transforms", parameters.map { $0.transform ?? "theta" }, width: width)
    let n = benchmarks.count + nuisanceBenchmarks.count
    d.set("benchmarks/names", weightNames, width: width)
    let zeros = [Double](repeating: 0, count: parameters.count * nuisanceBenchmarks.count)
    d.set(
      "benchmarks/values", benchmarks.flatMap(\.values) + zeros, shape: [n, parameters.count])
    d.set("benchmarks/is_nuisance", (0..<n).map { $0 < benchmarks.count ? 0 : 1 })
    d.set(
      "benchmarks/is_reference",
      (0..<n).map { referenceFlag && $0 == referenceBenchmark ? 1 : 0 })
    if let morphing {
      d.set(
        "morphing/components", morphing.components.flatMap { $0 },
        shape: [morphing.components.count, morphing.parameterCount])
      d.set(
        "morphing/morphing_matrix", morphing.matrix,
        shape: [morphing.components.count, morphing.benchmarkCount])
    }
    finiteDifferences?.write(to: &d)
    if !nuisanceParameters.isEmpty {
      d.set("nuisance_parameters/names", nuisanceParameters.map(\.name), width: width)
      d.set("nuisance_parameters/systematics", nuisanceParameters.map(\.systematic), width: width)
      d.set(
        "nuisance_parameters/benchmark_positive",
        nuisanceParameters.map { $0.benchmarkPositive ?? "None" }, width: width)
      d.set(
        "nuisance_parameters/benchmark_negative",
        nuisanceParameters.map { $0.benchmarkNegative ?? "None" }, width: width)
    }
    if !observables.isEmpty {
      d.set("observables/names", observables.map(\.name), width: width)
      d.set("observables/definitions", observables.map { _ in "None" }, width: width)
    }
    writeOwn(to: &d)
    return d
  }

  private func writeOwn(to d: inout Document) {
    let root = "sluice/setup/"
    d.set(root + "name", name)
    d.set(root + "parameter_units", parameters.map(\.unit))
    d.set(root + "observable_names", observables.map(\.name))
    d.set(root + "observable_expressions", observables.map { $0.expression ?? "" })
    d.set(root + "observable_units", observables.map(\.unit))
    d.set(root + "observable_on_undefined", observables.map { Self.text($0.onUndefined) })
    d.set(root + "cuts", cuts)
    d.set(root + "efficiencies", efficiencies)
    writeSmearing(to: &d)
    Systematic.write(systematics, to: &d)
    SetupSample.write(samples, to: &d)
  }

  private static func text(_ policy: OnUndefined) -> String {
    switch policy {
    case .reject: "reject"
    case .error: "error"
    case .value(let value): String(value)
    }
  }

  /// Reads a setup out of a file's document: ours, MadMiner 0.9's, and the 0.4–0.8 variants.
  public init(document d: Document) throws {
    guard let names = d.texts("parameters/names") else {
      guard !d.names.isEmpty else {
        throw Problem(
          .data, "this is a table of columns alone, and tells of no parameters",
          remedy: "make a sample of it with augment import, or events with lhe-read --setup")
      }
      throw Problem(
        .data, "there is no setup (group parameters)",
        remedy: "make one with morph setup; events get it from lhe-read --setup",
        place: "parameters/names")
    }
    let p = names.count
    func texts(_ path: String, _ missing: String) throws -> [String] {
      let values = d.texts(path) ?? [String](repeating: missing, count: p)
      guard values.count == p else { throw Self.count(path, values.count, p) }
      return values
    }
    let blocks = try texts("parameters/lha_blocks", "")
    let transforms = try texts("parameters/transforms", "theta")
    let units = d.texts("sluice/setup/parameter_units") ?? []
    let ids = d.integers("parameters/lha_ids") ?? [Int](repeating: 0, count: p)
    guard ids.count == p else { throw Self.count("parameters/lha_ids", ids.count, p) }
    // 0.4–0.8: `ranges`, and max_power with a second axis (one column per region; the largest is what matters here).
    let powers = d.integers("parameters/max_power") ?? [Int](repeating: 2, count: p)
    guard p > 0, powers.count % p == 0 else {
      throw Self.count("parameters/max_power", powers.count, p)
    }
    let regions = powers.count / p
    guard let ranges = d.reals("parameters/val_ranges") ?? d.reals("parameters/ranges"),
      ranges.count == 2 * p
    else { throw Self.count("parameters/val_ranges", 0, 2 * p) }
    var made: [Parameter] = []
    for i in 0..<p {
      let (low, high) = (ranges[2 * i], ranges[2 * i + 1])
      guard low <= high, low.isFinite, high.isFinite else {
        throw Problem(
          .data, "the range of parameter \(names[i]) is [\(low), \(high)]",
          place: "parameters/val_ranges")
      }
      let transform = transforms[i]
      made.append(
        Parameter(
          name: names[i], lhaBlock: blocks[i], lhaID: ids[i], range: low...high,
          maxPower: powers[(i * regions)..<((i + 1) * regions)].max() ?? 2,
          unit: i < units.count ? units[i] : "",
          transform: ["theta", "_", "", "None"].contains(transform) ? nil : transform))
    }
    self.init(parameters: made)
    try readBenchmarks(d)
    try readMorphing(d)
    finiteDifferences = try FiniteDifferences.read(d, self)
    readNuisance(d)
    readOwn(d)
    try readSmearing(d)
    systematics = try Systematic.read(d)
  }

  static func count(_ path: String, _ found: Int, _ wanted: Int) -> Problem {
    Problem(.data, "\(found) values where \(wanted) are needed", place: "dataset \(path)")
  }

  private mutating func readBenchmarks(_ d: Document) throws {
    let p = parameters.count
    guard let names = d.texts("benchmarks/names"), let values = d.reals("benchmarks/values") else {
      throw Problem(.data, "there are no benchmarks", place: "benchmarks/names")
    }
    guard values.count == names.count * p else {
      throw Self.count("benchmarks/values", values.count, names.count * p)
    }
    let nuisance = d.integers("benchmarks/is_nuisance") ?? [Int](repeating: 0, count: names.count)
    guard nuisance.count == names.count else {
      throw Self.count("benchmarks/is_nuisance", nuisance.count, names.count)
    }
    for (b, name) in names.enumerated() {
      if nuisance[b] == 0 {
        guard nuisanceBenchmarks.isEmpty else {
          throw Problem(
            .data, "physics benchmark \(name) stands after a nuisance benchmark",
            place: "benchmarks/is_nuisance")
        }
        benchmarks.append(Benchmark(name: name, values: Array(values[b * p..<(b + 1) * p])))
      } else {
        nuisanceBenchmarks.append(name)
      }
    }
    referenceBenchmark = d.integers("benchmarks/is_reference")?.firstIndex(of: 1) ?? 0
  }

  private mutating func readMorphing(_ d: Document) throws {
    guard let components = d.integers("morphing/components"),
      let matrix = d.reals("morphing/morphing_matrix"),
      let shape = d.shape("morphing/morphing_matrix"), shape.count == 2
    else { return }
    let p = parameters.count
    guard components.count == shape[0] * p else {
      throw Self.count("morphing/components", components.count, shape[0] * p)
    }
    guard shape[1] <= benchmarks.count, matrix.allSatisfy(\.isFinite) else {
      throw Problem(
        .data, "the morphing matrix does not fit the benchmarks", place: "morphing/morphing_matrix")
    }
    guard components.allSatisfy({ (0...64).contains($0) }) else {
      throw Problem(.data, "an exponent is not in 0…64", place: "morphing/components")
    }
    morphing = MorphingSetup(
      components: (0..<shape[0]).map { Array(components[$0 * p..<($0 + 1) * p]) }, matrix: matrix,
      benchmarkCount: shape[1])
  }

  private mutating func readNuisance(_ d: Document) {
    guard let names = d.texts("nuisance_parameters/names") else { return }
    func column(_ path: String) -> [String?] {
      let values = d.texts("nuisance_parameters/" + path) ?? []
      return names.indices.map {
        $0 < values.count && values[$0] != "None" && values[$0] != "" ? values[$0] : nil
      }
    }
    let systematics = column("systematics")
    let positive = column("benchmark_positive")
    let negative = column("benchmark_negative")
    nuisanceParameters = names.indices.map {
      NuisanceParameter(
        name: names[$0], systematic: systematics[$0] ?? "", benchmarkPositive: positive[$0],
        benchmarkNegative: negative[$0])
    }
  }

  private mutating func readOwn(_ d: Document) {
    let root = "sluice/setup/"
    if let text = d.text(root + "name") { name = text }
    cuts = d.texts(root + "cuts") ?? []
    efficiencies = d.texts(root + "efficiencies") ?? []
    samples = SetupSample.read(d)
    // MadMiner's list decides which columns there are; our texts explain them where they are of the same columns.
    let own = d.texts(root + "observable_names") ?? []
    let names = d.texts("observables/names") ?? own
    let expressions = d.texts(root + "observable_expressions") ?? []
    let units = d.texts(root + "observable_units") ?? []
    let policies = d.texts(root + "observable_on_undefined") ?? []
    let foreign = d.texts("observables/definitions") ?? []
    observables = names.indices.map { i in
      var observable = Observable(name: names[i], expression: nil)
      if let j = own.firstIndex(of: names[i]) {
        if j < expressions.count, !expressions[j].isEmpty { observable.expression = expressions[j] }
        if j < units.count { observable.unit = units[j] }
        if j < policies.count { observable.onUndefined = Self.policy(policies[j]) }
      } else if i < foreign.count, !["None", ""].contains(foreign[i]) {
        observable.expression = foreign[i]
      }
      return observable
    }
  }

  private static func policy(_ text: String) -> OnUndefined {
    switch text {
    case "reject": .reject
    case "error": .error
    default: .value(Double(text) ?? .nan)
    }
  }
}
