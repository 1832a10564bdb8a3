import ArgumentParser
import EventModel

extension EFTOrder: ExpressibleByArgument {}

/// Where the expansion in the couplings ends.
public struct OrderOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Cut the polynomial in the couplings after its linear (1/Lambda^2) or quadratic (1/Lambda^4) terms; by default it is whole.",
      valueName: "order"))
  public var order: EFTOrder?

  public init() {}
}
