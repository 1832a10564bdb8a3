import CommandKit
import Diagnostics
import EventModel
import Inference

/// The line along which CLs is taken: one parameter with an axis, the others kept at a value or profiled.
struct StrengthLine {
  let axis: GridAxis
  /// Of the parameter with the axis, among all of the likelihood.
  let place: Int
  let unit: String
  /// Values of all parameters without signal, before others are profiled.
  let null: [Double]
  /// Values by place, of what is neither of interest nor profiled.
  let fixed: [Int: Double]
  let profiled: [Int]
  /// Where each parameter may go.
  let bounds: [ClosedRange<Double>]
  private let parameters: LimitParameters

  /// - Parameters:
  ///   - fix: NAME or NAME=VALUE.
  ///   - truth: the point of experiments without signal; nil is 0.
  init(
    _ axis: GridAxis, fix: [String], truth: (theta: [Double], nu: [Double])?, null: Double,
    input: LikelihoodInput
  ) throws {
    self.axis = axis
    let parameters = input.source.parameters
    self.parameters = parameters
    let place = try parameters.place(of: axis.parameter)
    self.place = place
    unit =
      place < input.setup.parameters.count ? input.setup.parameters[place].unit : ""
    let fixed = try ScanOptions.fixed(
      fix, place: parameters.place(of:), nominal: parameters.nominalValue)
    guard fixed[place] == nil else {
      throw Problem(.usage, "parameter '\(axis.parameter)' has an axis and is fixed")
    }
    var point =
      truth.map { parameters.point($0.theta, nuisances: $0.nu) }
      ?? parameters.names.indices.map(parameters.nominalValue)
    for (p, value) in fixed { point[p] = value }
    point[place] = null
    self.null = point
    self.fixed = fixed
    profiled = parameters.names.indices.filter { $0 != place && fixed[$0] == nil }
    let known = input.source.trainingRange
    bounds = (parameters.thetaBounds + parameters.otherBounds).enumerated().map { p, full in
      let range = known.map { full.clamped(to: $0[p]) } ?? full
      if p == place { return min(axis.lower, null)...max(axis.upper, null) }
      if let value = fixed[p] { return value...value }
      return min(range.lowerBound, point[p])...max(range.upperBound, point[p])
    }
  }

  /// Parameters of the theory that are kept, by index.
  var fixedParameters: [Int] { fixed.keys.filter { $0 < parameters.thetaCount }.sorted() }

  /// The likelihood is asked for at these points.
  var points: [[Double]] {
    axis.values.map { value in
      var point = null
      point[place] = value
      return point
    }
  }

  /// What pseudo-experiments are thrown at, θ with normalisations and ν; they profile nuisance parameters alone.
  func thetaOfToys(_ input: LikelihoodInput) throws -> (theta: [Double], nu: [Double]) {
    let count = parameters.pointNames.count
    if let p = profiled.first(where: { $0 < count }) {
      throw Problem(
        .usage,
        "parameter '\(parameters.names[p])' has neither an axis nor a value, and pseudo-experiments profile nuisance parameters alone",
        remedy: "give --fix \(parameters.names[p])")
    }
    if let p = fixed.keys.filter({ $0 >= count }).min() {
      throw Problem(
        .usage, "pseudo-experiments profile all nuisance parameters, '\(parameters.names[p])' too",
        remedy: "leave --fix \(parameters.names[p]) or --toys away")
    }
    return (Array(null.prefix(count)), Array(null.suffix(parameters.nuisanceCount)))
  }

  /// What a result says of the other parameters.
  func notes(_ null: [Double]) -> [String] {
    let theory = profiled.filter { $0 < parameters.names.count - parameters.nuisanceCount }
    var notes: [String] = []
    if !theory.isEmpty {
      notes.append("profiled: " + theory.map { parameters.names[$0] }.joined(separator: ", "))
    }
    let moved = profiled.filter { null[$0] != parameters.nominalValue($0) }
    if !moved.isEmpty {
      notes.append(
        "without signal at "
          + moved.map { "\(parameters.names[$0])=\(TextTable.number(null[$0]))" }
          .joined(separator: ","))
    }
    return notes
  }
}
