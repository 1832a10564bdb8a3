import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches
import Observables

/// Les Houches events as inputs of these commands.
enum LHEFile {
  /// Takes over what was found to be Les Houches events, and notes it for the record of the run.
  static func open(
    _ bytes: ByteReader, _ options: InputFormatOptions, _ context: CommandContext,
    concatenated: Bool = false, independent: Bool = false
  ) throws -> LHEReader {
    let reader = try LHEReader(
      bytes,
      LHEReader.Options(
        salvage: options.salvage, keepsText: true, concatenated: concatenated,
        independent: independent))
    context.recordInput(reader.name, digest: reader.digest)
    if context.threads > 1 { try reader.startThread() }
    return reader
  }

  /// The record of this run; nil with --no-provenance.
  static func history(_ context: CommandContext) -> ProvenanceRecord? {
    context.provenance(adding: []).last
  }

  /// A warning where events were lost.
  static func warn(_ reader: LHEReader, _ context: CommandContext) {
    guard let problem = reader.salvaged else { return }
    context.journal.warn(
      "salvaged \(reader.name)",
      "\(problem.line): only the \(reader.eventCount) whole events before it are kept")
  }

  /// What to say where Les Houches events are to become rows.
  static func notATable(_ reader: LHEReader) -> Problem {
    Problem(
      .usage, "Les Houches events become rows with lhe-read",
      remedy: "run 'lhe-read \(reader.name)', or use -O lhe", file: reader.name)
  }

  /// What to say where only events with weights at benchmarks will do.
  static func needsBenchmarks(_ reader: LHEReader) -> Problem {
    Problem(
      .usage, "MadMiner needs events with weights at benchmarks",
      remedy: "read the file with 'lhe-read --setup' first", file: reader.name)
  }

  /// True where the output is to be Les Houches text: asked for, or by default where the input is.
  static func isWritten(_ output: OutputGroup) -> Bool {
    if output.json { return false }
    if let format = output.outputFormat { return format == .lhe }
    guard let path = output.path else { return true }
    return OutputFormat.bySuffix(of: path).map { $0 == .lhe } ?? path.hasSuffix(".gz")
  }
}

/// Whether a file may hold several Les Houches documents.
struct DocumentOptions: ParsableArguments {
  @Flag(
    help:
      "Take several Les Houches documents in one file, of one process, as runs of one sample.")
  var concatenated = false
}

/// Which events of a Les Houches file, and which of their weights.
struct LHESelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep Les Houches events that fulfil a condition on particles, weight and process (observables(7)). Repeatable.",
      valueName: "expression"))
  var keep: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep events by their numbers from 1, both ends included: 1-100,205,300-; --events=-10 are the first ten.",
      valueName: "n-m,k"))
  var events: String?

  @Option(
    help: ArgumentHelp(
      "Leave events out by their numbers, of those that --events keeps.", valueName: "n-m,k"))
  var except: String?

  @Option(
    help: ArgumentHelp(
      "Keep Les Houches events of these processes (IDPRUP). Repeatable.", valueName: "id,id"))
  var process: [String] = []

  @Option(
    help: ArgumentHelp(
      "Weights of Les Houches events that are kept: all, none, or their ids.", valueName: "id,id"))
  var weights = "all"

  @Option(
    help: ArgumentHelp(
      "Make the weight with this id the weight of the event (XWGTUP).", valueName: "id"))
  var nominal: String?

  @Option(
    help: ArgumentHelp(
      "Give every event one more weight, which is its XWGTUP, and declare it. Repeatable.",
      valueName: "[group/]id[=text]"))
  var addWeight: [String] = []

  @Option(
    help: ArgumentHelp(
      "Declare a weight that the events have, in <initrwgt>. Repeatable.",
      valueName: "[group/]id[=text]"))
  var declareWeight: [String] = []

  @Option(
    help: ArgumentHelp(
      "How the weights of events are written: rwgt, by their ids, or weights, in the order of declaration. By default as they stand.",
      valueName: "form"))
  var weightForm: WeightForm?

  var isGiven: Bool {
    !keep.isEmpty || events != nil || except != nil || !process.isEmpty || weights != "all"
      || nominal != nil || !addWeight.isEmpty || !declareWeight.isEmpty || weightForm != nil
  }

  func selection() throws -> LHESelection {
    var selection = LHESelection()
    selection.ranges = try events.map { try EventRanges(parsing: $0, option: "--events") }
    selection.excluded = try except.map { try EventRanges(parsing: $0, option: "--except") }
    selection.processes = process.isEmpty ? nil : try processes()
    selection.weights = try ExtraWeights(parsing: weights)
    selection.nominal = nominal
    selection.added = try addWeight.map(NewWeight.init(parsing:))
    selection.declared = try declareWeight.map(NewWeight.init(parsing:))
    selection.form = weightForm
    if !keep.isEmpty {
      let condition: Selection
      do { condition = try Selection(observables: [], cuts: keep) } catch var problem as Problem {
        problem.kind = .usage
        throw problem
      }
      let decision = EventCondition(condition)
      selection.isKept = { event, number, id in try decision.holds(event, number, id) }
    }
    return selection
  }
}

extension LHESelectionOptions {
  private func processes() throws -> Set<Int> {
    Set(
      try process.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map {
        text in
        guard let id = Int(text) else {
          throw Problem(
            .usage, "--process '\(text)' is no process id", remedy: "write --process 221,222")
        }
        return id
      })
  }
}

extension WeightForm: ExpressibleByArgument {}

/// Whether events fulfil conditions. Used by one thread.
private final class EventCondition: @unchecked Sendable {
  private let processor: EventProcessor
  private var row: [Double] = []
  init(_ selection: Selection) { processor = EventProcessor(selection) }

  func holds(_ event: ParticleEvent, _ number: Int, _ id: Int64) throws -> Bool {
    row.removeAll(keepingCapacity: true)
    let verdict = try processor.process(event, number: number, id: id, into: &row)
    if case .kept = verdict { return true }
    return false
  }
}
