import Diagnostics
import EventModel
import Yams

/// The content of an analysis.yaml, the one thing a user writes.
///
///     name: wh                        # process name of its samples; default: analysis
///     parameters:                     # required, in this order everywhere
///       cHW:
///         block: SMEFT                # SLHA block of the parameter card (required, but for labels without morphing)
///         id: 7                       # id inside the block (as block)
///         range: [-1, 1]              # scales the morphing and bounds the optimised basis (required)
///         max-power: 2                # in the squared matrix element; default 2
///         unit: TeV^-2                # for axes; default none
///         transform: theta / 1000     # value on the card; default theta
///     max-overall-power: 2            # of all parameters together; default 4
///     benchmarks:                     # a value for every parameter
///       sm: {cHW: 0, cHq3: 0}
///     reference: sm                   # benchmark of nuisance weights; default the first
///     morphing: polynomial            # default; none: benchmarks alone, which nothing joins
///     basis:                          # how missing benchmarks of the morphing basis are found
///       complete: true                # default true; false: fewer benchmarks than components are an error
///       trials: 100                   # random bases tried; default 100
///       seed: 0                       # default 0
///     observables:                    # or the word default
///       pt_l: l[0].pt                 # an expression (observables(7))
///       m_jj:
///         expression: (j[0] + j[1]).m
///         on-undefined: 0             # reject, error, nan (default) or a number
///         unit: GeV
///       default: {leptons: 2, photons: 2, jets: 2, charges: true}    # the default set, after the others; met, visible, numbers
///     cuts: [len(j) >= 2]             # an event is kept if all are true
///     efficiencies: [0.9]             # their product multiplies every weight
///     smearing:                       # see SmearingSection.swift
///       j: {energy: {relative: 0.1}}
///     tags:
///       b_tag: {b: 0.7, c: 0.1, light: 0.01}
///     systematics:                    # see SystematicsSection
///       scales: {type: scale, scale: mu, factors: [0.5, 2]}
///     samples:                        # event files, for lhe-read
///       - {file: sm.lhe.gz, benchmark: sm}
///       - {file: tt.lhe.gz, background: true, process: tt, k-factor: 1.2}
///
/// Unknown keys are errors. Anchors and aliases are refused: nothing in an analysis needs them.
public struct Analysis: Sendable {
  /// How the morphing basis is completed.
  public struct Basis: Sendable, Equatable {
    public var maxOverallPower = 4
    /// Add optimised benchmarks where the user gives fewer than the morphing needs.
    public var complete = true
    public var trials = 100
    public var seed: UInt64 = 0
    public init() {}
  }

  /// The default observables wanted, after the user's own; the room Observables makes them.
  public struct DefaultSet: Sendable, Equatable {
    public var leptons = 2
    public var photons = 2
    public var jets = 2
    public var charges = true
    public var missing = true
    public var visible = true
    public var numbers = true
    public init() {}
  }

  /// Without a morphing matrix, and with the benchmarks the user names only.
  public var setup = Setup()
  public var basis = Basis()
  /// Whether weights are polynomials of the parameters; else the benchmarks are all there is.
  public var hasMorphing = true
  public var defaultSet: DefaultSet?
  /// Line of each expression, by `observable pt_l`, `cut 1`, `efficiency 1`, `smearing of j energy`, `b_tag of c`.
  var lines: [String: Int] = [:]
  var file: String

  /// Reads the text of an analysis.yaml. Throws a `Problem` (65) with line and column.
  public init(_ text: String, file: String = "analysis.yaml") throws {
    self.file = file
    do {
      try YAMLGuard.check(text)
      guard let root = try compose(yaml: text) else {
        throw Problem(
          .data, "the file is empty", remedy: "see analysis.yaml(5) for what it holds")
      }
      try read(root)
    } catch let problem as Problem {
      throw problem.inFile(file)
    } catch let error as YamlError {
      throw YAMLGuard.problem(error).inFile(file)
    }
  }

  /// The same from the bytes of a file, which must be UTF-8.
  public init(bytes: [UInt8], file: String) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem(
        .data, "not a text file (UTF-8)", remedy: "give an analysis.yaml", file: file)
    }
    try self.init(text, file: file)
  }

  /// Adds file and line to a problem of an expression, which says `observable pt_l, column 7`.
  public func located(_ problem: Problem) -> Problem {
    var copy = problem.inFile(file)
    if let place = problem.place, let comma = place.lastIndex(of: ","),
      let line = lines[String(place[..<comma])]
    {
      copy.place = "line \(line), \(place)"
    }
    return copy
  }
}

