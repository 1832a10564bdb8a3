import Diagnostics

// Systematics as columns under `sluice/setup/systematics`. MadMiner's own group `systematics` is read, never written: its
// reader refuses every row of type norm or pdf, and it needs the group only to read events itself.

extension Systematic {
  private static let root = "sluice/setup/systematics/"

  static func write(_ systematics: [Systematic], to d: inout Document) {
    guard !systematics.isEmpty else { return }
    d.set(root + "names", systematics.map(\.name))
    d.set(root + "types", systematics.map(\.type))
    d.set(root + "settings", systematics.map(\.settings))
    d.set(root + "applies_to", systematics.map { $0.appliesTo.joined(separator: ",") })
  }

  /// Ours, or else those of MadMiner's group.
  static func read(_ d: Document) throws -> [Systematic] {
    guard let names = d.texts(root + "names") else { return try readMadMiner(d) }
    let types = d.texts(root + "types") ?? []
    let settings = d.texts(root + "settings") ?? []
    let processes = d.texts(root + "applies_to") ?? []
    guard types.count == names.count, settings.count == names.count,
      processes.count == names.count
    else { throw broken("the columns have different lengths") }
    return try names.indices.map { i in
      guard let effect = Effect(type: types[i], settings: settings[i]) else {
        throw broken("'\(types[i])' with '\(settings[i])' is no systematic")
      }
      return Systematic(
        name: names[i], effect: effect,
        appliesTo: processes[i].split(separator: ",").map(String.init))
    }
  }

  private static func broken(_ fact: String) -> Problem {
    Problem(
      .data, fact, remedy: "make the setup again with 'morph setup'",
      place: "group sluice/setup/systematics")
  }

  /// `norm`, `scale` or `pdf`.
  public var type: String {
    switch effect {
    case .norm: "norm"
    case .scale: "scale"
    case .pdf: "pdf"
    }
  }

  /// `scale=mu factors=0.5,2`: what the columns `settings` hold and `events info` shows.
  public var settings: String {
    var words: [(String, String?)]
    switch effect {
    case .norm(let norm):
      words = [("up", "\(norm.up)"), ("down", norm.down.map { "\($0)" })]
    case .scale(let scale):
      words = [
        ("scale", scale.kind.rawValue),
        ("factors", scale.factors.map { "\($0)" }.joined(separator: ",")),
        ("dynamic", scale.dynamicScale.map { "\($0)" }),
      ]
    case .pdf(let pdf):
      words = [
        ("set", pdf.set),
        ("ids", pdf.ids.isEmpty ? nil : pdf.ids.map { "\($0)" }.joined(separator: ",")),
        ("combination", pdf.combination.rawValue),
        ("confidence-level", pdf.confidenceLevel.map { "\($0)" }),
        ("components", pdf.components.map { "\($0)" }),
        // Where there is a number of components, it decides.
        ("fraction", pdf.components == nil ? "\(pdf.fraction)" : nil),
      ]
    }
    return words.compactMap { key, value in value.map { "\(key)=\($0)" } }.joined(separator: " ")
  }
}

extension Systematic.Effect {
  /// Reads `Systematic.settings`.
  fileprivate init?(type: String, settings: String) {
    var words: [Substring: String] = [:]
    for word in settings.split(separator: " ") {
      guard let equals = word.firstIndex(of: "=") else { return nil }
      words[word[..<equals]] = String(word[word.index(after: equals)...])
    }
    switch type {
    case "norm":
      guard let up = words["up"].flatMap(Double.init) else { return nil }
      self = .norm(NormVariation(up: up, down: words["down"].flatMap(Double.init)))
    case "scale":
      guard let kind = words["scale"].flatMap(ScaleVariation.Kind.init(rawValue:)) else {
        return nil
      }
      let factors = (words["factors"] ?? "").split(separator: ",").compactMap { Double($0) }
      self = .scale(
        ScaleVariation(
          kind: kind, factors: factors, dynamicScale: words["dynamic"].flatMap { Int($0) }))
    case "pdf":
      var pdf = PDFVariation(set: words["set"])
      pdf.ids = (words["ids"] ?? "").split(separator: ",").compactMap { Int($0) }
      guard let combination = words["combination"].flatMap(PDFVariation.Combination.init(rawValue:))
      else { return nil }
      pdf.combination = combination
      pdf.confidenceLevel = words["confidence-level"].flatMap(Double.init)
      pdf.components = words["components"].flatMap { Int($0) }
      pdf.fraction = words["fraction"].flatMap(Double.init) ?? pdf.fraction
      self = .pdf(pdf)
    default: return nil
    }
  }
}

// MARK: - MadMiner's group

extension Systematic {
  /// Rows of MadMiner 0.9 (types, values, scales), or before it (`scale<tab>mu<tab>0.5,1.0,2.0` in values).
  private static func readMadMiner(_ d: Document) throws -> [Systematic] {
    guard let names = d.texts("systematics/names") else { return [] }
    let values = d.texts("systematics/values") ?? []
    let types = d.texts("systematics/types")
    let scales = d.texts("systematics/scales") ?? []
    return try names.indices.compactMap { i in
      var words = i < values.count ? values[i].split(separator: "\t").map(String.init) : []
      if let types, i < types.count {
        words = [types[i]] + (types[i] == "scale" && i < scales.count ? [scales[i]] : []) + words
      }
      guard let effect = madMinerEffect(words) else {
        // With the nuisance parameters at hand nothing needs the declaration.
        if d.texts("nuisance_parameters/names") != nil { return nil }
        throw Problem(
          .data, "systematic '\(names[i])' is '\(words.joined(separator: " "))'",
          remedy: "declare it in analysis.yaml", place: "group systematics")
      }
      return Systematic(name: names[i], effect: effect)
    }
  }

  private static func madMinerEffect(_ words: [String]) -> Effect? {
    switch (words.first, words.count) {
    case ("norm", 2):
      guard let up = Double(words[1]), up > 0 else { return nil }
      return .norm(NormVariation(up: up))
    case ("scale", 3):
      let factors = words[2].split(separator: ",").compactMap { Double($0) }
      guard let kind = ScaleVariation.Kind(rawValue: words[1]), !factors.isEmpty else { return nil }
      return .scale(ScaleVariation(kind: kind, factors: factors))
    case ("pdf", 2): return .pdf(PDFVariation(set: words[1]))
    default: return nil
    }
  }
}
