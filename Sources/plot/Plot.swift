// plot: results → SVG, PDF or PNG, drawn by gnuplot. See plot(1).
import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

@main
struct Plot: Tool {
  static let configuration = CommandConfiguration.tool(
    "plot", abstract: "Draw limits, information ellipses, loss histories and distributions.")

  /// What `-O` takes: a picture, or the numbers behind it.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case svg, pdf, png, tsv
  }

  @OptionGroup var inputs: InputsGroup

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
      "Information: the two parameters on the axes; the others are profiled.", valueName: "a,b"))
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

  @Flag(help: "Events: distributions of unit area.")
  var normalise = false

  @Flag(help: "Logarithmic vertical axis.")
  var logarithmic = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard level > 0 && level < 1 else { throw ValidationError("--level is between 0 and 1") }
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
    let bytes = try Gnuplot.draw(GnuplotScript(figure, picture: picture))
    try context.write(bytes: bytes, to: output, isBinary: picture != .svg, force: force)
  }

  private func format() throws -> Format {
    if let outputFormat { return outputFormat }
    guard let output, output != "-" else { return .svg }
    if let known = Format.allCases.first(where: { output.hasSuffix("." + $0.rawValue) }) {
      return known
    }
    throw Problem(
      .usage, "'\(output)' does not say what to draw",
      remedy: "name it .svg, .pdf or .png, or use -O"
    )
  }
}
