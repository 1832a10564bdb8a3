import Diagnostics
import EventIO
import EventModel

/// A Les Houches file as a table of its particles, which LHEH5 and LHE are written from.
public enum ParticleCopy {
  /// Copies every event of an open file (LHE, gzip, LHEH5), none of which was read yet, with its particles, head line and
  /// all its weights by id into the sink that `open` makes for the table's header; the sink must accept deferred changes.
  public static func copy(
    _ reader: LHEReader, threads: Int = 1, isForLHEH5: Bool = false, journal: Journal,
    open: (Header) throws -> any Sink
  ) throws {
    var options = ReadingOptions()
    options.particles = true
    options.threads = threads
    let set = try SampleSet(
      [SampleInput(role: .benchmarkOfCard, file: reader.name)], opened: [reader],
      setup: Setup(name: ""), hasSetup: false, options: options, journal: journal)
    if isForLHEH5 { set.warnOfLHEH5() }
    let sink = try open(set.header(observables: []))
    _ = try set.read(into: sink) { _, _, _, _ in 1 }
  }
}
