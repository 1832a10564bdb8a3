import ArgumentParser
import EventModel

/// What every command of the toolkit is, with or without subcommands.
public protocol SluiceCommand: ParsableCommand {
  /// What `--cite` prints: the toolkit, and the papers of the methods behind this command.
  static var citations: [Citation] { get }
}

extension SluiceCommand {
  public static var citations: [Citation] { [.toolkit, .madminer] }

  /// Runs the command with the process's arguments; never comes back.
  ///
  /// Exit codes, the form of messages, signals and the last checked close of standard output are decided here, for all
  /// commands alike (sluice(7)).
  public static func main() { CommandProcess(root: Self.self).run() }
}

/// A command that does something: options → one library call.
public protocol Tool: SluiceCommand {
  var common: CommonOptions { get }
  /// Does the work. Throws `Problem`; prints nothing itself.
  mutating func execute(_ context: CommandContext) throws
}

extension Tool {
  public mutating func run() throws { try execute(CommandContext(options: common)) }
}

/// A command that only has subcommands.
public protocol ToolGroup: SluiceCommand {}

extension ToolGroup {
  public mutating func run() throws {
    let names = Self.configuration.subcommands.compactMap { $0.configuration.commandName }
    throw ValidationError("a subcommand is missing; name one of " + names.joined(separator: ", "))
  }
}

extension CommandConfiguration {
  /// The configuration of a command under its installed name.
  ///
  /// With `PROGRAM_PREFIX=` a command is installed as, say, `sluice-fisher`; help and messages then say that.
  public static func tool(
    _ name: String, abstract: String, discussion: String = "",
    subcommands: [any ParsableCommand.Type] = [],
    defaultSubcommand: (any ParsableCommand.Type)? = nil
  ) -> CommandConfiguration {
    let invoked = ProgramName.invoked
    return CommandConfiguration(
      commandName: invoked.hasSuffix(name) ? invoked : name, abstract: abstract,
      discussion: discussion, version: "\(name) \(ToolkitVersion.current)",
      subcommands: subcommands, defaultSubcommand: defaultSubcommand)
  }
  /// The configuration of a subcommand.
  public static func subcommand(
    _ name: String, abstract: String, discussion: String = ""
  ) -> CommandConfiguration {
    CommandConfiguration(commandName: name, abstract: abstract, discussion: discussion)
  }
}

/// What the program was called.
public enum ProgramName {
  public static let invoked: String =
    CommandLine.arguments.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? ""
}
