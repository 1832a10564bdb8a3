import Diagnostics
import EventModel

/// What a training reads of its sample: the first rows at once, and for every later epoch either the
/// same or as many fresh ones.
///
/// The first rows give the scaling, the validation set and the first epoch. Of fresh rows, those of
/// validation events are passed over.
public struct TrainingFeed {
  /// The first rows.
  public var first: TrainingRows
  private let reader: TrainingReader
  private let epochRows: Int?

  /// - Parameters:
  ///   - rows: how many the first are; nil is all, or those of an epoch.
  ///   - epochRows: rows of an epoch; nil goes through the first rows in every epoch.
  ///   - reopen: opens the sample again when its end is reached; nil where that cannot be done.
  /// - Throws: `.usage` for an endless stream without a number of rows, and what reading throws.
  public init(
    _ source: any Source, columns: TrainingRows.Columns, observables: [String]? = nil,
    rows: Int? = nil, epochRows: Int? = nil, reopen: (() throws -> any Source)? = nil
  ) throws {
    guard !source.header.isEndless || rows != nil || epochRows != nil else {
      throw Problem(
        .usage, "\(source.name) is a stream without an end",
        remedy: "give --epoch-rows N for N fresh rows in every epoch, or --rows N for its first N")
    }
    reader = try TrainingReader(
      source, columns: columns, observables: observables, reopen: reopen)
    self.epochRows = epochRows
    first = try reader.read(rows ?? epochRows)
  }

  /// Whether every epoch has rows of its own.
  var isFresh: Bool { epochRows != nil }

  /// The rows of an epoch after the first; to be asked for in the order of the epochs.
  func rows(epoch: Int) throws -> TrainingRows {
    try reader.readOn(epochRows ?? first.count, epoch: epoch)
  }
}
