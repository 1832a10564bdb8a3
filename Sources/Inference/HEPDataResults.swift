import Diagnostics
import EventModel

extension HEPDataTable {
  /// The tables of a result: limits, posteriors, CLs, coverage or information.
  /// - Parameter label: stands before the names of its tables where there are several results.
  /// - Throws: `.data` for results that are not whole, and for a document with nothing to show.
  public static func tables(_ d: Document, label: String) throws -> [HEPDataTable] {
    var tables: [HEPDataTable] = []
    if d.text("limits/mode") != nil { tables += limits(try Limits(document: d), d) }
    if let cls = d.group("cls") { tables += strengths(cls) }
    if let posterior = d.group("posterior") { tables += posteriors(posterior) }
    if CoverageResult.isHeld(by: d) { tables += coverage(try CoverageResult(document: d)) }
    if d.group("information") != nil { tables += information(try Information(document: d)) }
    guard !tables.isEmpty else {
      throw Problem(
        .data, "there is no result that HEPData has tables for",
        remedy: "give files of limits or fisher")
    }
    return tables.map {
      var table = $0
      if !label.isEmpty { table.name = label + " " + table.name }
      return table
    }
  }

  typealias Qualifier = (name: String, value: ExchangeValue, unit: String)

  /// Luminosity in the unit of its number.
  static func luminosity(_ inversePicobarn: Double) -> Qualifier {
    ("LUMINOSITY", .real(inversePicobarn / 1000), "fb$^{-1}$")
  }

  private static func axisColumns(_ limits: Limits) -> [Column] {
    let n = limits.parameterCount
    return limits.griddedParameters.map { p in
      Column(
        limits.parameterNames[p], unit: limits.parameterUnits[p],
        .numbers((0..<limits.pointCount).map { limits.points[$0 * n + p] }))
    }
  }

  private static func limits(_ limits: Limits, _ d: Document) -> [HEPDataTable] {
    let kind = limits.isExpected ? "expected" : "observed"
    var qualifiers: [Qualifier] = [
      luminosity(limits.luminosity), ("METHOD", .text(limits.mode.rawValue), ""),
      ("DATA", .text(kind), ""), ("EVENTS", .real(limits.eventCount), ""),
    ].filter { $0.value != .real(.nan) && !($0.name == "EVENTS" && limits.eventCount.isNaN) }
    if limits.isExpected, !limits.thetaTrue.isEmpty {
      let place = zip(limits.parameterNames, limits.thetaTrue).map { "\($0)=\($1)" }
      qualifiers.append(("TRUE POINT", .text(place.joined(separator: ",")), ""))
    }
    for observable in limits.observables {
      qualifiers.append(("OBSERVABLE", .text(observable), ""))
    }
    let toys = d.integer("toys/count")
    var dependent = [
      Column("$-2\\Delta\\ln L$", .numbers(limits.q)),
      Column("p-value", .numbers(limits.p)),
    ]
    if toys != nil {
      dependent = [
        Column(
          "p-value", .numbers(limits.p),
          errors: d.reals("toys/p_error").flatMap { errors in
            let width = d.shape("toys/p_error")?.last ?? 0
            return width > 0
              ? limits.p.indices.map { errors[$0 * width + width / 2] } : nil
          })
      ]
      if let critical = d.reals("toys/critical"), let levels = d.reals("toys/levels") {
        for (l, level) in levels.enumerated() {
          dependent.append(
            Column(
              "critical value at CL \(level)",
              .numbers(limits.p.indices.map { critical[$0 * levels.count + l] })))
        }
      }
    }
    let how = toys.map { "Neyman construction with \($0) toys at each point" } ?? "likelihood scan"
    var tables = [
      HEPDataTable(
        name: "\(kind) scan", description: "\(how), \(limits.degreesOfFreedom) degrees of freedom",
        independent: axisColumns(limits), dependent: dependent, qualifiers: qualifiers)
    ]
    if limits.bestFit.allSatisfy(\.isFinite), toys == nil {
      tables.append(
        HEPDataTable(
          name: "\(kind) best fit", description: "best fit of the parameters",
          independent: [Column("parameter", .texts(labels(limits)))],
          dependent: [Column("value", .numbers(limits.bestFit))], qualifiers: qualifiers))
    }
    if !limits.intervals.isEmpty {
      let intervals = limits.intervals
      tables.append(
        HEPDataTable(
          name: "\(kind) intervals",
          description: "confidence intervals of single parameters, the others profiled",
          independent: [
            Column("parameter", .texts(intervals.map { labels(limits)[$0.parameter] })),
            Column("confidence level", .numbers(intervals.map(\.level))),
          ],
          dependent: [
            Column("lower end", .numbers(intervals.map(\.lower))),
            Column("upper end", .numbers(intervals.map(\.upper))),
          ], qualifiers: qualifiers))
    }
    if !limits.intervalBands.isEmpty {
      let bands = limits.intervalBands
      tables.append(
        HEPDataTable(
          name: "expected bands of intervals",
          description:
            "what single parameters are confined to in the median experiment, and the bands of 1 and 2 standard deviations around it, the others profiled",
          independent: [
            Column("parameter", .texts(bands.map { labels(limits)[$0.interval.parameter] })),
            Column("confidence level", .numbers(bands.map(\.interval.level))),
            Column("experiment", .texts(bands.map { bandName($0.sigma) })),
          ],
          dependent: [
            Column("lower end", .numbers(bands.map(\.interval.lower))),
            Column("upper end", .numbers(bands.map(\.interval.upper))),
          ], qualifiers: qualifiers))
    }
    return tables
  }

