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
      ["upper_limit", "level"] + (scan.hasData ? ["observed"] : []) + Self.bands, notes: notes)
    limits.add(
      [scan.parameter]
        + ([scan.level] + (scan.hasData ? [scan.upperLimit] : []) + scan.expectedLimits).map {
          TextTable.number($0)
        })
    let isOfToys = scan.toys > 0
    func withErrors(_ values: [Double], _ errors: [Double]) -> [Double] {
      isOfToys ? zip(values, errors).flatMap { [$0, $1] } : values
    }
    var points = TextTable(
      [scan.parameter] + (scan.hasData ? ["CLs"] + (isOfToys ? ["error"] : []) : [])
        + Self.bands.flatMap { isOfToys ? [$0, "error"] : [$0] })
    for point in scan.points {
      points.add(
        ([point.value]
          + (scan.hasData ? withErrors([point.observed.cls], [point.observedError]) : [])
          + withErrors(point.expected, point.expectedErrors)).map { TextTable.number($0) })
    }
    return limits.text + points.text
  }
}
