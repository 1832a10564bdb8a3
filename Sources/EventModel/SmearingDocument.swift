import Diagnostics

// Smearing and tags in the document of a setup: `sluice/setup/smearing` and `sluice/setup/tags`.

extension Setup {
  private static let smearingRoot = "sluice/setup/smearing/"
  private static let tagRoot = "sluice/setup/tags/"
  private static let fromMass = "from-mass"

  func writeSmearing(to d: inout Document) {
    if !smearing.isEmpty {
      func column(_ name: String, _ value: (Smearing.Rule) -> String) {
        d.set(Self.smearingRoot + name, smearing.rules.map(value))
      }
      column("particles", \.particles.text)
      column("energy") { Self.text($0.energy) }
      column("pt") { Self.text($0.pt) }
      column("eta") { $0.eta ?? "" }
      column("phi") { $0.phi ?? "" }
      d.set(Self.smearingRoot + "met", smearing.missing ?? "")
    }
    if !tags.isEmpty {
      let rows = tags.flatMap { tag in tag.rates.map { (tag.name, $0) } }
      d.set(Self.tagRoot + "names", rows.map(\.0))
      d.set(Self.tagRoot + "particles", rows.map(\.1.particles.text))
      d.set(Self.tagRoot + "probabilities", rows.map(\.1.probability))
    }
  }

  mutating func readSmearing(_ d: Document) throws {
    if d.group("sluice/setup/smearing") != nil {
      let columns = try Self.columns(
        d, Self.smearingRoot, ["particles", "energy", "pt", "eta", "phi"])
      smearing.rules = try columns[0].indices.map { i in
        Smearing.Rule(
          particles: try Self.particles(columns[0][i], Self.smearingRoot),
          energy: Self.resolution(columns[1][i]), pt: Self.resolution(columns[2][i]),
          eta: columns[3][i].isEmpty ? nil : columns[3][i],
          phi: columns[4][i].isEmpty ? nil : columns[4][i])
      }
      let missing = d.text(Self.smearingRoot + "met") ?? ""
      smearing.missing = missing.isEmpty ? nil : missing
    }
    if d.group("sluice/setup/tags") != nil {
      let columns = try Self.columns(d, Self.tagRoot, ["names", "particles", "probabilities"])
      for (i, name) in columns[0].enumerated() {
        guard Tagging.names.contains(name) else {
          throw Problem(.data, "'\(name)' is not a tag", place: Self.tagRoot + "names")
        }
        let rate = Tagging.Rate(
          particles: try Self.particles(columns[1][i], Self.tagRoot), probability: columns[2][i])
        if let tag = tags.firstIndex(where: { $0.name == name }) {
          tags[tag].rates.append(rate)
        } else {
          tags.append(Tagging(name: name, rates: [rate]))
        }
      }
    }
  }

  /// Texts of equal number.
  private static func columns(
    _ d: Document, _ root: String, _ names: [String]
  ) throws -> [[String]] {
    let columns = names.map { d.texts(root + $0) ?? [] }
    for (name, column) in zip(names, columns) where column.count != columns[0].count {
      throw count(root + name, column.count, columns[0].count)
    }
    return columns
  }

  private static func particles(_ text: String, _ root: String) throws -> ParticleClass {
    guard let result = ParticleClass(text) else {
      throw Problem(.data, "'\(text)' is not a kind of particle", place: root + "particles")
    }
    return result
  }

  private static func text(_ resolution: Smearing.Resolution) -> String {
    switch resolution {
    case .exact: ""
    case .width(let text): text
    case .fromMass: fromMass
    }
  }

  private static func resolution(_ text: String) -> Smearing.Resolution {
    switch text {
    case "": .exact
    case fromMass: .fromMass
    default: .width(text)
    }
  }
}
