import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// Whether files are whole and agree with what they say of themselves.
struct Check: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "check", abstract: "Check structure, digest, weights and counts; exit 1 if something is wrong.",
    discussion: """
      Reads every input to its end. NaN or infinite weights, counts that differ from the sample table, and \
      events that are there twice are printed, one a line; a truncated or malformed input is an error (65).
      """)

  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var lines: [String] = []
    var broken: [Problem] = []
    for path in inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some) {
      do {
        let source = try context.openTable(
          path, expecting: Set(Kind.allCases), options: inputs.reading.options)
        lines += try TableCheck.findings(source).map { "\(source.name): \($0)" }
      } catch let problem as Problem where problem.kind == .data {
        broken.append(problem)
      }
    }
    // Of several inputs all are looked at; one broken input speaks for itself.
    if broken.count > 1 { lines += broken.map(\.line) }
    var document = Document()
    document.set("findings", lines)
    if output.json || !lines.isEmpty {
      try context.report(
        text: lines.map { $0 + "\n" }.joined(), document: document, output: output)
    }
    if let problem = broken.first { throw problem }
    guard lines.isEmpty else {
      throw Problem(.answerIsNo, "\(lines.count) finding\(lines.count == 1 ? "" : "s")")
    }
  }
}
