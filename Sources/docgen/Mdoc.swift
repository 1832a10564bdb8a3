/// Pieces of mdoc(7) text.
enum Mdoc {
  /// Escaped so that no character means anything to the formatter.
  static func inline(_ text: String) -> String {
    text.map { $0 == "\\" ? "\\e" : String($0) }.joined()
  }

  /// A line that is printed as it is.
  static func literal(_ text: String) -> String {
    let line = inline(text)
    return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  /// Without a full stop, on one line.
  static func phrase(_ text: String) -> String {
    let line = inline(text.split(whereSeparator: \.isNewline).joined(separator: " "))
    return line.hasSuffix(".") ? String(line.dropLast()) : line
  }

  /// Upper case at the start, a full stop at the end.
  static func sentence(_ text: String) -> String {
    guard !text.isEmpty else { return "" }
    let closed = text.hasSuffix(".") || text.hasSuffix("\n") ? text : text + "."
    return closed.prefix(1).uppercased() + closed.dropFirst()
  }

  /// Text in lines of at most 78 characters, a new line for each sentence.
  static func paragraph(_ text: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: { $0.isWhitespace }) {
      if !line.isEmpty && line.count + 1 + word.count > 78 {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
      if word.hasSuffix(".") || word.hasSuffix(":") {
        lines.append(line)
        line = ""
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map { literal($0) + "\n" }.joined()
  }

  /// `Fl o Ar file , Fl -output Ar file`; with `short` the first name alone.
  static func option(_ argument: CommandHelp.Argument, short: Bool = false) -> String {
    if argument.isPositional {
      return "Ar \(argument.valueName ?? "file")\(argument.isRepeating ? " ..." : "")"
    }
    let value = argument.kind == "option" ? " Ar " + (argument.valueName ?? "value") : ""
    let ordered = (argument.names ?? []).sorted { a, b in a.kind != "long" && b.kind == "long" }
    let names = short ? Array(ordered.prefix(1)) : ordered
    return names.map { "Fl \($0.text.dropFirst())\(value)" }.joined(separator: " , ")
  }

  /// Options that every command has; they come last.
  private static let common = [
    "--threads", "--verbose", "--quiet", "--no-provenance", "--cite", "--version", "--help",
  ]

  /// Operands, then options in the order of their definition, then those of every command.
  static func list(_ arguments: [CommandHelp.Argument]) -> String {
    var text = ".Bl -tag -width Ds\n"
    let options = arguments.filter { !$0.isPositional }
    let isCommon = { (argument: CommandHelp.Argument) in
      (argument.names ?? []).contains { common.contains($0.text) }
    }
    for argument in arguments.filter(\.isPositional) + options.filter({ !isCommon($0) })
      + options.filter(isCommon)
    {
      text += ".It \(option(argument))\n"
      var sentences = sentence(argument.abstract ?? "")
      if let discussion = argument.discussion, !discussion.isEmpty { sentences += " " + discussion }
      if let values = argument.allValues, !values.isEmpty {
        sentences += " One of " + values.joined(separator: ", ") + "."
      }
      if let value = argument.defaultValue, argument.kind != "flag", !value.isEmpty {
        sentences += " The default is \(value)."
      }
      text += paragraph(sentences)
    }
    return text + ".El\n"
  }
}
