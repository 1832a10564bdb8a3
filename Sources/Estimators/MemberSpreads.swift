import EventModel

/// The standard deviation over the members of an ensemble, beside each of its estimates: columns that follow those of the
/// mean.
struct MemberSpreads: Sendable {
  /// Each network by itself; none where there is one network only.
  private let members: [Estimator]
  private let points: [(name: String, theta: [Double])]
  private let denominator: [Double]?

  init(
    _ estimator: Estimator, points: [(name: String, theta: [Double])], denominator: [Double]?
  ) throws {
    // Where rows may have a theta1 of their own there is no spread at a point.
    let isEnsemble = estimator.models.count > 1 && !estimator.hasTwoHypotheses
    members = isEnsemble ? try estimator.members() : []
    self.points = points
    self.denominator = denominator
  }

  private var isScore: Bool { members.first?.target == .score }
  private var isLogDensity: Bool { members.first?.target == .density && denominator == nil }

  var fields: [Field] {
    guard let first = members.first else { return [] }
    if isScore { return [Field("score_spread", components: first.parameterNames)] }
    return [
      Field(
        isLogDensity ? "log_p_spread" : "log_r_spread",
        components: points.isEmpty ? nil : points.map(\.name))
    ]
  }

  /// - Parameters:
  ///   - x: rows × observables.
  ///   - own: θ of each row, where there are no points.
  func columns(x: [Double], own: [Double]) throws -> [Column] {
    guard !members.isEmpty else { return [] }
    if isScore { return [.float64(MemberSpread.of(try members.map { try $0.score(x: x) }))] }
    if points.isEmpty { return [.float64(try spread(x, own))] }
    let spreads = try points.map { try spread(x, $0.theta) }
    return [.float64((spreads.first ?? []).indices.flatMap { row in spreads.map { $0[row] } })]
  }

  private func spread(_ x: [Double], _ theta: [Double]) throws -> [Double] {
    MemberSpread.of(
      try members.map { member in
        if isLogDensity { return try member.logDensity(x: x, theta: theta) }
        return try member.logRatio(x: x, theta: theta, denominator: denominator)
      })
  }
}
