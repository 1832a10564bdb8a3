import Diagnostics
import EventModel
import Morphing
import Numerics

/// What happens to events whose dσ_e(θ) is negative.
public enum NegativeEvents: String, Sendable, CaseIterable {
  /// Drawn with |dσ_e|; the row's weight is sgn(dσ_e) Σ|dσ|/σ, so that means are expectations.
  case signed
  /// An error that names the fraction.
  case refuse
}

/// Draws events with probability |dσ_e(θ)|/Σ|dσ_e(θ)|, exactly and in constant time, for any θ.
///
/// A benchmark b is picked with probability ∝ |w_b(θ)| σ_b, σ_b = Σ_e |f_e W_eb|; an event from b's
/// alias table; it is taken with probability |dσ_e(θ)|/Σ_b |w_b(θ)| |f_e W_eb|, else all is done
/// again. The product of the three is ∝ |dσ_e(θ)|. Rows whose weight does not depend on θ
/// (backgrounds) have a table of their own and are always taken.
public struct EventDrawing: Sendable {
  public let events: WeightedEvents
  public let negative: NegativeEvents
  /// Σ_e |dσ_e|/σ is not known for every θ; above this bound on the expected tries one exact pass
  /// over the events replaces them.
  public static let largestTries = 1000.0

  private let tables: [AliasTable]
  private let constants: AliasTable
  /// Partition sums of the columns, for the expected number of tries.
  private let partTotals: [Double]

  /// An event that was drawn.
  public struct Draw: Sendable {
    /// Index in the rows of the events.
    public var index: Int
    /// dσ_e(θ) [pb], not zero.
    public var value: Double
    public var tries: Int
  }

  public init(
    _ events: WeightedEvents, negative: NegativeEvents, team: ThreadTeam? = nil
  ) throws {
    self.events = events
    self.negative = negative
    let (width, count) = (events.width, events.count)
    partTotals = Array(events.sums.totals[..<width])
    let isConstant = events.weights.withUnsafeBufferPointer { weights in
      (0..<count).map { i in
        (1..<max(1, width)).allSatisfy { weights[i * width + $0] == weights[i * width] }
      }
    }
    let build: @Sendable (Int) -> AliasTable = { b in
      events.weights.withUnsafeBufferPointer { weights in
        AliasTable(
          (0..<count).lazy.map { i in
            (
              index: i,
              weight: isConstant[i] == (b == width) ? abs(weights[i * width + b % width]) : 0
            )
          })
      }
    }
    var made = team?.mapBlocks(count: width + 1, build) ?? (0...width).map(build)
    constants = made.removeLast()
    tables = made
    guard tables.contains(where: { !$0.isEmpty }) || !constants.isEmpty else {
      throw Problem(.data, "all weights are zero, so no event can be drawn")
    }
  }

  /// Σ_b |w_b| σ_b / σ(θ), times max F(ν): the tries that one draw takes on average.
  public func expectedTries(at point: Hypothesis) -> Double {
    let (envelope, sigma) = envelope(at: point)
    return sigma > 0 ? envelope * (point.nuisance?.largestFactor ?? 1) / sigma : .infinity
  }

  private func envelope(at point: Hypothesis) -> (total: Double, crossSection: Double) {
    var total = 0.0
    var weightSum = 0.0
    var sigma = 0.0
    for b in 0..<tables.count {
      let w = point.weights[b]
      total += abs(w) * tables[b].total
      weightSum += w
      sigma += w * partTotals[b]
    }
    return (total + abs(weightSum) * constants.total, sigma)
  }

