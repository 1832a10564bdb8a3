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
      var first_events: [Event]
    }
    var observable_expressions: [String: String]
    var files: [String: File]
  }

  struct WH: Decodable {
    struct Event: Decodable { var pt_l, pt_v, pt_w, mt_w, m_bb: Double }
    var first_events: [Event]
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
    let reference = try #require(golden.files[file]).first_events
    let names = golden.observable_expressions.keys.sorted()
    #expect(names.count == 29)
    let selection = try Selection(
      observables: names.map {
        Observable(
          name: $0, expression: golden.observable_expressions[$0],
          onUndefined: .value($0 == "missing" ? -99 : .nan))
      })
    let events = try EventText.read(
      Place.shared + "/golden/events/lhe/" + file, first: reference.count)
    let processor = EventProcessor(selection)
    for (n, event) in events.enumerated() {
      var row: [Double] = []
      #expect(try processor.process(event, number: n + 1, into: &row) == .kept(efficiency: 1))
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

  /// The observables of the W+H example that every analysis of it shares.
  @Test(.needsShared) func firstEventsOfWH() throws {
    let golden = try Self.decode(WH.self, Place.shared + "/golden/wh/wh_smeft_tiny.json")
    let selection = try Selection(observables: WHExpressions.shared)
    let events = try EventText.read(
      Place.shared + "/data/wh_smeft_tiny.lhe", first: golden.first_events.count)
    let processor = EventProcessor(selection)
    for (n, event) in events.enumerated() {
      var row: [Double] = []
      _ = try processor.process(event, number: n + 1, into: &row)
      let e = golden.first_events[n]
      for (value, wanted) in zip(row, [e.pt_l, e.pt_v, e.pt_w, e.mt_w, e.m_bb]) {
        #expect(relativeError(value, wanted) < 1e-9, "event \(n): \(value), \(wanted)")
      }
    }
  }
}
