// plot: results → SVG, PDF or PNG, drawn by gnuplot. See plot(1).
import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

@main
struct Plot: Tool {
  static let configuration = CommandConfiguration.tool(
    "plot", abstract: "Draw limits, information, posteriors, losses and distributions.")

  /// What `-O` takes: a picture, or the numbers behind it.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case svg, pdf, png, tsv
  }

  @OptionGroup var inputs: InputsGroup

  @Option(
    help: ArgumentHelp(
      "Of limits regions, p-values or impacts; of information ellipses, bars or distribution; of events distribution or effective-events. The first of them by default.",
      valueName: "name"))
  var figure: Subject?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to FILE, which appears complete or not at all; '-' is standard output.",
      valueName: "file"), completion: .file(extensions: ["svg", "pdf", "png"]))
  var output: String?

  @Option(
    name: [.customShort("O"), .long],
    help: ArgumentHelp(
      "Encoding of the output; by default from the name after -o, else svg. tsv is the numbers.",
      valueName: "format"))
  var outputFormat: Format?

  @Flag(
    name: [.customShort("f"), .long],
    help: "Write binary data to a terminal, or over a file that is also an input.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "What the legend calls an input, in their order. Repeatable.", valueName: "text"))
  var label: [String] = []

  @Option(help: ArgumentHelp("Title of the drawing.", valueName: "text"))
  var title: String?

  @Option(
    help: ArgumentHelp(
      "Parameters to draw, separated by commas: on the axes of information (the others are profiled), of a posterior, of a setup; the one that impacts are on.",
      valueName: "a,b"))
  var parameters: String?

  @Option(
    help: ArgumentHelp(
      "Information: draw this matrix; by default all of one file, of several the first of each. Repeatable.",
      valueName: "name"))
  var matrix: [String] = []

  @Option(help: ArgumentHelp("Information: probability inside the ellipse.", valueName: "cl"))
  var level = 0.68

  @Option(help: ArgumentHelp("Events: the observable to draw.", valueName: "name"))
  var observable: String?

  @OptionGroup var theta: ThetaOption
  @OptionGroup var combine: CombineOption

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Events: bins from LOW to HIGH.", valueName: "low:high:n"))
  var bins: String?

  @Option(
    help: ArgumentHelp(
      "Events: systematic in the band around the first point; by default all, 'none' for no band. Repeatable.",
      valueName: "name"))
  var systematic: [String] = []

  @Flag(help: "Events: distributions of unit area.")
  var normalise = false

  @Flag(help: "Logarithmic vertical axis.")
  var logarithmic = false

  @Flag(help: "Write the script for gnuplot in the place of the picture.")
  var script = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard level > 0 && level < 1 else { throw ValidationError("--level is between 0 and 1") }
    if script, outputFormat == .tsv {
      throw ValidationError("--script is of a picture; leave -O tsv away")
    }
    guard label.isEmpty || label.count == max(1, inputs.paths.count) else {
      throw ValidationError("give one --label for each input, or none")
    }
  }

  func execute(_ context: CommandContext) throws {
    let format = try format()
    var figure = try Drawing(options: self, context: context).figure()
    if let title { figure.title = title }
    if logarithmic {
      for p in figure.panels.indices.prefix(1) { figure.panels[p].isLogarithmic = true }
    }
    guard let picture = GnuplotScript.Picture(rawValue: format.rawValue) else {
      return try context.write(
        bytes: Array(figure.table.utf8), to: output, isBinary: false, force: force)
    }
    let drawn = GnuplotScript(figure, picture: picture)
    let bytes = try script ? Array(drawn.text.utf8) : Gnuplot.draw(drawn)
    try context.write(
      bytes: bytes, to: output, isBinary: !script && picture != .svg, force: force)
  }

  private func format() throws -> Format {
    if let outputFormat { return outputFormat }
    guard !script, let output, output != "-" else { return .svg }
    if let known = Format.allCases.first(where: { output.hasSuffix("." + $0.rawValue) }) {
      return known
    }
    throw Problem(
      .usage, "'\(output)' does not say what to draw",
      remedy: "name it .svg, .pdf or .png, or use -O"
    )
  }
}
