import EventModel

/// The observables of an analysis that names none: `observables: default`.
public struct DefaultObservables: Sendable {
  /// Numbers of leptons, photons and jets described one by one, hardest first.
  public var leptons = 2
  public var photons = 2
  public var jets = 2
  /// Missing transverse momentum: `et_miss`, `phi_miss`.
  public var missing = true
  /// Sum of all visible particles: `e_visible`, `eta_visible`.
  public var visible = true
  /// Multiplicities: `n_ls`, `n_as`, `n_js`.
  public var numbers = true
  /// Lepton charges: `charge_l1` …
  public var charges = true

  public init() {}

  /// In MadMiner's order. Single particles are 0 where the event has too few; the rest always exists.
  public var observables: [Observable] {
    var result: [Observable] = []
    func add(_ name: String, _ expression: String, _ onUndefined: OnUndefined, _ unit: String) {
      result.append(
        Observable(name: name, expression: expression, onUndefined: onUndefined, unit: unit))
    }
    if missing {
      add("et_miss", "met.pt", .reject, "GeV")
      add("phi_miss", "met.phi", .reject, "rad")
    }
    if visible {
      add("e_visible", "visible.e", .reject, "GeV")
      add("eta_visible", "visible.eta", .reject, "")
    }
    for (symbol, count) in [("l", leptons), ("a", photons), ("j", jets)] {
      if numbers { add("n_\(symbol)s", "len(\(symbol))", .reject, "") }
      for i in 0..<max(0, count) {
        for (quantity, unit) in [("e", "GeV"), ("pt", "GeV"), ("eta", ""), ("phi", "rad")] {
          add("\(quantity)_\(symbol)\(i + 1)", "\(symbol)[\(i)].\(quantity)", .value(0), unit)
        }
        if charges, symbol == "l" {
          add("charge_\(symbol)\(i + 1)", "\(symbol)[\(i)].charge", .value(0), "")
        }
      }
    }
    return result
  }
}
