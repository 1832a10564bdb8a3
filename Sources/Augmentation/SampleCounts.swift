import Diagnostics
import Morphing

/// What was met while rows were drawn.
public struct SampleCounts: Sendable, Equatable {
  public var rows = 0
  public var tries = 0
  public var negative = 0
  /// log_r_xz = ±inf: the event is impossible at one of the hypotheses.
  public var infiniteRatios = 0
  /// Weights of opposite sign at θ0 and θ1, where the ratio is taken to be zero or infinite.
  public var oppositeSigns = 0
  /// Values that limits of the plan touched.
  public var clippedScores = 0
  public var clippedRatios = 0

  public init() {}

  mutating func add(_ other: SampleCounts) {
    rows += other.rows
    tries += other.tries
    negative += other.negative
    infiniteRatios += other.infiniteRatios
    oppositeSigns += other.oppositeSigns
    clippedScores += other.clippedScores
    clippedRatios += other.clippedRatios
  }

  func report(to journal: Journal) {
    guard rows > 0 else { return }
    journal.note(
      "\(shortNumber(Double(tries) / Double(rows))) tries per row on average")
    if negative > 0 {
      journal.note(
        "\(negative) of \(rows) rows have a negative weight "
          + "(\(shortNumber(100 * Double(negative) / Double(rows))) %)")
    }
    if infiniteRatios > 0 {
      journal.note(
        "\(infiniteRatios) rows have an infinite log ratio: impossible at one of the hypotheses")
    }
    for (count, what) in [(clippedScores, "components of scores"), (clippedRatios, "log ratios")]
    where count > 0 {
      journal.note("\(count) \(what) were limited")
    }
    if oppositeSigns > 0 {
      journal.warn(
        "opposite-signs",
        "rows have weights of opposite sign at theta0 and theta1; "
          + "their log ratio is written as infinite", count: oppositeSigns)
    }
  }
}
