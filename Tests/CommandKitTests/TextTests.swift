import ArgumentParser
import Diagnostics
import Testing

@testable import CommandKit

@Suite struct TextTests {
  @Test(arguments: [
    (1.005, 2, "1.00"), (0.996, 2, "1.00"), (-0.004, 2, "0.00"), (-1.5, 1, "-1.5"), (12.0, 0, "12"),
    (0.05, 3, "0.050"),
  ])
  func decimals(value: Double, digits: Int, text: String) {
    // 1.005 is below the decimal it is written as.
    #expect(CommandText.decimals(value, digits) == text)
  }

  @Test func commandLineIsQuotedForTheShell() {
    let line = CommandText.quoted(
      ["/somewhere/bin/augment", "ratio", "a b.h5", "--theta0", "flat:cHW=-1:1", "it's", ""],
      program: "augment")
    #expect(line == "augment ratio 'a b.h5' --theta0 flat:cHW=-1:1 'it'\\''s' ''")
  }

  @Test func tableIsAlignedAndSplitsAtBlanks() {
    var table = TextTable(["parameter", "value"], notes: ["Fisher information"])
    table.add(["cHW", "12.5"])
    table.add(["a_long_parameter_name", "-3"])
    #expect(
      table.text == """
        # Fisher information
        # parameter            value
        cHW                     12.5
        a_long_parameter_name     -3

        """)
  }

  @Test(arguments: [(1234567.0, "1.23457e+06"), (0.1, "0.1"), (-.infinity, "-inf"), (.nan, "nan")])
  func numbers(value: Double, text: String) { #expect(TextTable.number(value) == text) }

  @Test func messagesOfTheParserAreOneLine() {
    #expect(
      UsageMessage.line(
        "The value 'x' is invalid for '-O <f>'. Please provide one of the following:\n  - a\n  - b")
        == "the value 'x' is invalid for '-O <f>'; it is one of a, b")
    #expect(
      UsageMessage.line("Unknown option '--a'. Did you mean '--b'?")
        == "unknown option '--a'; did you mean '--b'?")
    #expect(
      UsageMessage.hint(in: "Error: x\nUsage: t s\n  See 't s --help' for more information.")
        == "see 't s --help'")
  }

  @Test func progressComesAtMostFiveTimesASecond() {
    let rate = RateLimit(perSecond: 5)
    #expect(rate.allows(at: 10) && !rate.allows(at: 10.19) && rate.allows(at: 10.21))
  }
}

@Suite struct OptionValueTests {
  @Test(arguments: [1, 2, 3, 7])
  func shardsCoverEveryItemOnce(count: Int) {
    let ranges = (1...count).map { Shard(index: $0, count: count).range(of: 1000) }
    #expect(ranges.flatMap { Array($0) } == Array(0..<1000))
    #expect((ranges.map(\.count).max() ?? 0) - (ranges.map(\.count).min() ?? 0) <= 1)
    #expect(Shard(index: count, count: count).range(of: .max).upperBound == .max)
  }

  @Test(arguments: ["0/3", "4/3", "3", "a/b", "1/0", "1/2/3", "-1/2"])
  func badShards(text: String) {
    #expect(throws: Problem.self) { try Shard(parsing: text) }
  }

  @Test func seeds() throws {
    #expect(try SeedOptions.parse([]).resolve() == SeedOptions.defaultSeed)
    #expect(try SeedOptions.parse(["--seed", "18446744073709551615"]).resolve() == .max)
    let fresh = try SeedOptions.parse(["--seed", "random"]).resolve()
    #expect(try SeedOptions.parse(["--seed", "random"]).resolve() != fresh)
    for bad in ["-1", "1.5", "x"] {
      #expect(throws: Problem.self) { try SeedOptions.parse(["--seed=\(bad)"]).resolve() }
    }
  }

  @Test func observablesAreListedOnce() throws {
    #expect(try ObservablesOption.parse([]).names() == nil)
    #expect(
      try ObservablesOption.parse(["--observables", "a,b", "--observables", "c"]).names()
        == ["a", "b", "c"])
    for bad in ["a,,b", "a,a", ""] {
      #expect(throws: Problem.self) {
        try ObservablesOption.parse(["--observables", bad]).names()
      }
    }
  }

  @Test func negativeValuesAreValuesNotOptions() throws {
    // A point may begin with a sign after its name; a threshold may be negative.
    #expect(try ThetaOption.parse(["--theta", "cHW=-0.3"]).theta == ["cHW=-0.3"])
  }

  @Test func coresAreCounted() {
    #expect(ProcessSetup.availableCores >= 1)
  }
}
