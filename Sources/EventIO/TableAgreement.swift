import Diagnostics
import EventModel

/// Whether two tables may become one: what their headers say must be the same, in whatever order.
///
/// Parameters, benchmarks, observables and systematics are matched by name, cuts and efficiencies by their text; everything
/// else that the headers hold must be equal, but for names of analyses, samples, and MadMiner's counts.
struct TableAgreement {
  private let reference: TableGroup
  private let group: TableGroup

  init(_ reference: TableGroup, _ group: TableGroup) {
    self.reference = reference
    self.group = group
  }

  private func differ(_ fact: String) -> Problem {
    Problem(
      .data, fact, remedy: "merge tables that were made with one setup", file: group.name)
  }

  /// Throws `.data` naming the first difference and both files.
  func check() throws {
    let (a, b) = (reference.header, group.header)
    guard a.kind == .events else {
      return try checkRest(
        a.document, b.document, "",
        [TableMerge.leastEvents, SampleInfo.effectiveQuantilesPath])
    }
    let has = [a, b].map { $0.document["parameters/names"] != nil }
    guard has[0] == has[1] else {
      throw differ(
        has[0]
          ? "there is no setup, as \(reference.name) has"
          : "there is a setup, which \(reference.name) has not")
    }
    if !has[0] {
      try check(Self.observables(a.document), Self.observables(b.document))
    } else {
      let setups = try (
        naming(reference) { try Setup(document: a.document) },
        naming(group) { try Setup(document: b.document) }
      )
      try check(setups.0, setups.1)
      try checkDirections(
        ReplicaDirections(setups.0, a.document), ReplicaDirections(setups.1, b.document))
    }
    let partitions = [a, b].map { PartitionDefinition($0.document, at: "sluice/partition") }
    guard partitions[0] == partitions[1] else {
      throw differ(
        "the events are divided into train, validation and test in another way than in \(reference.name)"
      )
    }
    try checkRest(a.document, b.document, "", Self.compared)
  }

  private func naming<T>(_ group: TableGroup, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem { throw problem.inFile(group.name) }
  }

  private func checkDirections(_ a: ReplicaDirections, _ b: ReplicaDirections) throws {
    guard let name = a.clash(with: b) else { return }
    throw Problem(
      .data,
      "the nuisance parameters of '\(name)' are principal components of replicas, and other ones than in \(reference.name)",
      remedy: "read the samples of both in one run of lhe-read", file: group.name)
  }

  /// Groups and datasets that are compared by what they mean, or that may differ.
  private static let compared: Set<String> = [
    "parameters", "benchmarks", "morphing", "observables", "nuisance_parameters",
    "sample_summary", "init", "procInfo", "xml", "generators", "sluice/samples", "sluice/partition",
    ReplicaDirections.root,
    "sluice/salvaged",
    "sluice/incomplete", "sluice/setup/name", "sluice/setup/samples",
    "sluice/setup/parameter_units", "sluice/setup/observable_names",
    "sluice/setup/observable_expressions", "sluice/setup/observable_units",
    "sluice/setup/observable_on_undefined", "sluice/setup/cuts", "sluice/setup/efficiencies",
  ]

  private func checkRest(
    _ a: Document, _ b: Document, _ path: String, _ excluded: Set<String>
  ) throws {
    for name in Set(a.names + b.names).sorted() {
      let full = path.isEmpty ? name : path + "/" + name
      if excluded.contains(full) { continue }
      switch (a[name], b[name]) {
      case (.group(let x)?, .group(let y)?): try checkRest(x, y, full, excluded)
      case (.group(let x)?, nil): try checkRest(x, Document(), full, excluded)
      case (nil, .group(let y)?): try checkRest(Document(), y, full, excluded)
      case (let x?, let y?):
        guard Self.text(x) == Self.text(y) else {
          throw differ("\(full) differs from that in \(reference.name)")
        }
      case (nil, _?): throw differ("there is \(full), which \(reference.name) has not")
      case (_?, nil): throw differ("there is no \(full), which \(reference.name) has")
      case (nil, nil): break
      }
    }
  }

  /// Exact, so that NaN equals NaN.
  private static func text(_ node: Document.Node) -> String {
    var document = Document()
    document["x"] = node
    return document.exactJSON
  }

  // MARK: setups

