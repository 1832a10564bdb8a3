import Diagnostics

// The coordinates of a hypothesis by name: physics parameters, and nuisance parameters where they take part.
extension Setup {
  /// Names of the coordinates, physics parameters first.
  public func coordinateNames(nuisance: Bool) -> [String] {
    parameterNames + (nuisance ? nuisanceParameters.map(\.name) : [])
  }

  /// The number of a coordinate. A nuisance parameter also goes by its systematic, if that has no other.
  /// - Throws: `.usage` with the names there are.
  public func coordinate(_ name: String, nuisance: Bool) throws -> Int {
    if let index = parameterNames.firstIndex(of: name) { return index }
    if nuisance, isNuisance(name) {
      return parameters.count + (try nuisanceIndex(name))
    }
    let isKnown = nuisanceParameters.contains { $0.name == name || $0.systematic == name }
    throw Problem(
      .usage,
      isKnown
        ? "'\(name)' is a nuisance parameter, which this command keeps at 0"
        : "there is no parameter '\(name)'",
      remedy: "the setup has " + coordinateNames(nuisance: nuisance).joined(separator: ", "))
  }

  /// Whether a name is that of a nuisance parameter, or of a systematic.
  public func isNuisance(_ name: String) -> Bool {
    !parameterNames.contains(name)
      && nuisanceParameters.contains { $0.name == name || $0.systematic == name }
  }

  /// The number of a nuisance parameter by its name, or that of a systematic that has only one.
  public func nuisanceIndex(_ name: String) throws -> Int {
    if let index = nuisanceParameters.firstIndex(where: { $0.name == name }) { return index }
    let found = nuisanceParameters.indices.filter { nuisanceParameters[$0].systematic == name }
    guard found.count == 1 else {
      let names = nuisanceParameters.map(\.name).joined(separator: ", ")
      throw Problem(
        .usage,
        found.isEmpty
          ? "there is no nuisance parameter '\(name)'"
          : "systematic '\(name)' has \(found.count) nuisance parameters",
        remedy: names.isEmpty ? "read the events with systematics" : "there are \(names)")
    }
    return found[0]
  }
}
