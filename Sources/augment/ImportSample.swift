import ArgumentParser
import Augmentation
import CommandKit
import Diagnostics
import EventIO
import EventModel

struct ImportSample: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "import", abstract: "A sample of the rows of any simulator: TSV, npy, Arrow or HDF5.",
    discussion: """
      Options name the columns of FILE. A hypothesis is one column for each parameter, or a point \
      (mass=125) that holds for all rows.
      """)

  @OptionGroup var input: InputGroup

  @Option(help: ArgumentHelp("Columns of observables. Required.", valueName: "a,b"))
  var x: [String] = []

  @Option(
    help: ArgumentHelp(
      "Names of the parameters, each with its range if it has one: mass=120:130,width. Required.",
      valueName: "p,q"))
  var parameters: [String] = []

  @Option(
    help: ArgumentHelp("The hypothesis of a row, or the numerator.", valueName: "columns"))
  var theta0: String?

  @Option(help: ArgumentHelp("The denominator.", valueName: "columns"))
  var theta1: String?

  @Option(
    help: ArgumentHelp(
      "0 where a row was drawn at theta0, 1 where it was drawn at theta1.", valueName: "column"))
  var y: String?

  @Option(
    help: ArgumentHelp("log p(x,z|theta0) - log p(x,z|theta1).", valueName: "column"))
  var logR: String?

  @Option(
    help: ArgumentHelp(
      "Gradient of log p(x,z|theta) at theta0, a column for each parameter.",
      valueName: "columns"))
  var score: [String] = []

  @Option(help: ArgumentHelp("The same at theta1.", valueName: "columns"))
  var score1: [String] = []

  @Option(help: ArgumentHelp("Weights of rows.", valueName: "column"))
  var weight: String?

  @Option(
    help: ArgumentHelp(
      "Number of the run of the simulator that a row comes from, so that no run is in training and validation; by default every row is one.",
      valueName: "column"))
  var event: String?

  @Option(
    help: ArgumentHelp(
      "Names of the columns of a plain numpy array.", valueName: "a,b"))
  var columns: [String] = []

  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let plan = try plan()
    var options = input.reading.options
    options.columns = try NameList.parse(columns, option: "--columns")
    options.acceptsPlain = true
    let source = try context.openTable(input.path, expecting: [.events], options: options)
    var job = try SampleImport(plan, table: source.header, file: source.name)
    let sink = try context.openSink(output, header: job.header)
    _ = try job.write(source, to: sink)
    try sink.finish()
  }

  private func plan() throws -> ImportPlan {
    guard let names = try NameList.parse(parameters, option: "--parameters") else {
      throw Problem(
        .usage, "no parameter is named", remedy: "give --parameters NAME=LOW:HIGH,NAME")
    }
    guard let x = try NameList.parse(x, option: "--x") else {
      throw Problem(.usage, "no observable is named", remedy: "give --x COLUMN,COLUMN")
    }
    var plan = ImportPlan(parameters: try names.map(ImportText.parameter), x: x)
    let wanted = plan.parameters.map(\.name)
    plan.theta0 = try theta0.map { try ImportText.hypothesis($0, wanted, "--theta0") }
    plan.theta1 = try theta1.map { try ImportText.hypothesis($0, wanted, "--theta1") }
    plan.y = y
    plan.logRatio = logR
    plan.score0 = try NameList.parse(score, option: "--score") ?? []
    plan.score1 = try NameList.parse(score1, option: "--score1") ?? []
    plan.weight = weight
    plan.eventID = event
    return plan
  }
}

/// Parameters and hypotheses as they are written for an import.
enum ImportText {
  /// `mass=120:130`, or a name alone.
  static func parameter(_ text: String) throws -> Parameter {
    let pair = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    var range = -1.0...1.0
    if pair.count == 2 {
      let ends = pair[1].split(separator: ":", omittingEmptySubsequences: false)
        .map { Double($0) }
      guard ends.count == 2, let low = ends[0], let high = ends[1], low < high, low.isFinite,
        high.isFinite
      else {
        throw Problem(
          .usage, "'\(text)' is no parameter with a range", remedy: "write mass=120:130",
          place: "--parameters")
      }
      range = low...high
    }
    guard pair.count <= 2, !pair[0].isEmpty else {
      throw Problem(
        .usage, "'\(text)' is no parameter", remedy: "write mass=120:130", place: "--parameters")
    }
    return Parameter(name: pair[0], lhaBlock: "", lhaID: 0, range: range)
  }

  /// Columns, or with `=` a point.
  static func hypothesis(
    _ text: String, _ parameters: [String], _ option: String
  ) throws -> ImportPlan.Hypothesis {
    guard text.contains("=") else {
      return .columns(try NameList.parse([text], option: option) ?? [])
    }
    guard case .values(let values) = try PointSpecification(parsing: text) else {
      throw Problem(
        .usage, "'\(text)' names a benchmark, and rows of another simulator have none",
        remedy: "write a point, mass=125, or names of columns", place: option)
    }
    if let unknown = values.keys.sorted().first(where: { !parameters.contains($0) }) {
      throw Problem(
        .usage, "there is no parameter '\(unknown)'",
        remedy: "--parameters names " + parameters.joined(separator: ", "), place: option)
    }
    return .point(parameters.map { values[$0] ?? 0 })
  }
}
