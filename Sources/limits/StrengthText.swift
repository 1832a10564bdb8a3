import CommandKit
import EventModel
import Inference

/// CLs for people: the significance, upper limits with their bands, then CLs at each value.
struct StrengthText {
  let scan: StrengthScan
  let head: Limits?

  init(_ scan: StrengthScan, head: Limits? = nil) {
    self.scan = scan
    self.head = head
  }

  private static let bands = ["-2_sigma", "-1_sigma", "median", "+1_sigma", "+2_sigma"]

  var text: String {
    var notes: [String] = []
    if let head {
      notes.append(
        "CLs of \(head.mode.rawValue), \(Luminosity(inversePicobarn: head.luminosity).description), "
          + "n = \(TextTable.number(head.eventCount))")
    }
    notes.append(
      "\(scan.statistic.rawValue), "
        + (scan.toys > 0 ? "\(scan.toys) toys" : "asymptotic")
        + ", without signal \(scan.parameter) = \(TextTable.number(scan.null))")
    if scan.hasData {
      notes.append(
        "best fit: \(scan.parameter) = \(TextTable.number(scan.bestFit)); discovery: q0 = "
          + "\(TextTable.number(scan.discovery.q0)), Z = "
          + "\(TextTable.number(scan.discovery.significance)), p0 = "
          + "\(TextTable.number(scan.discovery.p))")
    }
    notes += head?.notes ?? []
    var limits = TextTable(
      ["upper_limit", "level", "observed"] + Self.bands, notes: notes)
    limits.add(
      [scan.parameter]
        + ([scan.level, scan.upperLimit] + scan.expectedLimits).map { TextTable.number($0) })
    var points = TextTable(
      [scan.parameter, "CLs"] + (scan.toys > 0 ? ["error"] : []) + Self.bands)
    for point in scan.points {
      points.add(
        ([point.value, point.observed.cls] + (scan.toys > 0 ? [point.observedError] : [])
          + point.expected).map { TextTable.number($0) })
    }
    return limits.text + points.text
  }
}
