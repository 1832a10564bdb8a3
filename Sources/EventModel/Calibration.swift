import Diagnostics

/// Corrections of a learned log r, found with weighted events at some parameter points.
///
/// At a point θ_k the corrected value is log r + δ_k(log r), where δ_k runs linearly between knots and stays what it is
/// beyond the first and last. Between points the corrections are interpolated; see `PointInterpolation`.
///
/// For a network of two hypotheses a point is a pair, θ0 and then θ1. Each stands there in both orders, with opposite
/// corrections.
public struct Calibration: Sendable, Equatable {
  public enum Method: String, Sendable, CaseIterable {
    /// δ = −log E_θ1[r], the same for all events.
    case expectation
    /// The monotonic function of log r that is closest to the joint ratio.
    case isotonic
  }
  public var method: Method
  /// Row-major [point][parameter]; of pairs twice as many.
  public var points: [Double]
  /// Unit of the distance between points, one for each parameter.
  public var scales: [Double]
  /// For each point log r at its knots, increasing, and δ there; an expectation has one knot, at 0.
  public var knots: [[Double]]
  public var corrections: [[Double]]
  /// Statistical error of log E_θ1[r] of each point.
  public var errors: [Double]
  public var part: Partition
  /// Content digest of the events.
  public var eventsDigest: String

  public init(
    method: Method, points: [Double], scales: [Double], knots: [[Double]],
    corrections: [[Double]], errors: [Double], part: Partition, eventsDigest: String
  ) {
    self.method = method
    self.points = points
    self.scales = scales
    self.knots = knots
    self.corrections = corrections
    self.errors = errors
    self.part = part
    self.eventsDigest = eventsDigest
  }

  public var count: Int { knots.count }

  static let path = "model/calibration/"

  func write(to document: inout Document) {
    let path = Self.path
    document.set(path + "method", method.rawValue)
    document.set(path + "theta", points, shape: [count, scales.count])
    document.set(path + "theta_scales", scales)
    document.set(path + "knot_counts", knots.map(\.count))
    document.set(path + "knots", knots.flatMap { $0 })
    document.set(path + "corrections", corrections.flatMap { $0 })
    document.set(path + "errors", errors)
    document.set(path + "part", part.rawValue)
    document.set(path + "events_digest", eventsDigest)
  }

  /// Nil where the model has none.
  init?(document: Document) throws {
    let path = Self.path
    guard document.group(String(path.dropLast())) != nil else { return nil }
    guard let method = document.text(path + "method").flatMap(Method.init),
      let points = document.reals(path + "theta"),
      let scales = document.reals(path + "theta_scales"),
      let counts = document.integers(path + "knot_counts"),
      let knots = document.reals(path + "knots"),
      let corrections = document.reals(path + "corrections"),
      let errors = document.reals(path + "errors"),
      let part = document.text(path + "part").flatMap(Partition.init(rawValue:)),
      let digest = document.text(path + "events_digest"), !counts.isEmpty,
      counts.allSatisfy({ $0 > 0 }), counts.reduce(0, +) == knots.count,
      knots.count == corrections.count, points.count == counts.count * scales.count,
      scales.allSatisfy({ $0 > 0 }), errors.count == counts.count
    else {
      throw Problem(
        .data, "the model's calibration is not whole or not known here",
        remedy: "calibrate again, or use a newer version of this program",
        place: "group \(path.dropLast())")
    }
    func cut(_ values: [Double]) -> [[Double]] {
      var start = 0
      return counts.map { count in
        defer { start += count }
        return Array(values[start..<start + count])
      }
    }
    self.init(
      method: method, points: points, scales: scales, knots: cut(knots),
      corrections: cut(corrections), errors: errors, part: part, eventsDigest: digest)
  }
}