extension Analysis {
  private static let keys = [
    "name", "parameters", "max-overall-power", "benchmarks", "reference", "morphing", "basis",
    "observables", "cuts", "efficiencies", "smearing", "tags", "systematics", "samples",
  ]

  private mutating func read(_ root: Node) throws {
    let sections = try Entry(root, "the analysis").mapping()
    for section in sections {
      try section.requireKey(in: Self.keys)
    }
    func section(_ key: String) -> Entry? { sections.first { $0.key == key } }

    if let entry = section("name") { setup.name = try entry.name("the analysis") }
    guard let parameters = section("parameters") else {
      throw Problem(
        .data, "there are no parameters", remedy: "add a section 'parameters'", place: "line 1")
    }
    // A parameter of benchmarks alone may be a label, which no card holds.
    let mayBeLabel = try section("morphing")?.textIfScalar() == "none"
    setup.parameters = try parameters.mapping().map { try Self.parameter($0, mayBeLabel) }
    if setup.parameters.isEmpty {
      throw parameters.problem("there are no parameters", remedy: "add one")
    }
    if let entry = section("max-overall-power") {
      basis.maxOverallPower = try entry.integer(in: 1...20)
    }
    if let entry = section("benchmarks") {
      setup.benchmarks = try entry.mapping().map { try benchmark($0) }
      try refuseEqualBenchmarks(entry)
    }
    if let entry = section("reference") { try readReference(entry) }
    if let entry = section("morphing") { try readMorphing(entry, section) }
    if let entry = section("basis") { try readBasis(entry) }
    if let entry = section("observables") { try readObservables(entry) }
    if let entry = section("cuts") { setup.cuts = try expressions(entry, role: "cut") }
    if let entry = section("efficiencies") {
      setup.efficiencies = try expressions(entry, role: "efficiency")
    }
    if let entry = section("smearing") { try readSmearing(entry) }
    if let entry = section("tags") { try readTags(entry) }
    if let entry = section("systematics") {
      setup.systematics = try SystematicsSection.read(
        entry, benchmarks: setup.benchmarks.map(\.name))
    }
    if let entry = section("samples") { try readSamples(entry) }
  }

  private static func parameter(_ entry: Entry, _ mayBeLabel: Bool) throws -> Parameter {
    let name = try entry.identifierKey("parameter")
    let onCard = ["block", "id"]
    let fields = try entry.fields(
      required: mayBeLabel ? ["range"] : onCard + ["range"],
      optional: ["max-power", "unit", "transform"] + (mayBeLabel ? onCard : []))
    if let given = (onCard + ["transform"]).first(where: { fields[$0] != nil }),
      let missing = onCard.first(where: { fields[$0] == nil })
    {
      throw entry.problemAtKey(
        "'\(name)' has '\(given)' and no '\(missing)'",
        remedy: "add it, or leave \(given) away where the parameter is on no card")
    }
    guard let range = fields["range"] else {
      throw entry.problem("parameter '\(name)' is incomplete", remedy: nil)
    }
    let bounds = try range.list().map { try $0.number() }
    guard bounds.count == 2, bounds[0] < bounds[1] else {
      throw range.problem(
        "the range of '\(name)' is not two rising numbers", remedy: "write [-1, 1]")
    }
    return Parameter(
      name: name, lhaBlock: try fields["block"]?.name("the block") ?? "",
      lhaID: try fields["id"]?.integer(in: 0...Int(Int32.max)) ?? 0, range: bounds[0]...bounds[1],
      maxPower: try fields["max-power"]?.integer(in: 0...20) ?? 2,
      unit: try fields["unit"]?.text() ?? "", transform: try fields["transform"]?.text())
  }

