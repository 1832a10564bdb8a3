import Diagnostics
import EventModel

/// Observables drawn from a density model, block by block in constant memory: a sample with the columns x and theta0.
public struct ModelDrawing: Sendable {
  private let estimator: Estimator
  /// Rows take the points in turn.
  private let points: [[Double]]
  private let count: Int
  private let seed: UInt64
  private let journal: Journal

  /// Rows given out together.
  static let batchRows = 65_536

  /// Throws `.data` where the model is no density, and `.usage` without points or with several models.
  public init(
    estimator: Estimator, points: [(name: String, theta: [Double])], count: Int, seed: UInt64,
    journal: Journal
  ) throws {
    try estimator.requireDrawable()
    guard !points.isEmpty else {
      throw Problem(.usage, "a parameter point is missing", remedy: "give --theta POINT")
    }
    for point in points {
      let outside = estimator.outsideTrainingRange(point.theta)
      guard !outside.isEmpty else { continue }
      journal.warn(
        "outside",
        "\(point.name) is outside the range of \(outside.joined(separator: ", ")) in training; "
          + "the model is extrapolated")
    }
    self.estimator = estimator
    self.points = points.map(\.theta)
    self.count = count
    self.seed = seed
    self.journal = journal
  }

  /// The header of the sample; it keeps what the model's own sample was, but for how its rows were drawn.
  /// - Parameter theta0: points as the user wrote them.
  public func header(theta0: String) -> Header {
    var info = estimator.models[0].sample
    info.method = "draw"
    info.theta0 = theta0
    info.theta1 = ""
    info.theta1Values = []
    info.part = .all
    info.minimumEffectiveEvents = 0
    info.eventsDigest = ""
    return Header(
      kind: .sample, document: info.document,
      fields: [
        Field(SampleFields.x, components: estimator.observableNames),
        Field(SampleFields.theta0, components: estimator.parameterNames),
      ])
  }

  /// Writes all rows to a sink, which is not finished.
  public func write(to sink: any Sink) throws {
    let points = points
    for start in stride(from: 0, to: count, by: Self.batchRows) {
      let rows = start..<min(count, start + Self.batchRows)
      let x = try estimator.draw(rows: rows, seed: seed) { points[$0 % points.count] }
      let theta = rows.flatMap { points[$0 % points.count] }
      try sink.write(Batch(count: rows.count, columns: [.float64(x), .float64(theta)]))
      journal.progress("rows", rows.upperBound, of: count)
    }
  }
}
