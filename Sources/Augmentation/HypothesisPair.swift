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
    try mover.draw(plan.theta0, place.turn, role: 0, place, &stream, into: &zero)
    guard let theta1 = plan.theta1 else {
      try mover.move(&first, to: zero)
      return
    }
    try mover.draw(theta1, place.turn / firstCount, role: 1, place, &stream, into: &one)
    for k in 0..<place.slot {
      try mover.draw(plan.additional[k], place.turn, role: 2 + k, place, &stream, into: &other)
    }
    // A further hypothesis takes the place of the one that the event was not drawn at.
    let isOther = place.slot > 0
    try mover.move(&first, to: isOther && place.isDenominator ? other : zero)
    try mover.move(&second, to: isOther && !place.isDenominator ? other : one)
  }
}

/// Draws coordinates and moves hypotheses to them; a value of its own, so that their arrays are not copied.
private struct Mover: Sendable {
  let points: NuisancePoints?
  /// Parameters, which come before nuisance parameters.
  let physics: Int
  let seed: UInt64

  /// The coordinates of a hypothesis of a row: θ of the row's own, and ν that the row shares with its neighbours.
  ///
  /// Where a prior correlates the two, ν has its marginal distribution and θ that given ν, so that every row has the
  /// prior's joint distribution; rows that share ν are independent of each other given it.
  func draw(
    _ source: ThetaSource, _ turn: Int, role: Int, _ place: RowPlace,
    _ stream: inout PhiloxStream, into coordinates: inout [Double]
  ) throws {
    guard let points, case .prior(let prior) = source else {
      return try source.next(turn, &stream, into: &coordinates)
    }
    try points.draw(prior, role: role, seed, place, into: &coordinates)
    try prior.next(&stream, into: &coordinates, before: physics)
  }

  func move(_ point: inout Hypothesis, to coordinates: [Double]) throws {
    guard let points else { return try point.move(to: coordinates) }
    try point.move(
      to: Array(coordinates[..<physics]),
      nuisance: points.point(Array(coordinates[physics...]), last: point.nuisance))
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

  /// Draws a point of a prior, whose ν is that of the row and its neighbours.
  func draw(
    _ prior: PriorSampler, role: Int, _ seed: UInt64, _ place: RowPlace,
    into coordinates: inout [Double]
  ) throws {
    var stream = PhiloxStream(
      seed: seed, purpose: .nuisance,
      item: UInt64(place.event / sharedEvents * 64 + role))
    try prior.next(&stream, into: &coordinates)
  }

  func point(_ nu: [Double], last: NuisancePoint?) -> NuisancePoint {
    if let last, last.nu == nu { return last }
    return known[nu] ?? response.point(nu)
  }
}