  private static func bandName(_ sigma: Int) -> String {
    sigma == 0 ? "median" : "\(sigma > 0 ? "+" : "")\(sigma) sigma"
  }

  private static func labels(_ limits: Limits) -> [String] {
    zip(limits.parameterNames, limits.parameterUnits).map { $1.isEmpty ? $0 : "\($0) [\($1)]" }
  }

  private static func strengths(_ d: Document) -> [HEPDataTable] {
    let (name, unit) = (d.text("parameter") ?? "mu", d.text("unit") ?? "")
    let values = d.reals("values") ?? []
    let expected = d.reals("expected") ?? []
    let bands = ["-2 sigma", "-1 sigma", "median", "+1 sigma", "+2 sigma"]
    var qualifiers: [Qualifier] = [
      ("STATISTIC", .text(d.text("statistic") ?? ""), ""),
      ("TOYS", .integer(d.integer("toys") ?? 0), ""),
    ]
    if let value = d.real("luminosity") { qualifiers.insert(luminosity(value), at: 0) }
    var scan = [Column("CLs observed", .numbers(d.reals("observed") ?? []))]
    var limit = [Column("upper limit", unit: unit, .numbers([d.real("upper_limit") ?? .nan]))]
    if d.text("data") == "expected" { (scan, limit) = ([], []) }
    for (b, band) in bands.enumerated() where expected.count == 5 * values.count {
      scan.append(
        Column("CLs expected \(band)", .numbers(values.indices.map { expected[5 * $0 + b] })))
    }
    for (band, value) in zip(bands, d.reals("expected_upper_limits") ?? []) {
      limit.append(Column("upper limit expected \(band)", unit: unit, .numbers([value])))
    }
    return [
      HEPDataTable(
        name: "CLs", description: "CLs against \(name)",
        independent: [Column(name, unit: unit, .numbers(values))], dependent: scan,
        qualifiers: qualifiers),
      HEPDataTable(
        name: "upper limit", description: "upper limit on \(name) by CLs",
        independent: [Column("confidence level", .numbers([d.real("level") ?? .nan]))],
        dependent: limit, qualifiers: qualifiers),
    ]
  }

  private static func posteriors(_ d: Document) -> [HEPDataTable] {
    let names = d.texts("parameters") ?? []
    let units = d.texts("units") ?? names.map { _ in "" }
    var qualifiers: [Qualifier] = [("PRIOR", .text(d.text("prior") ?? ""), "")]
    if let value = d.real("luminosity") { qualifiers.insert(luminosity(value), at: 0) }
    var tables: [HEPDataTable] = []
    let mean = d.reals("mean") ?? []
    let covariance = d.reals("covariance") ?? []
    let free = d.texts("free_parameters") ?? d.texts("axes/parameter") ?? []
    func label(_ name: String) -> String {
      let unit = names.firstIndex(of: name).map { units[$0] } ?? ""
      return unit.isEmpty ? name : "\(name) [\(unit)]"
    }
    if mean.count == free.count, covariance.count == free.count * free.count {
      tables.append(
        HEPDataTable(
          name: "posterior", description: "mean and standard deviation of the posterior",
          independent: [Column("parameter", .texts(free.map(label)))],
          dependent: [
            Column(
              "mean", .numbers(mean),
              errors: free.indices.map { covariance[$0 * (free.count + 1)].squareRoot() })
          ], qualifiers: qualifiers))
    }
    if let density = d.reals("log_density"), let points = d.reals("points"), !names.isEmpty {
      let axes = free.compactMap { names.firstIndex(of: $0) }
      tables.append(
        HEPDataTable(
          name: "posterior density", description: "logarithm of the posterior density on a grid",
          independent: axes.map { p in
            Column(
              names[p], unit: units[p],
              .numbers(density.indices.map { points[$0 * names.count + p] }))
          },
          dependent: [Column("ln of the posterior density", .numbers(density))],
          qualifiers: qualifiers))
    }
    return tables
  }

  private static func information(_ information: Information) -> [HEPDataTable] {
    let n = information.parameterNames.count
    let place = zip(information.parameterNames, information.theta).map { "\($0)=\($1)" }
    let qualifiers: [Qualifier] = [
      luminosity(information.luminosity), ("POINT", .text(place.joined(separator: ",")), ""),
    ]
    let labels = zip(information.parameterNames, information.parameterUnits).map {
      $1.isEmpty ? $0 : "\($0) [\($1)]"
    }
    return information.entries.map { entry in
      HEPDataTable(
        name: "information \(entry.name)",
        description: "Fisher information matrix (\(entry.name)"
          + (entry.observable.map { ", bins of \($0)" } ?? "") + ")",
        independent: [
          Column("parameter", .texts((0..<n * n).map { labels[$0 / n] })),
          Column("other parameter", .texts((0..<n * n).map { labels[$0 % n] })),
        ],
        dependent: [
          Column("information", .numbers(entry.matrix), errors: entry.standardDeviations)
        ], qualifiers: qualifiers)
    }
  }
}
