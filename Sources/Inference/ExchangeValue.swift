/// A value of the formats that other programs read: JSON and YAML text, members in the order they were given.
public indirect enum ExchangeValue: Sendable, Equatable {
  case null
  case integer(Int)
  /// Finite; JSON has no word for anything else.
  case real(Double)
  case text(String)
  case list([ExchangeValue])
  case object([Member])

  public struct Member: Sendable, Equatable {
    public var name: String
    public var value: ExchangeValue
  }

  public static func fields(_ members: (String, ExchangeValue)...) -> ExchangeValue {
    .object(members.map { Member(name: $0.0, value: $0.1) })
  }
  public static func reals(_ values: some Sequence<Double>) -> ExchangeValue {
    .list(values.map { .real($0) })
  }
  public static func texts(_ values: [String]) -> ExchangeValue { .list(values.map { .text($0) }) }

  private var isScalar: Bool {
    switch self {
    case .list, .object: false
    default: true
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private var scalar: String {
    switch self {
    case .integer(let value): String(value)
    case .real(let value): value.isFinite ? value.description : "null"
    case .text(let text): Self.quoted(text)
    default: "null"
    }
  }

  // MARK: JSON

  /// JSON for people: two blanks a level, lists of scalars on one line.
  public var json: String { json(indent: 0) + "\n" }

  private func json(indent: Int) -> String {
    let margin = "\n" + String(repeating: "  ", count: indent + 1)
    let end = "\n" + String(repeating: "  ", count: indent)
    switch self {
    case .list(let values):
      if values.allSatisfy(\.isScalar) {
        return "[" + values.map(\.scalar).joined(separator: ", ") + "]"
      }
      return "[" + values.map { margin + $0.json(indent: indent + 1) }.joined(separator: ",") + end
        + "]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      return "{"
        + members.map {
          margin + Self.quoted($0.name) + ": " + $0.value.json(indent: indent + 1)
        }.joined(separator: ",") + end + "}"
    default: return scalar
    }
  }

  /// The text whose digest pyhf takes: sorted names, blanks after `,` and `:`, on one line.
  var canonicalJSON: String {
    switch self {
    case .list(let values): "[" + values.map(\.canonicalJSON).joined(separator: ", ") + "]"
    case .object(let members):
      "{"
        + members.sorted {
          $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars)
        }
        .map { Self.quoted($0.name) + ": " + $0.value.canonicalJSON }.joined(separator: ", ")
        + "}"
    default: scalar
    }
  }

  // MARK: YAML

  /// A YAML document without its `---`; texts are quoted as in JSON, which YAML understands.
  public var yaml: String { yaml(indent: 0) }

  private func yaml(indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    switch self {
    case .list(let values):
      return values.map { value in
        value.isFlow
          ? margin + "- " + value.flow + "\n"
          : margin + "- " + value.yaml(indent: indent + 2).dropFirst(indent + 2)
      }.joined()
    case .object(let members):
      return members.map { member in
        member.value.isFlow
          ? margin + member.name + ": " + member.value.flow + "\n"
          : margin + member.name + ":\n"
            + member.value.yaml(
              indent: { if case .list = member.value { indent } else { indent + 2 } }())
      }.joined()
    default: return margin + scalar + "\n"
    }
  }

  /// Scalars, and objects of scalars such as `{value: 1.0}`, stay on one line.
  private var isFlow: Bool {
    switch self {
    case .list(let values): values.allSatisfy(\.isScalar)
    case .object(let members):
      members.count <= 3
        && members.allSatisfy { member in
          if case .list = member.value { false } else { member.value.isFlow }
        }
    default: true
    }
  }

  private var flow: String {
    switch self {
    case .list(let values): "[" + values.map(\.flow).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { $0.name + ": " + $0.value.flow }.joined(separator: ", ") + "}"
    default: scalar
    }
  }
}

extension ExchangeValue: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
}