  /// Draws one event at a hypothesis.
  /// - Throws: `.data` for a negative event that is not to be signed, or where no event has weight.
  public func draw(at point: Hypothesis, _ stream: inout PhiloxStream) throws -> Draw {
    let (envelope, sigma) = envelope(at: point)
    let largest = point.nuisance?.largestFactor ?? 1
    guard envelope * largest <= Self.largestTries * sigma else {
      return try drawByPass(at: point, &stream)
    }
    let width = events.width
    var tries = 0
    while true {
      tries += 1
      var left = stream.uniform() * envelope
      var chosen = -1
      for b in 0..<tables.count {
        let share = abs(point.weights[b]) * tables[b].total
        if left < share {
          chosen = b
          break
        }
        left -= share
      }
      if chosen < 0 {
        // Rounding can end here with an empty table of constants: then the try is void.
        let uniform = stream.uniform()
        if constants.isEmpty { continue }
        let index = constants.index(uniform)
        let value = events.weights.withUnsafeBufferPointer {
          WeightedEvents.nominal($0, index, point, width)
        }
        if let draw = try shifted(index, value, tries, point, &stream) { return draw }
        continue
      }
      let index = tables[chosen].index(stream.uniform())
      let (value, bound) = events.weights.withUnsafeBufferPointer { weights in
        var sum = 0.0
        var absolute = 0.0
        for b in 0..<width {
          let term = point.weights[b] * weights[index * width + b]
          sum += term
          absolute += abs(term)
        }
        return (sum, absolute)
      }
      if stream.uniform() * bound < abs(value) {
        if value < 0 && -value <= events.precision * bound { continue }
        if let draw = try shifted(index, value, tries, point, &stream) { return draw }
      }
    }
  }

  /// An event as it is, with its dσ_e, which may be zero.
  /// - Throws: `.data` for a negative event that is not to be signed.
  func take(_ index: Int, at point: Hypothesis) throws -> Draw {
    let value = events.differential(index, at: point)
    let isZero = value < 0 && -value <= events.precision * events.bound(index, at: point)
    return try checked(Draw(index: index, value: isZero ? 0 : value, tries: 1), point)
  }

  /// An event drawn without nuisance parameters, taken with F_e(ν)/max F(ν), or nil.
  private func shifted(
    _ index: Int, _ value: Double, _ tries: Int, _ point: Hypothesis,
    _ stream: inout PhiloxStream
  ) throws -> Draw? {
    guard let largest = point.nuisance?.largestFactor else {
      return try checked(Draw(index: index, value: value, tries: tries), point)
    }
    let factor = events.factor(index, at: point)
    guard stream.uniform() * largest < factor else { return nil }
    return try checked(Draw(index: index, value: value * factor, tries: tries), point)
  }

  private func checked(_ draw: Draw, _ point: Hypothesis) throws -> Draw {
    if draw.value < 0 && negative == .refuse { throw negativeProblem(at: point) }
    return draw
  }

  /// dσ_e(θ) of every event; tiny negative numbers, zero within the weights' digits, are 0.
  private func differentials(at point: Hypothesis) -> [Double] {
    let width = events.width
    return events.weights.withUnsafeBufferPointer { weights in
      (0..<events.count).map { i in
        var sum = 0.0
        var absolute = 0.0
        for b in 0..<width {
          let term = point.weights[b] * weights[i * width + b]
          sum += term
          absolute += abs(term)
        }
        if sum < 0 && -sum <= events.precision * absolute { return 0 }
        return sum * events.factor(i, at: point)
      }
    }
  }

  /// The exact cumulative method: one pass over the events for one draw.
  private func drawByPass(
    at point: Hypothesis, _ stream: inout PhiloxStream
  ) throws -> Draw {
    let values = differentials(at: point)
    let total = values.reduce(0) { $0 + abs($1) }
    guard total > 0 else {
      throw Problem(
        .data,
        "no event has weight at "
          + PointText.describe(point.theta, names: events.table.setup.parameterNames),
        remedy: "use more events or another point")
    }
    var left = stream.uniform() * total
    var last = 0
    for (i, value) in values.enumerated() where value != 0 {
      last = i
      left -= abs(value)
      if left < 0 { break }
    }
    return try checked(Draw(index: last, value: values[last], tries: events.count), point)
  }

  private func negativeProblem(at point: Hypothesis) -> Problem {
    let values = differentials(at: point)
    let total = values.reduce(0) { $0 + abs($1) }
    let negative = values.reduce(0) { $0 + max(0, -$1) }
    return Problem(
      .data,
      "\(shortNumber(100 * negative / total)) % of the events' weight at "
        + PointText.describe(point.theta, names: events.table.setup.parameterNames)
        + " is negative",
      remedy: "give --negative signed, which writes signed rows, or stay closer to the samples")
  }
}
