import Diagnostics
import EventModel

/// The section `systematics`:
///
///     systematics:
///       lumi: {type: norm, value: 1.02}                # or up: 1.1, down: 0.92
///       scales: {type: scale, scale: mu, factors: [0.5, 2]}
///       envelope: {type: scale, scale: 7-point, applies-to: [signal]}
///       pdf: {type: pdf, set: NNPDF31_nlo_as_0118, fraction: 0.95}
enum SystematicsSection {
  static func read(_ entry: Entry, benchmarks: [String]) throws -> [Systematic] {
    try entry.mapping().map { entry in
      let name = try entry.identifierKey("systematic")
      let fields = try entry.mapping()
      guard let type = fields.first(where: { $0.key == "type" }) else {
        throw entry.problem(
          "systematic '\(name)' has no 'type'", remedy: "add type: norm, scale or pdf")
      }
      let effect: Systematic.Effect
      switch try type.text() {
      case "norm": effect = .norm(try norm(entry))
      case "scale": effect = .scale(try scale(entry))
      case "pdf": effect = .pdf(try pdf(entry))
      default:
        throw type.problem(
          "'\(try type.text())' is no type of systematic", remedy: "use norm, scale or pdf")
      }
      let systematic = Systematic(
        name: name, effect: effect, appliesTo: try fields.lazy.compactMap(appliesTo).first ?? [])
      try refuseTakenNames(systematic, entry, benchmarks)
      return systematic
    }
  }

  private static let common = ["type", "applies-to", "processes"]

  private static func fields(_ entry: Entry, _ keys: [String]) throws -> [String: Entry] {
    let fields = try entry.fields(required: ["type"], optional: common + keys)
    if let processes = fields["processes"], fields["applies-to"] != nil {
      throw processes.problem(
        "'processes' and 'applies-to' say the same", remedy: "keep one of them")
    }
    return fields
  }

  /// Names of processes, or `signal` and `background`.
  private static func appliesTo(_ entry: Entry) throws -> [String]? {
    guard entry.key == "applies-to" || entry.key == "processes" else { return nil }
    if case .scalar = entry.node {
      let name = try entry.name("a process")
      return name == "all" ? [] : [name]
    }
    let names = try entry.list().map { try $0.name("a process") }
    if names.isEmpty {
      throw entry.problem(
        "'\(entry.key)' names no process", remedy: "name one, or remove the line")
    }
    return names
  }

  private static func refuseTakenNames(
    _ systematic: Systematic, _ entry: Entry, _ benchmarks: [String]
  ) throws {
    let prefix = systematic.name + "_nuisance_param_"
    guard let taken = benchmarks.first(where: { $0.hasPrefix(prefix) }) else { return }
    throw entry.problem(
      "benchmark '\(taken)' has the name of a column of systematic '\(systematic.name)'",
      remedy: "give one of them another name")
  }

  // MARK: - Types

  private static func norm(_ entry: Entry) throws -> NormVariation {
    let fields = try fields(entry, ["value", "up", "down"])
    func factor(_ key: String) throws -> Double? {
      guard let field = fields[key] else { return nil }
      let value = try field.number()
      guard value > 0, value < 1e4 else {
        throw field.problem(
          "'\(key)' is \(value), not a factor above 0",
          remedy: "write 1.1 for an uncertainty of 10 %")
      }
      return value
    }
    let value = try factor("value")
    let up = try factor("up")
    let down = try factor("down")
    guard (value == nil) != (up == nil), down == nil || up != nil else {
      throw entry.problem(
        "a norm systematic has 'value', or 'up' and maybe 'down'", remedy: "write value: 1.1")
    }
    return NormVariation(up: value ?? up ?? 1, down: down)
  }

  private static func scale(_ entry: Entry) throws -> ScaleVariation {
    let fields = try fields(entry, ["scale", "factors", "dynamic"])
    var variation = ScaleVariation(kind: .mu)
    if let field = fields["scale"] {
      let text = try field.text().lowercased()
      guard let kind = ScaleVariation.Kind(rawValue: text == "envelope" ? "7-point" : text) else {
        throw field.problem(
          "'\(text)' is no scale",
          remedy: "use " + ScaleVariation.Kind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      variation.kind = kind
    }
    variation.dynamicScale = try fields["dynamic"]?.integer(in: 0...1000)
    guard let field = fields["factors"] else { return variation }
    let factors = try field.list().map { try $0.number() }
    guard !factors.isEmpty, factors.allSatisfy({ $0 > 0 }), factors == factors.sorted(),
      Set(factors).count == factors.count
    else {
      throw field.problem("'factors' are not rising numbers above 0", remedy: "write [0.5, 2]")
    }
    let ends = [factors[0], factors[factors.count - 1]]
    if variation.dynamicScale == nil, ends.contains(1) {
      throw field.problem(
        "a factor of 1 at the end of 'factors' is no variation", remedy: "write [0.5, 2]")
    }
    if variation.kind.isEnvelope, factors.count < 2 {
      throw field.problem("an envelope needs two factors", remedy: "write [0.5, 2]")
    }
    variation.factors = factors
    return variation
  }

  private static func pdf(_ entry: Entry) throws -> PDFVariation {
    let fields = try fields(
      entry, ["set", "ids", "combination", "confidence-level", "components", "fraction"])
    var variation = PDFVariation(set: try fields["set"]?.name("a set"))
    if let field = fields["ids"] { variation.ids = try ids(field) }
    if let field = fields["combination"] {
      guard let combination = PDFVariation.Combination(rawValue: try field.text()) else {
        throw field.problem(
          "'\(try field.text())' is no combination",
          remedy: "use "
            + PDFVariation.Combination.allCases.map(\.rawValue).joined(separator: ", "))
      }
      variation.combination = combination
    }
    if let field = fields["confidence-level"] {
      let level = try field.number()
      guard [68, 68.27, 90, 95].contains(level) else {
        throw field.problem("the confidence level is \(level)", remedy: "use 68, 90 or 95")
      }
      variation.confidenceLevel = level
    }
    variation.components = try fields["components"]?.integer(in: 1...1000)
    if let field = fields["fraction"] {
      if variation.components != nil {
        throw field.problem(
          "'fraction' and 'components' both say how many to keep", remedy: "keep one of them")
      }
      variation.fraction = try field.number()
      guard variation.fraction > 0, variation.fraction <= 1 else {
        throw field.problem("'fraction' is not above 0 and up to 1", remedy: "write 0.99")
      }
    }
    return variation
  }

  /// `11000-11052`, or a list of ids and ranges; the first is the central member.
  private static func ids(_ entry: Entry) throws -> [Int] {
    let items: [Entry]
    if case .scalar = entry.node { items = [entry] } else { items = try entry.list() }
    var result: [Int] = []
    for item in items {
      let text = try item.text()
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first > 0,
        first <= last, last - first < 2000
      else {
        throw item.problem(
          "'\(text)' is neither an LHAPDF id nor a range of them", remedy: "write 11000-11052")
      }
      result += Array(first...last)
    }
    guard Set(result).count == result.count, result.count > 1 else {
      throw entry.problem(
        "'ids' must be two or more different members", remedy: "write 11000-11052")
    }
    return result
  }
}
