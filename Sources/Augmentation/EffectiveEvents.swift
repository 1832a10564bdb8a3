import Diagnostics
import EventModel
import Morphing
import Numerics

/// How many events the hypotheses of a sample are drawn from, effectively.
public struct EffectiveEvents: Sendable {
  /// Kish's (Σdσ)²/Σdσ² over the hypotheses rows are drawn at.
  public let minimum: Double
  public let mean: Double
  public let maximum: Double
  /// The hypothesis of the minimum.
  public let worst: [Double]
  /// Smallest 1/max_e p_e(θ), for at most a thousand hypotheses; nil for a prior.
  public let smallestByLargestShare: Double?
  /// Mean and largest Σ_b|w_b|σ_b/σ(θ).
  public let meanTries: Double
  public let largestTries: Double
  /// Hypotheses below `few` effective events.
  public let countOfFew: Int
  /// Both numbers of every listed hypothesis, up to a thousand.
  public let listed: [EffectiveNumber]
  /// Of the points of a prior that rows are drawn at, as they come; empty for lists alone.
  public let quantiles: [EffectiveQuantile]
  private let names: [String]
  private let hypotheses: Int

  /// Below it the statistical error of σ(θ) is above 10 %, and so is that of everything drawn.
  public static let few = 100.0
  /// Hypotheses that are looked at before rows are drawn.
  static let examined = 100_000
  /// The same where nuisance parameters make each cost a pass over the events.
  private static let examinedWithNuisance = 200

  init(
    _ plan: SamplePlan, drawing: EventDrawing, nuisancePoints: NuisancePoints?,
    team: ThreadTeam?
  ) throws {
    let events = drawing.events
    names = events.table.setup.coordinateNames(nuisance: nuisancePoints != nil)
    let count = min(
      Self.drawnRows(plan), nuisancePoints == nil ? .max : Self.examinedWithNuisance)
    hypotheses = count
    let size = nuisancePoints == nil ? 4096 : 16
    let body: @Sendable (Int) throws -> Part = { block in
      var pair = HypothesisPair(plan, events, nuisancePoints)
      var part = Part()
      for row in block * size..<min(count, (block + 1) * size) {
        let place = RowPlace(row, plan)
        try pair.move(to: place)
        let source = place.isDenominator ? plan.theta1 : plan.theta0
        part.add(
          place.isDenominator ? pair.second : pair.first, drawing, isPrior: source?.list == nil)
      }
      return part
    }
    let blocks = (count + size - 1) / size
    let parts = try team?.mapBlocks(count: blocks, body) ?? (0..<blocks).map(body)
    var all = Part()
    for part in parts { all.merge(part) }
    minimum = all.minimum
    maximum = all.maximum
    mean = all.sum / Double(max(1, count))
    worst = all.worst
    meanTries = all.tries / Double(max(1, count))
    largestTries = all.largestTries
    countOfFew = all.few
    quantiles = Self.quantiles(all.ofPrior)
    listed = try Self.listed(plan, events, nuisancePoints, team)
    let isPrior = plan.sources.contains { $0.list == nil }
    smallestByLargestShare = isPrior ? nil : listed.map(\.byLargestShare).min()
  }

  /// Between neighbours of the sorted numbers linear.
  private static func quantiles(_ numbers: [Double]) -> [EffectiveQuantile] {
    guard !numbers.isEmpty else { return [] }
    let sorted = numbers.sorted()
    return EffectiveQuantile.shares.map { share in
      let place = share * Double(sorted.count - 1)
      let low = Int(place)
      let high = min(low + 1, sorted.count - 1)
      let kish = sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
      return EffectiveQuantile(share: share, kish: kish)
    }
  }

