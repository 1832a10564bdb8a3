import EventModel
import Morphing
import Numerics

/// The hypotheses of a row; moved from row to row.
struct HypothesisPair: Sendable {
  private(set) var first: Hypothesis
  private(set) var second: Hypothesis
  private let plan: SamplePlan
  private let firstCount: Int
  private let mover: Mover
  /// Coordinates of θ0, θ1 and a further hypothesis.
  private var zero: [Double]
  private var one: [Double]
  private var other: [Double]

  init(_ plan: SamplePlan, _ events: WeightedEvents, _ points: NuisancePoints?) {
    self.plan = plan
    let setup = events.table.setup
    first = events.hypothesis(needsScore: plan.hasScore(setup))
    second = events.hypothesis(needsScore: plan.hasDenominatorScore(setup))
    firstCount = plan.theta0.list?.count ?? 1
    mover = Mover(points: points, physics: first.theta.count, seed: plan.seed)
    zero = [Double](repeating: 0, count: setup.coordinateNames(nuisance: points != nil).count)
    one = zero
    other = zero
  }

  /// Moves to the hypotheses of a row; the second only where the method has one.
  mutating func move(to place: RowPlace) throws {
    var stream = PhiloxStream(seed: plan.seed, purpose: .prior, item: UInt64(place.event))
    try plan.theta0.next(place.turn, &stream, into: &zero)
    guard let theta1 = plan.theta1 else {
      try mover.move(&first, to: zero, plan.theta0, role: 0, place)
      return
    }
    try theta1.next(place.turn / firstCount, &stream, into: &one)
    for k in 0..<place.slot { try plan.additional[k].next(place.turn, &stream, into: &other) }
    // A further hypothesis takes the place of the one that the event was not drawn at.
    let isOther = place.slot > 0
    let further = isOther ? plan.additional[place.slot - 1] : theta1
    let role = 1 + place.slot
    if isOther && place.isDenominator {
      try mover.move(&first, to: other, further, role: role, place)
      try mover.move(&second, to: one, theta1, role: 1, place)
    } else {
      try mover.move(&first, to: zero, plan.theta0, role: 0, place)
      try mover.move(&second, to: isOther ? other : one, further, role: role, place)
    }
  }
}

/// Moves hypotheses to coordinates; a value of its own, so that their arrays are not copied.
private struct Mover: Sendable {
  let points: NuisancePoints?
  /// Parameters, which come before nuisance parameters.
  let physics: Int
  let seed: UInt64

  func move(
    _ point: inout Hypothesis, to coordinates: [Double], _ source: ThetaSource, role: Int,
    _ place: RowPlace
  ) throws {
    guard let points else { return try point.move(to: coordinates) }
    let nu = try points.nu(coordinates, source, role: role, seed, place, physics)
    try point.move(
      to: Array(coordinates[..<physics]), nuisance: points.point(nu, last: point.nuisance))
  }
}

/// The nuisance parameters of rows.
///
/// Those of lists are known beforehand; those of a prior are drawn once for some rows that follow one
/// another, since each ν costs one pass over the events.
struct NuisancePoints: Sendable {
  private let response: NuisanceResponse
  private let known: [[Double]: NuisancePoint]

  /// Events that follow one another and share what is drawn.
  private let sharedEvents: Int

  init(_ response: NuisanceResponse, _ plan: SamplePlan, physics: Int, team: ThreadTeam?) {
    self.response = response
    sharedEvents = plan.eventsPerNuisancePoint
    let listed = plan.sources.flatMap { $0.list ?? [] }.map { Array($0[physics...]) }
    let distinct = Array(Set(listed)).sorted { $0.lexicographicallyPrecedes($1) }
    let body: @Sendable (Int) -> NuisancePoint = { response.point(distinct[$0]) }
    let points = team?.mapBlocks(count: distinct.count, body) ?? distinct.indices.map(body)
    known = Dictionary(uniqueKeysWithValues: zip(distinct, points))
  }

  /// ν of a row: that of the coordinates, or drawn from the source's prior for the row and its neighbours.
  func nu(
    _ coordinates: [Double], _ source: ThetaSource, role: Int, _ seed: UInt64,
    _ place: RowPlace, _ physics: Int
  ) throws -> [Double] {
    guard case .prior(let prior) = source else { return Array(coordinates[physics...]) }
    var drawn = coordinates
    var stream = PhiloxStream(
      seed: seed, purpose: .nuisance,
      item: UInt64(place.event / sharedEvents * 64 + role))
    try prior.next(&stream, into: &drawn)
    return Array(drawn[physics...])
  }

  func point(_ nu: [Double], last: NuisancePoint?) -> NuisancePoint {
    if let last, last.nu == nu { return last }
    return known[nu] ?? response.point(nu)
  }
}
