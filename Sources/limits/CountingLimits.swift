import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference
import Numerics

struct CountingLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "counting", abstract: "Limits and significance of counts in bins, without events.",
    discussion: """
      The signal has a strength mu in front of it; backgrounds have an uncertainty in each bin, as if measured by a count of \
      its own. Upper limits on mu by CLs, the significance of the signal, and for one bin with a known background the \
      unified interval of Feldman and Cousins of the number of signal events.
      """)

  @Option(
    help: ArgumentHelp("Expected signal in each bin. Required.", valueName: "5,10"))
  var signal: String

  @Option(
    help: ArgumentHelp("Expected background in each bin. Required.", valueName: "50,60"))
  var background: String

  @Option(
    help: ArgumentHelp(
      "Uncertainty of the background in each bin; by default 0.", valueName: "5,12"))
  var backgroundUncertainty: String?

  @Option(
    help: ArgumentHelp("Observed counts; without them what is expected.", valueName: "55,72"))
  var observed: String?

  @Option(
    help: ArgumentHelp("Values of mu at which CLs is printed.", valueName: "LOW:HIGH:POINTS"))
  var grid = "0:10:11"

  @OptionGroup var test: StrengthOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  private func numbers(_ text: String, _ option: String) throws -> [Double] {
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard values.allSatisfy({ $0?.isFinite ?? false }) else {
      throw Problem(.usage, "\(option) '\(text)' is no list of numbers", remedy: "write 5,10")
    }
    return values.compactMap { $0 }
  }

  func execute(_ context: CommandContext) throws {
    guard test.null == 0 else { throw Problem(.usage, "without signal mu is 0; leave --null away") }
    let (s, b) = (
      try numbers(signal, "--signal"), try numbers(background, "--background")
    )
    let error = try backgroundUncertainty.map { try numbers($0, "--background-uncertainty") } ?? []
    let data = try CountingLikelihood(
      signal: s, background: b, uncertainty: error,
      counts: try observed.map { try numbers($0, "--observed") } ?? b)
    let axis = try GridAxis(parsing: "mu=" + grid)
    // Fits and limits may go beyond the values that are printed.
    let upper = 10 * max(axis.upper, 1)
    let bounds = (test.statistic == .q ? max(data.lowestStrength, -upper) : 0)...upper
    let strength = try StrengthTest(
      observed: observed == nil ? nil : data, asimov: data.asimov(at: 0),
      statistic: test.statistic, bounds: [bounds])
    let values = axis.values.filter { $0 > 0 }
    var scan = try StrengthScan(
      strength, values: values, level: test.level, hasData: observed != nil, parameter: "mu",
      upTo: upper)
    if let toys = test.toys {
      let (team, seed) = (ThreadTeam(threads: context.threads), try context.seed(seed))
      let made = try values.enumerated().map { k, mu in
        try StrengthToys(
          data, mu: mu, statistic: test.statistic, bounds: bounds, toys: toys, seed: seed,
          index: k, team: team)
      }
      scan.replace(
        with: made, count: toys, statistics: try values.map(strength.observedStatistic))
    }
    var document = scan.document(nil)
    var text = StrengthText(scan).text
    let significance = TextTable.number(
      try expectedSignificance(data), digits: 6)
    text += "# expected significance of mu = 1: \(significance)\n"
    document.set("cls/expected_significance", try expectedSignificance(data))
    if s.count == 1, error.allSatisfy({ $0 == 0 }), let count = data.counts.first,
      observed != nil, count == count.rounded(), count < 1000
    {
      let interval = FeldmanCousins(background: b[0], level: test.level).interval(Int(count))
      document.set("cls/feldman_cousins", [interval.lower, interval.upper])
      text +=
        "# Feldman-Cousins interval of signal events: \(TextTable.number(interval.lower)) to "
        + "\(TextTable.number(interval.upper))\n"
    }
    try context.report(text: text, document: document, kind: .limits, output: output)
  }

  /// √q₀ of the Asimov data at μ = 1, with the background as it is given.
  private func expectedSignificance(_ data: CountingLikelihood) throws -> Double {
    let zero = try CountingLikelihood(
      signal: data.signal, background: data.background,
      uncertainty: zip(data.background, data.auxiliary).map {
        $1.isFinite ? $0 / $1.squareRoot() : 0
      },
      counts: zip(data.signal, data.background).map { $0 + $1 })
    return try StrengthTest(observed: zero, asimov: zero, bounds: [0...10]).discovery().significance
  }
}