  private func check(_ a: Setup, _ b: Setup) throws {
    try match("parameter", a.parameters, b.parameters, \.name) { p, q in
      [
        ("block", p.lhaBlock.lowercased() == q.lhaBlock.lowercased()),
        ("id", p.lhaID == q.lhaID), ("range", p.range == q.range),
        ("power", p.maxPower == q.maxPower), ("unit", p.unit == q.unit),
        ("transform", p.transform == q.transform),
      ].first { !$0.1 }.map { "has another \($0.0)" }
    }
    let order = a.parameterNames.map { b.parameterNames.firstIndex(of: $0) ?? 0 }
    try match("benchmark", a.benchmarks, b.benchmarks, \.name) { x, y in
      x.values == order.map { y.values[$0] }
        ? nil
        : "is at \(PointSpecification.name(of: y.values, b)) and not at \(PointSpecification.name(of: x.values, a))"
    }
    try checkMorphing(a, b, order)
    try match("weight", a.nuisanceBenchmarks, b.nuisanceBenchmarks, \.self) { _, _ in nil }
    try match("nuisance parameter", a.nuisanceParameters, b.nuisanceParameters, \.name) {
      $0 == $1 ? nil : "has other benchmarks"
    }
    if !a.nuisanceParameters.isEmpty,
      a.benchmarks[a.referenceBenchmark].name != b.benchmarks[b.referenceBenchmark].name
    {
      throw differ("the reference benchmark is another than in \(reference.name)")
    }
    try check(a.observables, b.observables)
    try match("cut", a.cuts, b.cuts, \.self) { _, _ in nil }
    try match("efficiency", a.efficiencies, b.efficiencies, \.self) { _, _ in nil }
  }

  /// What a table without a setup says of its observables.
  private static func observables(_ d: Document) -> [Observable] {
    let root = "sluice/setup/observable_"
    func texts(_ name: String) -> [String] { d.texts(root + name) ?? [] }
    let (expressions, units) = (texts("expressions"), texts("units"))
    return texts("names").enumerated().map { i, name in
      let expression = i < expressions.count ? expressions[i] : ""
      return Observable(
        name: name, expression: expression.isEmpty ? nil : expression,
        unit: i < units.count ? units[i] : "")
    }
  }

  private func check(_ a: [Observable], _ b: [Observable]) throws {
    try match("observable", a, b, \.name) { x, y in
      if let p = x.expression, let q = y.expression, p != q { return "is '\(q)' and not '\(p)'" }
      if x.unit != y.unit { return "is in '\(y.unit)' and not in '\(x.unit)'" }
      // The text is the same for any NaN.
      return "\(x.onUndefined)" == "\(y.onUndefined)"
        ? nil : "is replaced by other values where undefined"
    }
  }

  private func match<T>(
    _ what: String, _ a: [T], _ b: [T], _ name: KeyPath<T, String>,
    difference: (T, T) -> String?
  ) throws {
    for x in a {
      guard let y = b.first(where: { $0[keyPath: name] == x[keyPath: name] }) else {
        throw differ("there is no \(what) '\(x[keyPath: name])', which \(reference.name) has")
      }
      if let text = difference(x, y) {
        throw differ("\(what) '\(x[keyPath: name])' \(text), as in \(reference.name)")
      }
    }
    if let y = b.first(where: { y in !a.contains { $0[keyPath: name] == y[keyPath: name] } }) {
      throw differ(
        "there is \(what == "efficiency" || what == "observable" ? "an" : "a") \(what) '\(y[keyPath: name])', which \(reference.name) has not"
      )
    }
  }

  /// The same polynomial for every benchmark's weight, whatever the order of components, parameters and benchmarks.
  private func checkMorphing(_ a: Setup, _ b: Setup, _ order: [Int]) throws {
    guard let p = a.morphing, let q = b.morphing else {
      if (a.morphing == nil) != (b.morphing == nil) {
        throw differ(
          "there is \(b.morphing == nil ? "no" : "a") morphing basis, unlike in \(reference.name)")
      }
      return
    }
    func value(_ m: MorphingSetup, _ names: [String], _ component: Int, _ benchmark: String)
      -> Double
    {
      guard let at = names.firstIndex(of: benchmark), at < m.benchmarkCount else { return 0 }
      return m.matrix[component * m.benchmarkCount + at]
    }
    let (names, others) = (a.benchmarks.map(\.name), b.benchmarks.map(\.name))
    // A matrix inverted with rows in another order differs by rounding.
    let tolerance = 1e-9 * (p.matrix.map { abs($0) }.max() ?? 0)
    for (c, powers) in p.components.enumerated() {
      let theirs = q.components.firstIndex { other in order.map { other[$0] } == powers }
      guard let d = theirs, p.components.count == q.components.count,
        names.allSatisfy({ abs(value(p, names, c, $0) - value(q, others, d, $0)) <= tolerance })
      else { throw differ("the morphing basis is another than in \(reference.name)") }
    }
  }
}
