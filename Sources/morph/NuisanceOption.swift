import ArgumentParser

struct NuisanceOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Value of a nuisance parameter, or of a systematic that has one, in standard deviations. Repeatable; default 0.",
      valueName: "name=value"))
  var nu: [String] = []
}
