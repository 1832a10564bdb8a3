import Diagnostics

/// A piece of an expression and the column (from 1, in characters) where it begins.
struct Token: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case number(Double)
    case name(String)
    /// An operator, a bracket or a comma.
    case symbol(String)
    case end
  }
  var kind: Kind
  var column: Int

  /// What an error message calls it.
  var text: String {
    switch kind {
    case .number(let value):
      "the number \(value == value.rounded() && value < 1e15 ? "\(Int(value))" : "\(value)")"
    case .name(let name): "'\(name)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end"
    }
  }
}

/// What is wrong in an expression, and where.
struct ExpressionError: Error {
  var fact: String
  var remedy: String?
  var column: Int

  init(_ fact: String, remedy: String? = nil, column: Int) {
    self.fact = fact
    self.remedy = remedy
    self.column = column
  }

  func problem(in expression: NamedExpression) -> Problem {
    Problem(
      .data, fact + " in '\(Self.shortened(expression.text, around: column))'", remedy: remedy,
      place: "\(expression.role) \(expression.name), column \(column)")
  }

  /// The part of a long text that an error is about.
  private static func shortened(_ text: String, around column: Int) -> String {
    let limit = 120
    guard text.count > limit else { return text }
    let start = min(max(0, column - limit / 2), text.count - limit)
    return (start > 0 ? "…" : "") + text.dropFirst(start).prefix(limit)
      + (start + limit < text.count ? "…" : "")
  }
}

/// Cuts an expression into tokens.
struct Lexer {
  /// Longest expression, in characters: bounds what a hostile file can ask for.
  static let lengthLimit = 10_000

  private let characters: [Character]
  private var position = 0

  static func tokens(_ text: String) throws(ExpressionError) -> [Token] {
    var lexer = Lexer(text)
    guard lexer.characters.count <= lengthLimit else {
      throw ExpressionError(
        "the expression is longer than \(lengthLimit) characters",
        remedy: "name its parts as observables of their own", column: 1)
    }
    var result: [Token] = []
    repeat { result.append(try lexer.next()) } while result.last?.kind != .end
    return result
  }

  private init(_ text: String) { characters = Array(text) }

  private func peek(_ ahead: Int = 0) -> Character? {
    position + ahead < characters.count ? characters[position + ahead] : nil
  }

  private mutating func next() throws(ExpressionError) -> Token {
    while let c = peek(), c == " " || c == "\t" || c.isNewline { position += 1 }
    let column = position + 1
    guard let c = peek() else { return Token(kind: .end, column: column) }
    if Self.isDigit(c) || c == "." && Self.isDigit(peek(1)) {
      return Token(kind: .number(try number()), column: column)
    }
    if Self.isNameStart(c) {
      let start = position
      while let c = peek(), Self.isNameStart(c) || Self.isDigit(c) { position += 1 }
      return Token(kind: .name(String(characters[start..<position])), column: column)
    }
    let two = String(characters[position..<min(position + 2, characters.count)])
    if ["**", "//", "<=", ">=", "==", "!="].contains(two) {
      position += 2
      return Token(kind: .symbol(two), column: column)
    }
    if "+-*/%@<>=()[],.:".contains(c) {
      position += 1
      return Token(kind: .symbol(String(c)), column: column)
    }
    throw ExpressionError("unexpected character '\(c)'", column: column)
  }

  private static func isDigit(_ c: Character?) -> Bool {
    guard let c else { return false }
    return c >= "0" && c <= "9"
  }
  private static func isNameStart(_ c: Character) -> Bool {
    c >= "a" && c <= "z" || c >= "A" && c <= "Z" || c == "_"
  }

  private mutating func number() throws(ExpressionError) -> Double {
    let start = position
    while Self.isDigit(peek()) { position += 1 }
    if peek() == "." {
      position += 1
      while Self.isDigit(peek()) { position += 1 }
    }
    if peek() == "e" || peek() == "E" {
      let signed = peek(1) == "+" || peek(1) == "-"
      if Self.isDigit(peek(signed ? 2 : 1)) {
        position += signed ? 2 : 1
        while Self.isDigit(peek()) { position += 1 }
      }
    }
    let text = String(characters[start..<position])
    // Swift's parser wants digits on both sides of the point, Python's not.
    let padded =
      (text.hasPrefix(".") ? "0" : "")
      + text.replacing(".e", with: ".0e")
      .replacing(".E", with: ".0E") + (text.hasSuffix(".") ? "0" : "")
    guard let value = Double(padded), value.isFinite else {
      throw ExpressionError("'\(text)' is not a finite number", column: start + 1)
    }
    if let c = peek(), Self.isNameStart(c) {
      throw ExpressionError("a name cannot begin with a digit", column: start + 1)
    }
    return value
  }
}
