import Foundation
import TestSupport
import Testing

/// The commands of the toolkit, as installed.
let commandNames = [
  "morph", "lhe-read", "augment", "train-ratio", "train-score", "train-density", "evaluate",
  "fisher", "limits", "events", "plot",
]

/// One vocabulary: what a letter or a word means in one command it means in all.
@Suite struct OptionTests {
  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var subcommands: [Command]?
    var arguments: [Argument]?
  }
  struct Argument: Decodable {
    var kind: String
    var names: [Name]?
    var abstract: String?
    var valueName: String?
    var isPositional: Bool { kind == "positional" }
    var long: String? { names?.first { $0.kind == "long" }?.name }
    var short: String? { names?.first { $0.kind == "short" }?.name }
  }
  struct Name: Decodable {
    var kind: String
    var name: String
  }
  private struct Whole: Decodable {
    var command: Command
  }

  /// A command and its subcommands with their full names.
  private func all(_ command: Command, _ prefix: String = "") -> [(String, Command)] {
    let name = prefix + command.commandName
    let below = (command.subcommands ?? []).filter { $0.commandName != "help" }
    return [(name, command)] + below.flatMap { all($0, name + " ") }
  }

  private func everything() throws -> [(String, Command)] {
    try commandNames.flatMap { name -> [(String, Command)] in
      let outcome = run(Place.products + "/" + name, ["--experimental-dump-help"])
      try #require(outcome.status == 0, "\(name): \(outcome.error)")
      return all(try JSONDecoder().decode(Whole.self, from: Data(outcome.output)).command)
    }
  }

  @Test func letterMeansOneThing() throws {
    var words: [String: (String, String)] = [:]
    var letters: [String: (String?, String)] = [:]
    for (command, help) in try everything() {
      for argument in help.arguments ?? [] where !argument.isPositional {
        if let short = argument.short {
          let long = argument.long ?? ""
          let known = words[short] ?? (long, command)
          #expect(known.0 == long, "-\(short): --\(long) in \(command), --\(known.0) in \(known.1)")
          words[short] = known
        }
        if let long = argument.long {
          let known = letters[long] ?? (argument.short, command)
          #expect(
            known.0 == argument.short,
            "--\(long): -\(argument.short ?? "") in \(command), -\(known.0 ?? "") in \(known.1)")
          letters[long] = known
        }
      }
    }
  }

  @Test func everyOptionHasHelpAndEveryCommandAnAbstract() throws {
    for (command, help) in try everything() {
      #expect(help.abstract?.isEmpty == false, "\(command) has no abstract")
      for argument in help.arguments ?? [] {
        let name = argument.long ?? argument.short ?? argument.valueName ?? "?"
        let text = argument.abstract ?? ""
        #expect(!text.isEmpty, "\(command) \(name) has no help")
        #expect(text.hasSuffix("."), "\(command) \(name): help is a sentence: \(text)")
      }
    }
  }

  @Test func everyCommandHasTheCommonOptions() throws {
    for (command, help) in try everything() where (help.subcommands ?? []).isEmpty {
      let names = Set((help.arguments ?? []).compactMap(\.long))
      let common: Set = ["threads", "verbose", "quiet", "no-provenance", "cite", "version", "help"]
      #expect(common.subtracting(names).isEmpty, "\(command) lacks \(common.subtracting(names))")
    }
  }

  @Test(arguments: commandNames)
  func versionNamesWhatIsLinked(name: String) {
    let outcome = shell("\(name) --version")
    let lines = outcome.text.split(separator: "\n").map(String.init)
    #expect(outcome.status == 0 && outcome.error.isEmpty)
    #expect(lines.first?.wholeMatch(of: /[a-z-]+ \d+\.\d+\.\d+/) != nil)
    #expect(lines.first?.hasPrefix(name + " ") == true)
    #expect(lines.dropFirst().first?.wholeMatch(of: /format \d+/) != nil)
    let libraries =
      ["hdf5", "zlib"] + (name == "fisher" ? ["openblas"] : [])
      + (name == "lhe-read" ? ["expat"] : [])
    for library in libraries {
      #expect(
        lines.contains { $0.wholeMatch(of: /[a-z0-9]+ \d[\d.]*/) != nil && $0.hasPrefix(library) })
    }
    let blas = lines.contains { $0.hasPrefix("openblas") }
    #expect(!blas || !["lhe-read", "events", "plot"].contains(name))
  }

  @Test(arguments: commandNames)
  func citationsAreBibTeX(name: String) {
    let outcome = shell("\(name) --cite")
    #expect(outcome.status == 0 && outcome.error.isEmpty)
    #expect(outcome.text.hasPrefix("@software{sluice,"))
    #expect(outcome.text.filter { $0 == "{" }.count == outcome.text.filter { $0 == "}" }.count)
  }

  @Test(arguments: commandNames)
  func wrongUseIsOneLineAndAHint(name: String) {
    let outcome = shell("\(name) --no-such-option")
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    let lines = outcome.error.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("\(name): error: unknown option '--no-such-option'") == true)
    #expect(lines.last?.hasPrefix("see '\(name)") == true)
  }

  @Test(arguments: commandNames)
  func helpGoesToStandardOutput(name: String) {
    let outcome = shell("\(name) --help")
    #expect(outcome.status == 0 && outcome.error.isEmpty && outcome.text.contains("USAGE: \(name)"))
  }
}
