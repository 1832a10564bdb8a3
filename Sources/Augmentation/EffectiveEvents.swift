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
  private let names: [String]
  private let hypotheses: Int

  /// Below it the statistical error of σ(θ) is above 10 %, and so is that of everything drawn.
  public static let few = 100.0
  /// Hypotheses that are looked at before rows are drawn.
  static let examined = 100_000

  init(_ plan: SamplePlan, drawing: EventDrawing, team: ThreadTeam?) throws {
    let events = drawing.events
    names = events.table.setup.parameterNames
    let count = Self.drawnRows(plan)
    hypotheses = count
    let size = 4096
    let body: @Sendable (Int) throws -> Part = { block in
      var pair = HypothesisPair(plan, events)
      var part = Part()
      for row in block * size..<min(count, (block + 1) * size) {
        try pair.move(to: row)
        let isSecond = plan.method == .ratio && row & 1 == 1
        part.add(isSecond ? pair.second : pair.first, drawing)
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
    let lists = [plan.theta0, plan.theta1].compactMap { $0 }.map(\.list)
    let points = lists.contains { $0 == nil } ? nil : lists.flatMap { $0 ?? [] }
    if let points, points.count <= 1000 {
      let shares = try LargestShares(
        events.table.setup, weights: events.weights, stride: events.width, factors: nil,
        at: points, team: team)
      smallestByLargestShare = shares.effectiveEvents.min()
    } else {
      smallestByLargestShare = nil
    }
  }

  /// Rows that show every hypothesis of a list, or the first rows of a prior.
  private static func drawnRows(_ plan: SamplePlan) -> Int {
    let rows = min(plan.count ?? examined, examined)
    guard let first = plan.theta0.list?.count else { return rows }
    guard let theta1 = plan.theta1 else { return min(rows, first) }
    guard let second = theta1.list?.count else { return rows }
    return min(rows, 2 * first * second)
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

    mutating func add(_ point: Hypothesis, _ drawing: EventDrawing) {
      let kish = drawing.events.sums.crossSection(
        theta: point.theta, weights: point.weights
      ).effectiveEvents
      let expected = drawing.expectedTries(at: point)
      if kish < minimum {
        minimum = kish
        worst = point.theta
      }
      maximum = max(maximum, kish)
      sum += kish
      tries += expected
      largestTries = max(largestTries, expected)
      if kish < EffectiveEvents.few { few += 1 }
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
    }
  }

  func report(to journal: Journal) {
    var text =
      "effective events: \(shortNumber(minimum)) at least, "
      + "\(shortNumber(mean)) on average, \(shortNumber(maximum)) at most"
    if let share = smallestByLargestShare {
      text += "; by the largest share of one event \(shortNumber(share)) at least"
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