  private func benchmark(_ entry: Entry) throws -> Benchmark {
    let name = entry.key
    // The names stand in --sample PROCESS/BENCHMARK:FILE, in --theta and in columns.
    guard !name.isEmpty, name.utf8.count <= 255,
      name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !",=:/@'\"".utf8.contains($0) })
    else {
      throw entry.problem(
        "'\(name)' cannot be the name of a benchmark",
        remedy: "use letters, digits and _ . + -")
    }
    let values = try entry.mapping()
    for value in values {
      try value.requireKey(in: setup.parameterNames, what: "parameter")
    }
    return Benchmark(
      name: name,
      values: try setup.parameterNames.map { parameter in
        guard let value = values.first(where: { $0.key == parameter }) else {
          throw entry.problem(
            "benchmark '\(name)' has no value for \(parameter)", remedy: "add \(parameter): 0")
        }
        return try value.number()
      })
  }

  private func refuseEqualBenchmarks(_ entry: Entry) throws {
    for (i, benchmark) in setup.benchmarks.enumerated() {
      guard let twin = setup.benchmarks[..<i].first(where: { $0.values == benchmark.values })
      else { continue }
      throw try entry.mapping()[i].problem(
        "benchmarks '\(twin.name)' and '\(benchmark.name)' are the same point",
        remedy: "remove one")
    }
  }

  private mutating func readReference(_ entry: Entry) throws {
    let name = try entry.text()
    guard let index = setup.benchmarkIndex(name) else {
      throw entry.problem(
        "there is no benchmark '\(name)'",
        remedy: Entry.suggestion(name, among: setup.benchmarks.map(\.name)))
    }
    setup.referenceBenchmark = index
  }

  private mutating func readMorphing(_ entry: Entry, _ section: (String) -> Entry?) throws {
    switch try entry.text() {
    case "polynomial": return
    case "none": hasMorphing = false
    default:
      throw entry.problem(
        "'\(try entry.text())' is no kind of morphing", remedy: "use polynomial or none")
    }
    for key in ["basis", "max-overall-power"] {
      guard let other = section(key) else { continue }
      throw other.problem(
        "'\(key)' is for polynomials, and there is to be no morphing", remedy: "remove one")
    }
    guard setup.benchmarks.count > 1 else {
      throw entry.problem(
        "without morphing the benchmarks are all there is, and there are \(setup.benchmarks.count)",
        remedy: "give at least two under 'benchmarks'")
    }
  }

  private mutating func readBasis(_ entry: Entry) throws {
    let fields = try entry.fields(required: [], optional: ["complete", "trials", "seed"])
    basis.complete = try fields["complete"]?.bool() ?? basis.complete
    basis.trials = try fields["trials"]?.integer(in: 1...1_000_000) ?? basis.trials
    basis.seed = try fields["seed"].map { UInt64(try $0.integer(in: 0...Int.max)) } ?? basis.seed
  }

  private mutating func readObservables(_ entry: Entry) throws {
    if try entry.textIfScalar() == "default" {
      defaultSet = DefaultSet()
      return
    }
    for observable in try entry.mapping() {
      if observable.key == "default" {
        try readDefaultSet(observable)
        continue
      }
      let name = try observable.identifierKey("observable")
      setup.observables.append(try Self.observable(observable, name))
      lines["observable \(name)"] = observable.line
    }
  }

  private mutating func readDefaultSet(_ entry: Entry) throws {
    let fields = try entry.fields(
      required: [],
      optional: ["leptons", "photons", "jets", "charges", "met", "visible", "numbers"])
    var set = DefaultSet()
    set.leptons = try fields["leptons"]?.integer(in: 0...100) ?? set.leptons
    set.photons = try fields["photons"]?.integer(in: 0...100) ?? set.photons
    set.jets = try fields["jets"]?.integer(in: 0...100) ?? set.jets
    set.charges = try fields["charges"]?.bool() ?? set.charges
    set.missing = try fields["met"]?.bool() ?? set.missing
    set.visible = try fields["visible"]?.bool() ?? set.visible
    set.numbers = try fields["numbers"]?.bool() ?? set.numbers
    defaultSet = set
  }

  private static func observable(_ entry: Entry, _ name: String) throws -> Observable {
    if let text = try entry.textIfScalar() { return Observable(name: name, expression: text) }
    let fields = try entry.fields(
      required: ["expression"], optional: ["on-undefined", "unit"])
    return Observable(
      name: name, expression: try fields["expression"]?.text(),
      onUndefined: try fields["on-undefined"].map(onUndefined) ?? .value(.nan),
      unit: try fields["unit"]?.text() ?? "")
  }

  private static func onUndefined(_ entry: Entry) throws -> OnUndefined {
    switch try entry.text() {
    case "reject": return .reject
    case "error": return .error
    case "nan", "NaN", ".nan": return .value(.nan)
    default:
      guard let value = try? entry.number() else {
        throw entry.problem(
          "'\(try entry.text())' is not a rule for undefined values",
          remedy: "use reject, error, nan or a number")
      }
      return .value(value)
    }
  }

  private mutating func expressions(_ entry: Entry, role: String) throws -> [String] {
    try entry.list().enumerated().map { i, item in
      lines["\(role) \(i + 1)"] = item.line
      return try item.text()
    }
  }
}
