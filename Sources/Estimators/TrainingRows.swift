import Diagnostics
import EventModel
import Numerics

/// The rows of a training sample in memory, with only the columns a method needs.
public struct TrainingRows: Sendable {
  public var info: SampleInfo
  public var count = 0
  public var observableNames: [String]
  public var parameterNames: [String]
  /// Rows × observables.
  public var x: [Double] = []
  /// Rows × parameters, numerator hypothesis; empty unless asked for.
  public var theta: [Double] = []
  /// 0 numerator, 1 denominator; empty unless asked for.
  public var labels: [Double] = []
  /// Joint log r(x,z|θ0,θ1); empty unless asked for.
  public var logRatios: [Double] = []
  /// Joint score at θ0, rows × parameters; empty unless asked for.
  public var scores: [Double] = []
  /// θ0 of all rows, which is one point; empty unless asked for, and where the sample does not repeat it.
  public var scorePoint: [Double] = []
  /// Denominator hypothesis and joint score there, rows × parameters; empty unless asked for.
  public var denominators: [Double] = []
  public var denominatorScores: [Double] = []
  /// Empty where every row has weight one.
  public var weights: [Double] = []
  /// Empty where the sample has none.
  public var eventIDs: [Int64] = []
  /// Digest of the rows read, filled in by the caller.
  public var digest = ""

  /// The columns a method reads.
  public struct Columns: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let theta = Columns(rawValue: 1)
    public static let labels = Columns(rawValue: 2)
    public static let logRatios = Columns(rawValue: 4)
    public static let scores = Columns(rawValue: 8)
    /// No column: passes over rows that were drawn at θ1 (y = 1), where the sample has such.
    public static let drawnAtTheta0 = Columns(rawValue: 16)
    public static let denominators = Columns(rawValue: 32)
    public static let denominatorScores = Columns(rawValue: 64)
    /// θ0 where the sample has it, the same in all rows.
    public static let scorePoint = Columns(rawValue: 128)
  }

  /// Reads a sample to its end, or its first `limit` rows.
  ///
  /// Throws `.data` where the sample lacks a column or an observable, or holds no rows, and where a value
  /// is not a number. An infinite joint ratio is legal.
  public init(
    _ source: any Source, columns: Columns, observables: [String]? = nil, limit: Int? = nil
  ) throws {
    self = try TrainingReader(source, columns: columns, observables: observables).read(limit)
  }

  /// No rows yet.
  init(info: SampleInfo, observableNames: [String], parameterNames: [String]) {
    self.info = info
    self.observableNames = observableNames
    self.parameterNames = parameterNames
  }

  /// The point of scores that are at one, else the single θ1; empty where there are several.
  var referenceTheta: [Double] {
    scorePoint.isEmpty ? info.theta1Values : Array(scorePoint.prefix(parameterNames.count))
  }

  /// Event ids, or row numbers where there are none.
  var identities: [UInt64] {
    (0..<count).map { eventIDs.isEmpty ? UInt64($0) : UInt64(bitPattern: eventIDs[$0]) }
  }

  /// That rows of both hypotheses are there, for what learns or tells one from the other.
  /// - Parameter user: what needs them.
  func requireBothClasses(for user: String, file: String? = nil) throws {
    guard let first = labels.first, !labels.contains(where: { $0 != first }) else { return }
    throw Problem(
      .data, "all \(count) rows have y = \(Int(first)), and \(user) needs rows of both hypotheses",
      remedy: "mix the rows of theta0 and theta1; --rows takes the first of the file", file: file)
  }

  /// The lowest and the highest θ0 of each parameter.
  var thetaRange: [[Double]] { range(theta) }
  /// The same of θ1.
  var denominatorRange: [[Double]] { range(denominators) }

  private func range(_ points: [Double]) -> [[Double]] {
    let p = parameterNames.count
    return (0..<p).map { k in
      let values = stride(from: k, to: points.count, by: p).map { points[$0] }
      return [values.min() ?? 0, values.max() ?? 0]
    }
  }

  /// Throws `.data` for the first value that is not a number.
  func check() throws {
    func refuse(
      _ values: [Double], of width: Int = 1, allowInfinite: Bool = false, remedy: String,
      _ name: (Int) -> String
    ) throws {
      let isBad = { (value: Double) in allowInfinite ? value.isNaN : !value.isFinite }
      guard let i = values.firstIndex(where: isBad) else { return }
      let column = i % width
      let count = stride(from: column, to: values.count, by: width).count { isBad(values[$0]) }
      throw Problem(
        .data, "\(name(column)) is \(values[i]) (\(count) such value\(count == 1 ? "" : "s"))",
        remedy: remedy, place: "row \(i / width + 1)")
    }
    let select = "select other observables, or define what an undefined one becomes"
    try refuse(x, of: observableNames.count, remedy: select) { "observable \(observableNames[$0])" }
    let again = "make the sample again"
    let p = max(1, parameterNames.count)
    try refuse(theta, of: p, remedy: again) { "theta0 of \(parameterNames[$0])" }
    try refuse(denominators, of: p, remedy: again) { "theta1 of \(parameterNames[$0])" }
    try refuse(scores, of: p, remedy: again) { "t_xz0 of \(parameterNames[$0])" }
    try refuse(denominatorScores, of: p, remedy: again) { "t_xz1 of \(parameterNames[$0])" }
    try refuse(logRatios, allowInfinite: true, remedy: again) { _ in "log_r_xz" }
    try refuse(weights, remedy: again) { _ in "weight" }
    if let row = labels.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw Problem(
        .data, "y is \(labels[row]), neither 0 nor 1", remedy: Conventions.text,
        place: "row \(row + 1)")
    }
  }

  /// Row numbers for training and for validation.
  ///
  /// By event identity, so that no event is in both however often it was drawn; by row where there is none. The salt
  /// differs from the one of the file's own partition, with which it must not be correlated.
  /// - Parameter member: number, from 0, of the network where several are trained with one seed; each has a split of its own.
  public func split(validationFraction: Double, seed: UInt64, member: UInt32 = 0) -> (
    training: [Int32], validation: [Int32]
  ) {
    var training: [Int32] = []
    var validation: [Int32] = []
    let first = UInt64(member) << 32
    var salts = PhiloxStream(seed: seed, purpose: .memberSplit, item: first)
    let definition = PartitionDefinition(
      salt: 0x5641_4C49_4441_5445 ^ (member == 0 ? seed : salts.next()),
      trainFraction: 1 - validationFraction, validationFraction: validationFraction)
    for row in 0..<count {
      let isTraining: Bool
      if eventIDs.isEmpty {
        var stream = PhiloxStream(seed: seed, purpose: .validationSplit, item: first | UInt64(row))
        isTraining = stream.uniform() >= validationFraction
      } else {
        isTraining = definition.part(of: eventIDs[row]) == .train
      }
      if isTraining { training.append(Int32(row)) } else { validation.append(Int32(row)) }
    }
    return (training, validation)
  }
}
