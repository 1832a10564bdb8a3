import ArgumentParser
import Inference

/// What one-sided tests have in common.
struct StrengthOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Test statistic: q or qtilde (1007.1727).", valueName: "name"))
  var statistic = StrengthTest.Statistic.qtilde

  @Option(
    help: ArgumentHelp("Value of the parameter without signal.", valueName: "value"))
  var null = 0.0

  @Option(help: ArgumentHelp("Confidence level of upper limits.", valueName: "cl"))
  var level = 0.95

  @Option(
    help: ArgumentHelp(
      "Pseudo-experiments at each value and without signal, in place of asymptotic formulae.",
      valueName: "n"))
  var toys: Int?

  func validate() throws {
    guard level > 0, level < 1 else { throw ValidationError("--level is between 0 and 1") }
    guard null.isFinite else { throw ValidationError("--null takes a finite number") }
    if let toys, toys < 100 { throw ValidationError("--toys takes 100 or more") }
  }
}

extension StrengthTest.Statistic: ExpressibleByArgument {}
