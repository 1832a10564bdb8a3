import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// Whether files are whole and agree with what they say of themselves.
struct Check: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "check",
    abstract: "Check structure, digest, weights, counts and physics; exit 1 if something is wrong.",
    discussion: """
      Reads every input to its end. NaN or infinite weights, counts that differ from the sample table, and \
      events that are there twice are printed, one a line; a truncated or malformed input is an error (65). Les \
      Houches events are also checked for momentum, mass shell, colour, mothers and weights.
      """)

  @Option(
    help: ArgumentHelp(
      "Momenta of Les Houches events may be off by this share of the energy that enters.",
      valueName: "x"))
  var relative = 1e-6

  @Option(help: ArgumentHelp("They may be off by this, whatever enters.", valueName: "gev"))
  var absolute = 1e-6

  @Option(
    help: ArgumentHelp(
      "E^2-p^2-m^2 of a particle may be off by this share of E^2. By default that of --relative.",
      valueName: "x"))
  var massRelative: Double?

  @Option(
    help: ArgumentHelp(
      "Its mass may be off by this. By default that of --absolute.", valueName: "gev"))
  var massAbsolute: Double?

  @Option(
    help: ArgumentHelp(
      "Do not look for findings of these kinds, such as momentum or mass. Repeatable.",
      valueName: "kind,kind"))
  var skip: [String] = []

  @OptionGroup var documents: DocumentOptions
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard [relative, absolute, massRelative ?? 0, massAbsolute ?? 0].allSatisfy({ $0 >= 0 }) else {
      throw ValidationError("tolerances are numbers from 0 up")
    }
    if let kind = skipped.first(where: { !LHEFinding.kinds.contains($0) }) {
      throw ValidationError(
        "--skip '\(kind)' is no kind of finding; kinds are \(LHEFinding.kinds.joined(separator: ", "))"
      )
    }
  }

  private var skipped: [String] {
    skip.flatMap { $0.split(separator: ",").map(String.init) }
  }

  func execute(_ context: CommandContext) throws {
    var report = CheckReport()
    for path in inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some) {
      do {
        try check(path, context, &report)
      } catch let problem as Problem where problem.kind == .data {
        report.broken.append(problem)
      }
    }
    // Of several inputs all are looked at; one broken input speaks for itself.
    if report.broken.count > 1 { report.lines += report.broken.map(\.line) }
    if output.json || !report.lines.isEmpty {
      try context.report(
        text: report.lines.map { $0 + "\n" }.joined(), document: report.document, output: output)
    }
    if let problem = report.broken.first { throw problem }
    guard report.lines.isEmpty else {
      let n = report.lines.count
      throw Problem(.answerIsNo, "\(n) finding\(n == 1 ? "" : "s")")
    }
  }

  private func check(_ path: String?, _ context: CommandContext, _ report: inout CheckReport) throws
  {
    switch try context.openContent(
      path, expecting: Set(Kind.allCases), options: inputs.reading.options)
    {
    case .table(let source):
      report.lines += try TableCheck.findings(source).map { "\(source.name): \($0)" }
    case .lhe(let bytes):
      let reader = try LHEFile.open(
        bytes, inputs.reading, context, concatenated: documents.concatenated)
      var tolerance = LHECheck.Tolerance()
      tolerance.relative = relative
      tolerance.absolute = absolute
      tolerance.massRelative = massRelative
      tolerance.massAbsolute = massAbsolute
      tolerance.skipped = Set(skipped)
      report.add(
        try LHECheck(reader, tolerance: tolerance, journal: context.journal), reader.name, context)
    }
  }
}

/// What was found in all inputs.
private struct CheckReport {
  var lines: [String] = []
  var broken: [Problem] = []
  private var findings: [(file: String, finding: LHEFinding)] = []
  private var notes: [String] = []

  mutating func add(_ check: LHECheck, _ name: String, _ context: CommandContext) {
    findings += check.findings.map { (name, $0) }
    lines += check.findings.map { "\(name): \($0.line)" }
    for note in check.notes {
      notes.append("\(name): \(note)")
      context.journal.warn("note \(name) \(note)", "\(name): \(note)")
    }
  }

  var document: Document {
    var document = Document()
    document.set("findings", lines)
    if !findings.isEmpty {
      document.set("events/file", findings.map(\.file))
      document.set("events/kind", findings.map(\.finding.kind))
      document.set("events/count", findings.map(\.finding.count))
      document.set("events/first", findings.map { $0.finding.event ?? 0 })
      document.set("events/fact", findings.map(\.finding.fact))
    }
    if !notes.isEmpty { document.set("notes", notes) }
    return document
  }
}
