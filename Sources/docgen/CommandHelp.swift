import CommandKit
import Diagnostics
import FoundationEssentials

/// What a command says of itself with `--experimental-dump-help` (ArgumentParser's tool info, version 0).
struct CommandHelp: Decodable {
  var commandName: String
  var abstract: String?
  var discussion: String?
  var subcommands: [CommandHelp]?
  /// The one that is meant where none is named.
  var defaultSubcommand: String?
  var arguments: [Argument]?

  struct Argument: Decodable {
    var kind: String
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
    var discussion: String?

    struct Name: Decodable, Equatable {
      var kind: String
      var name: String
      /// `-o` or `--output`.
      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    var isPositional: Bool { kind == "positional" }
    /// What two subcommands must agree in to share an option.
    var key: String {
      (names ?? []).map(\.text).joined(separator: ",") + "\n" + (abstract ?? "")
        + "\n" + (isPositional ? valueName ?? "" : "")
    }
  }

  private struct Whole: Decodable {
    var command: CommandHelp
  }

  static func read(program: String) throws -> CommandHelp {
    let text = try output(program, ["--experimental-dump-help"])
    do {
      return try JSONDecoder().decode(Whole.self, from: Data(text.utf8)).command
    } catch {
      throw Problem(.data, "its help cannot be understood: \(error)", file: program)
    }
  }

  static func output(_ program: String, _ arguments: [String]) throws -> String {
    let outcome = try ChildProcess.run(program, arguments)
    guard outcome.status == 0, !outcome.output.isEmpty else {
      throw Problem(
        .data, "\(arguments.joined(separator: " ")) gives status \(outcome.status)", file: program)
    }
    return String(decoding: outcome.output, as: UTF8.self)
  }

  /// Subcommands but the built-in help.
  var realSubcommands: [CommandHelp] { (subcommands ?? []).filter { $0.commandName != "help" } }
  var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
}
