import EventModel
import Foundation
import TestSupport
import Testing

@testable import Observables

/// Reference numbers of other programs for the same files.
@Suite struct GoldenTests {
  struct Events: Decodable {
    struct File: Decodable {
      struct Event: Decodable { var observables: [String: Double] }
      var firstEvents: [Event]
      enum CodingKeys: String, CodingKey { case firstEvents = "first_events" }
    }
    var expressions: [String: String]
    var files: [String: File]
    enum CodingKeys: String, CodingKey { case files, expressions = "observable_expressions" }
  }

  struct WH: Decodable {
    struct Event: Decodable {
      var values: [Double]
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let all = try container.decode([String: OneOrMany].self)
        values = ["pt_l", "pt_v", "pt_w", "mt_w", "m_bb"].map { all[$0]?.one ?? .nan }
      }
    }
    /// Observables are numbers; the weights beside them a list.
    struct OneOrMany: Decodable {
      var one: Double?
      init(from decoder: any Decoder) throws {
        one = try? decoder.singleValueContainer().decode(Double.self)
      }
    }
    var firstEvents: [Event]
    enum CodingKeys: String, CodingKey { case firstEvents = "first_events" }
  }

  static func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
    let text = try #require(EventText.contents(of: path), "cannot read \(path)")
    return try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  /// The 29 expressions of MadMiner's reference run. Its phi of single particles is in [0, 2π), ours in (−π, π]: angles
  /// are compared modulo 2π. All else agrees as it stands: 1e-9 of the value, and of 1 for values that nearly vanish.
  @Test(
    .needsShared,
    arguments: ["signal_sm.lhe", "signal_w.lhe", "background.lhe"])
  func madMinerObservables(file: String) throws {
    let golden = try Self.decode(
      Events.self, Place.shared + "/golden/events/golden_events.json")
    let reference = try #require(golden.files[file]).firstEvents
    let names = golden.expressions.keys.sorted()
    #expect(names.count == 29)
    let selection = try Selection(
      observables: names.map {
        Observable(
          name: $0, expression: golden.expressions[$0],
          onUndefined: .value($0 == "missing" ? -99 : .nan))
      })
    let events = try EventText.read(
      Place.shared + "/golden/events/lhe/" + file, first: reference.count)
    let processor = EventProcessor(selection)
    for (n, event) in events.enumerated() {
      var row: [Double] = []
      #expect(
        try processor.process(event, number: n + 1, id: 0, into: &row) == .kept(efficiency: 1))
      for (name, value) in zip(names, row) {
        guard let wanted = reference[n].observables[name], wanted.isFinite else {
          #expect(value.isNaN, "\(name) of event \(n)")
          continue
        }
        let isAngle = ["phi_j1", "truth0_phi", "phi_jj", "met_phi"].contains(name)
        let difference =
          isAngle ? remainder(value - wanted, 2 * .pi) : value - wanted
        #expect(
          abs(difference) <= 1e-9 * max(1, abs(wanted)),
          "\(name) of event \(n): \(value), \(wanted)")
      }
    }
  }

  /// The observables of the W+H example that every analysis of it shares: 1e-9 as the issue demands.
  @Test(.needsShared, arguments: ["wh_smeft_tiny", "wh_smeft_sm"])
  func firstEventsOfWH(name: String) throws {
    let golden = try Self.decode(WH.self, Place.shared + "/golden/wh/\(name).json")
    let selection = try Selection(observables: WHExpressions.read("analysis.yaml"))
    #expect(
      selection.observables.prefix(5).map(\.name) == ["pt_l", "pt_v", "pt_w", "mt_w", "m_bb"])
    let file = Place.shared + "/data/" + name + (name == "wh_smeft_tiny" ? ".lhe" : ".lhe.gz")
    let events = try EventText.read(file, first: golden.firstEvents.count)
    #expect(events.count == 3)
    let processor = EventProcessor(selection)
    for (n, event) in events.enumerated() {
      var row: [Double] = []
      _ = try processor.process(event, number: n + 1, id: 0, into: &row)
      #expect(row.allSatisfy { $0.isFinite })
      for (value, wanted) in zip(row, golden.firstEvents[n].values) {
        #expect(relativeError(value, wanted) < 1e-9, "event \(n): \(value), \(wanted)")
      }
    }
  }

  /// Derived observables of the example, for the first three events of wh_smeft_sm, against numpy. The neutrino's pz is a
  /// difference of large terms: 1e-9 of the value leaves three digits for that.
  @Test(.needsShared) func derivedObservablesOfWH() throws {
    let reference: [(String, [Double])] = [
      ("m_wh1", [221.39817464066664, 290.85932749205665, 646.2212004355455]),
      ("m_wh2", [260.2506620392373, 290.85932749205665, 597.0775293283061]),
      ("mt_wh", [219.88690388446366, 278.0069087371098, 595.7368768915323]),
      ("m_lh", [186.84430288281928, 153.9272743247357, 450.8834506106252]),
      ("deta_lh", [0.8995465296364619, -0.7339917928301276, 0.6159983393848234]),
      ("dr_bb", [2.993603781241981, 2.751716202961468, 0.9899917744451954]),
    ]
    let selection = try Selection(observables: WHExpressions.read("analysis.yaml"))
    let processor = EventProcessor(selection)
    let events = try EventText.read(Place.shared + "/data/wh_smeft_sm.lhe.gz", first: 3)
    for (n, event) in events.enumerated() {
      var row: [Double] = []
      _ = try processor.process(event, number: n + 1, id: 0, into: &row)
      for (name, wanted) in reference {
        let i = try #require(selection.observables.firstIndex { $0.name == name })
        #expect(relativeError(row[i], wanted[n]) < 1e-9, "\(name): \(row[i]), \(wanted[n])")
      }
    }
  }
}
