import ArgumentParser
import Diagnostics
import EventIO
import Glibc

/// One run of a command as a process: parses, executes, and turns what happened into messages and an exit code.
struct CommandProcess {
  let root: any SluiceCommand.Type
  private var name: String { root.configuration.commandName ?? ProgramName.invoked }

  func run() -> Never {
    ProcessSetup.prepare()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      if let text = answer(to: arguments) {
        try Output.writeText(text, to: nil, options: OutputOptions())
        try finish()
      }
      try execute(try root.parseAsRoot(arguments))
      try finish()
    } catch is ClosedPipe {
      // The reader has what it wanted (`| head`): stop, quietly and successfully.
      leave(0)
    } catch let problem as Problem {
      fail(problem)
    } catch {
      failParsing(error)
    }
  }

  /// `--version` and `--cite` answer whatever else is, or is not, on the command line.
  private func answer(to arguments: [String]) -> String? {
    let options = arguments.prefix { $0 != "--" }
    if options.contains("--version") { return VersionText.lines(for: name) }
    if options.contains("--cite") {
      return root.citations.map(\.bibTeX).joined(separator: "\n")
    }
    return nil
  }

  private func execute(_ parsed: any ParsableCommand) throws {
    guard var tool = parsed as? any Tool else {
      var command = parsed
      return try command.run()
    }
    let context = try CommandContext(options: tool.common, program: name)
    do {
      try tool.execute(context)
    } catch let problem as Problem where problem.kind == .answerIsNo {
      context.close()
      throw problem
    } catch {
      StandardError.clearProgress()
      throw error
    }
    context.close()
  }

  /// Closes standard output, since a full disk may be reported only then.
  private func finish() throws -> Never {
    guard Glibc.close(STDOUT_FILENO) == 0 || errno == EBADF || errno == EINTR else {
      throw Problem(
        .io, "cannot write: \(String(cString: strerror(errno)).lowercased())",
        file: "standard output")
    }
    Glibc.exit(0)
  }

  private func fail(_ problem: Problem) -> Never {
    let label = problem.kind == .answerIsNo ? "" : "error: "
    StandardError.line("\(name): \(label)\(problem.line)")
    leave(problem.kind.rawValue)
  }

  /// Help that was asked for goes to standard output; everything else is one line and a hint, and 64.
  private func failParsing(_ error: any Error) -> Never {
    if root.exitCode(for: error) == .success {
      do {
        try Output.writeText(root.message(for: error) + "\n", to: nil, options: OutputOptions())
        try finish()
      } catch let problem as Problem {
        fail(problem)
      } catch {
        leave(0)
      }
    }
    let hint = UsageMessage.hint(in: root.fullMessage(for: error)) ?? "see '\(name) --help'"
    StandardError.line("\(name): error: \(UsageMessage.line(root.message(for: error)))")
    StandardError.line(hint)
    leave(Problem.Kind.usage.rawValue)
  }

  /// Leaves without running exit handlers: HDF5's would try to write what cannot be written.
  private func leave(_ status: Int32) -> Never {
    TemporaryFiles.unlinkAll()
    _exit(status)
  }
}

/// ArgumentParser's messages in our form.
enum UsageMessage {
  /// Lower case, no full stop, one line.
  static func line(_ text: String) -> String {
    var lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
    // The allowed values stand one a line, after a dash.
    if let first = lines.firstIndex(where: { $0.hasPrefix("- ") }) {
      let values = lines[first...].map { $0.dropFirst(2) }.joined(separator: ", ")
      lines.replaceSubrange(first..., with: [values[...]])
    }
    var words = lines.joined(separator: " ")
    for (from, to) in [
      (". Did you mean", "; did you mean"),
      (". Please provide one of the following:", "; it is one of"),
    ] {
      if let found = words.firstRange(of: from) { words.replaceSubrange(found, with: to) }
    }
    while words.hasSuffix(".") { words.removeLast() }
    return words.prefix(1).lowercased() + words.dropFirst()
  }

  /// `see 'fisher truth --help'` from the last lines of the full message.
  static func hint(in fullMessage: String) -> String? {
    for line in fullMessage.split(whereSeparator: \.isNewline).reversed() {
      guard let start = line.firstRange(of: "See '") else { continue }
      let rest = line[start.upperBound...]
      guard let end = rest.firstIndex(of: "'") else { continue }
      let command = rest[..<end].split(separator: " ").filter { !$0.hasPrefix("-") }
      return "see '" + command.joined(separator: " ") + " --help'"
    }
    return nil
  }
}