  /// The hypotheses of lists, where there are not too many; none twice.
  private static func listed(
    _ plan: SamplePlan, _ events: WeightedEvents, _ points: NuisancePoints?, _ team: ThreadTeam?
  ) throws -> [EffectiveNumber] {
    var all: [[Double]] = []
    var seen: Set<[Double]> = []
    for point in plan.sources.flatMap({ $0.list ?? [] }) where seen.insert(point).inserted {
      all.append(point)
    }
    guard !all.isEmpty, all.count <= 1000 else { return [] }
    let physics = events.table.setup.parameters.count
    let wanted = all
    let body: @Sendable (Int) throws -> EffectiveNumber = { i in
      var point = events.hypothesis(needsScore: false)
      try point.move(
        to: Array(wanted[i][..<physics]),
        nuisance: points?.point(Array(wanted[i][physics...]), last: nil))
      return events.effectiveNumber(at: point)
    }
    return try team?.mapBlocks(count: all.count, body) ?? all.indices.map(body)
  }

  /// Rows that show every hypothesis of a list, or the first rows of a prior.
  private static func drawnRows(_ plan: SamplePlan) -> Int {
    let rows = min(plan.count ?? examined, examined)
    var combinations = plan.method.isRatio ? 2 : 1
    for source in plan.sources {
      guard let count = source.list?.count else { return rows }
      combinations = min(rows, combinations * count)
    }
    return min(rows, combinations * (1 + plan.additional.count))
  }

  /// Sums over the hypotheses of one block.
  private struct Part: Sendable {
    var minimum = Double.infinity
    var maximum = 0.0
    var sum = 0.0
    var tries = 0.0
    var largestTries = 0.0
    var few = 0
    var worst: [Double] = []
    /// Kish's number of each point that a prior gave.
    var ofPrior: [Double] = []

    mutating func add(_ point: Hypothesis, _ drawing: EventDrawing, isPrior: Bool) {
      let kish =
        point.nuisance == nil
        ? drawing.events.sums.crossSection(theta: point.theta, weights: point.weights)
          .effectiveEvents : drawing.events.effectiveNumber(at: point).kish
      let expected = drawing.expectedTries(at: point)
      if kish < minimum {
        minimum = kish
        worst = point.coordinates
      }
      maximum = max(maximum, kish)
      sum += kish
      tries += expected
      largestTries = max(largestTries, expected)
      if kish < EffectiveEvents.few { few += 1 }
      if isPrior { ofPrior.append(kish) }
    }

    mutating func merge(_ other: Part) {
      if other.minimum < minimum {
        minimum = other.minimum
        worst = other.worst
      }
      maximum = max(maximum, other.maximum)
      sum += other.sum
      tries += other.tries
      largestTries = max(largestTries, other.largestTries)
      few += other.few
      ofPrior += other.ofPrior
    }
  }

  func report(to journal: Journal) {
    var text =
      "effective events: \(shortNumber(minimum)) at least, "
      + "\(shortNumber(mean)) on average, \(shortNumber(maximum)) at most"
    if let share = smallestByLargestShare {
      text += "; by the largest share of one event \(shortNumber(share)) at least"
    }
    let shares = quantiles.filter { [0.05, 0.5].contains($0.share) }
    if !shares.isEmpty {
      text +=
        "; of the prior's points "
        + shares.map { "\(shortNumber(100 * $0.share)) % have fewer than \(shortNumber($0.kish))" }
        .joined(separator: ", ")
    }
    journal.note(text)
    journal.note(
      "expected tries per row: \(shortNumber(meanTries)) on average, "
        + "\(shortNumber(largestTries)) at most")
    guard countOfFew > 0 else { return }
    journal.warn(
      "few-effective-events",
      "hypotheses are described by fewer than \(Int(Self.few)) effective events, at worst "
        + "\(shortNumber(minimum)) at \(PointText.describe(worst, names: names))",
      count: countOfFew)
  }
}

extension WeightedEvents {
  /// Kish's number and 1/max_e p_e at a hypothesis, by a pass over the events.
  func effectiveNumber(at point: Hypothesis) -> EffectiveNumber {
    var sum = CompensatedSum()
    var squares = CompensatedSum()
    var largest = 0.0
    for i in 0..<count {
      let value = differential(i, at: point)
      sum.add(value)
      squares.add(value * value)
      largest = max(largest, value)
    }
    return EffectiveNumber(
      theta: point.coordinates,
      kish: squares.value > 0 ? sum.value * sum.value / squares.value : 0,
      byLargestShare: largest > 0 ? max(0, sum.value / largest) : 0)
  }
}
