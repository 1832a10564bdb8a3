import Diagnostics

/// Reads expressions and builds their graph: one pass over the tokens, types checked on the way.
///
/// The grammar, loosest binding first (observables(7)):
///
///     expression  = 'let' name '=' expression {',' name '=' expression} 'in' expression
///                 | disjunction ['if' disjunction 'else' expression]
///     disjunction = operators 'or', 'and', 'not', comparisons, 'in (' values ')', + −, * / // % @, unary −, **, in Python's order
///     postfix     = primary {'.' attribute ['(' arguments ')'] | '[' index or slice ']'}
///     primary     = number | name | function '(' arguments ')' | '(' expression ')'
///                 | '[' name 'for' name 'in' list 'if' condition ']'
struct Compiler {
  /// Nested brackets, conditionals and operators: bounds the depth of the stack.
  static let depthLimit = 64
  /// Loops inside loops: bounds the time of an event.
  static let loopLimit = 4

  var graph = Graph()
  /// Observables that may be named, and their values.
  var observables: [String: Value] = [:]

  /// False for expressions of parameters: only numbers are known.
  var knowsEvent = true

  var tokens: [Token] = []
  var position = 0
  var depth = 0
  /// Tokens `in` that belong to no `let` or `for`.
  private var memberships: Set<Int> = []
  /// Local names, innermost last.
  var locals: [(name: String, value: Value)] = []
  /// Variables of the loops around.
  var loopDepth = 0

  /// The value of an expression; throws a `Problem` with the column of what is wrong.
  mutating func compile(_ expression: NamedExpression) throws -> Value {
    do {
      tokens = try Lexer.tokens(expression.text)
      (position, depth, loopDepth) = (0, 0, 0)
      memberships = Self.memberships(tokens)
      locals = []
      if tokens.count == 1 { throw ExpressionError("nothing to compute", column: 1) }
      let value = try self.expression()
      guard current.kind == .end else { throw unexpected("an operator") }
      return value
    } catch let error as ExpressionError {
      throw error.problem(in: expression)
    }
  }

  /// A `let` or `for` owns the first `in` after it that is in the same brackets.
  private static func memberships(_ tokens: [Token]) -> Set<Int> {
    var result: Set<Int> = []
    var owners = [0]
    for (i, token) in tokens.enumerated() {
      switch token.kind {
      case .symbol("("), .symbol("["): owners.append(0)
      case .symbol(")"), .symbol("]"): if owners.count > 1 { owners.removeLast() }
      case .name("let"), .name("for"): owners[owners.count - 1] += 1
      case .name("in"):
        if owners[owners.count - 1] > 0 {
          owners[owners.count - 1] -= 1
        } else {
          result.insert(i)
        }
      default: break
      }
    }
    return result
  }

  // MARK: Tokens

  var current: Token { tokens[position] }

  func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
  func isWord(_ word: String) -> Bool { current.kind == .name(word) }

  mutating func take(_ symbol: String) -> Bool {
    guard isSymbol(symbol) || isWord(symbol) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ symbol: String) throws(ExpressionError) {
    guard take(symbol) else { throw unexpected("'\(symbol)'") }
  }

  func unexpected(_ wanted: String) -> ExpressionError {
    ExpressionError("\(wanted) expected, not \(current.text)", column: current.column)
  }

  /// A new name for `let`, `for` or `lambda`; objects and observables are never shadowed.
  mutating func newName() throws(ExpressionError) -> String {
    guard case .name(let name) = current.kind else { throw unexpected("a name") }
    let used =
      Vocabulary.isReserved(name)
      ? "a word of the language"
      : observables[name] != nil
        ? "an observable"
        : locals.contains { $0.name == name } ? "a local name" : nil
    if let used {
      throw ExpressionError(
        "'\(name)' is already \(used)", remedy: "choose another name", column: current.column)
    }
    position += 1
    return name
  }

  mutating func deeper<T>(
    _ body: (inout Compiler) throws(ExpressionError) -> T
  ) throws(ExpressionError) -> T {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw ExpressionError(
        "nested more than \(Self.depthLimit) deep", remedy: "name its parts with 'let'",
        column: current.column)
    }
    let result = try body(&self)
    depth -= 1
    return result
  }

  // MARK: Grammar

  mutating func expression() throws(ExpressionError) -> Value {
    try deeper { c throws(ExpressionError) in
      if c.take("let") { return try c.definitions() }
      let value = try c.binary(0)
      guard c.isWord("if") else { return value }
      let column = c.current.column
      c.position += 1
      let condition = try c.binary(0)
      try c.expect("else")
      let other = try c.expression()
      return try c.conditional(value, condition, other, column: column)
    }
  }

  private mutating func definitions() throws(ExpressionError) -> Value {
    let before = locals.count
    repeat {
      let name = try newName()
      try expect("=")
      locals.append((name, try expression()))
    } while take(",")
    try expect("in")
    let value = try expression()
    locals.removeSubrange(before...)
    return value
  }

  private static let levels: [[String]] = [
    ["or"], ["and"], ["not"], ["<", "<=", ">", ">=", "==", "!="], ["+", "-"],
    ["*", "/", "//", "%", "@"],
  ]

  private func operatorName(at level: Int) -> String? {
    switch current.kind {
    case .symbol(let name), .name(let name): Self.levels[level].contains(name) ? name : nil
    default: nil
    }
  }

  /// Operators of a level and tighter ones; each level is left-associative but comparisons, which are chained.
  mutating func binary(_ level: Int) throws(ExpressionError) -> Value {
    if level == Self.levels.count { return try unary() }
    if Self.levels[level] == ["not"] {
      guard isWord("not") else { return try binary(level + 1) }
      let column = current.column
      position += 1
      let value = try deeper { c throws(ExpressionError) in try c.binary(level) }
      return try function(.not, of: try truth(value, column), type: .truth)
    }
    var value = try binary(level + 1)
    var chain: Value?
    var previous = value
    if Self.levels[level].contains("<"), let member = try membership(of: value) { return member }
    while let name = operatorName(at: level) {
      let column = current.column
      position += 1
      let right = try binary(level + 1)
      if Self.levels[level].contains("<") {
        let link = try comparison(name, previous, right, column)
        if let before = chain {
          chain = graph.node(.arithmetic(.and), [before, link], type: .truth)
        } else {
          chain = link
        }
        previous = right
      } else {
        value = try operation(name, value, right, column)
      }
    }
    return chain ?? value
  }

  /// `in (A, B)` and `not in (A, B)` after a value: whether it is one of those written out; nil where neither stands there.
  private mutating func membership(of value: Value) throws(ExpressionError) -> Value? {
    let isNegated = isWord("not") && tokens[position + 1].kind == .name("in")
    guard isNegated || memberships.contains(position) else { return nil }
    let column = current.column
    position += isNegated ? 2 : 1
    guard isSymbol("(") || isSymbol("[") else {
      throw ExpressionError(
        "'in' needs its values written out",
        remedy: "write 'x in (5, -5)', or any(... for y in LIST)",
        column: current.column)
    }
    let closing = isSymbol("(") ? ")" : "]"
    position += 1
    var result: Value?
    repeat {
      // As in Python a comma may stand after the last one.
      if result != nil, isSymbol(closing) { break }
      let equal = try comparison("==", value, try expression(), column)
      if let one = result {
        result = graph.node(.arithmetic(.or), [one, equal], type: .truth)
      } else {
        result = equal
      }
    } while take(",")
    try expect(closing)
    guard let result else { throw unexpected("a value") }
    return isNegated ? try function(.not, of: result, type: .truth) : result
  }

  private mutating func unary() throws(ExpressionError) -> Value {
    if isSymbol("-") || isSymbol("+") {
      let minus = isSymbol("-")
      let column = current.column
      position += 1
      let value = try deeper { c throws(ExpressionError) in try c.unary() }
      return minus ? try negated(value, column) : try numberOrVector(value, column)
    }
    let base = try postfix()
    guard isSymbol("**") else { return base }
    let column = current.column
    position += 1
    let exponent = try deeper { c throws(ExpressionError) in try c.unary() }
    return try power(base, exponent, column)
  }

  private mutating func postfix() throws(ExpressionError) -> Value {
    var value = try primary()
    while true {
      if take(".") {
        guard case .name(let name) = current.kind else { throw unexpected("an attribute") }
        let column = current.column
        position += 1
        value =
          isSymbol("(")
          ? try method(name, of: value, column) : try attribute(name, of: value, column)
      } else if isSymbol("[") {
        let column = current.column
        position += 1
        value = try subscripted(value, column)
      } else {
        return value
      }
    }
  }

  private mutating func primary() throws(ExpressionError) -> Value {
    let token = current
    switch token.kind {
    case .number(let value):
      position += 1
      return graph.constant(value)
    case .symbol("("):
      position += 1
      let value = try expression()
      if isSymbol(",") {
        throw ExpressionError(
          "there are no tuples",
          remedy: "'sum([a, b])', 'max(a, b)' and 'x in (a, b)' take several values",
          column: current.column)
      }
      try expect(")")
      return value
    case .symbol("["):
      position += 1
      return try selectedList()
    case .name(let name) where !Vocabulary.keywords.contains(name):
      position += 1
      return isSymbol("(")
        ? try call(name, column: token.column) : try named(name, column: token.column)
    default:
      throw unexpected("a value")
    }
  }

  /// A local name, an object of the event or an observable defined before.
  private mutating func named(_ name: String, column: Int) throws(ExpressionError) -> Value {
    if let local = locals.last(where: { $0.name == name }) { return local.value }
    var object: Value?
    if let meaning = Vocabulary.objects[name], knowsEvent || meaning.isConstant {
      object = self.object(for: meaning)
    }
    if let object, let observable = observables[name], object.type == observable.type,
      object != observable
    {
      throw ExpressionError(
        "'\(name)' is an object of the event and an observable",
        remedy: "give the observable another name", column: column)
    }
    if let value = object ?? observables[name] { return value }
    let objects = Vocabulary.objects.filter { knowsEvent || $0.value.isConstant }.keys
    let known = Array(objects) + Array(observables.keys) + locals.map(\.name)
    if Vocabulary.functionNames.contains(name) {
      throw ExpressionError(
        "'\(name)' is a function", remedy: "write \(name)(...)", column: column)
    }
    throw ExpressionError(
      "unknown name '\(name)'", remedy: Self.suggestion(for: name, among: known), column: column)
  }

  static func suggestion(for name: String, among known: [String]) -> String {
    if let nearest = Vocabulary.nearest(to: name, in: known) { return "did you mean '\(nearest)'" }
    return "known are " + known.sorted().joined(separator: " ")
  }

  private mutating func object(for object: Vocabulary.Object) -> Value {
    switch object {
    case .list(let list): graph.node(.baseList(list), type: .list)
    case .met: graph.node(.met, type: .vector, dimension: .energy)
    case .visible: graph.node(.visible, type: .vector, dimension: .energy)
    case .everything:
      graph.node(
        .vector(.add),
        [
          graph.node(.visible, type: .vector, dimension: .energy),
          graph.node(.met, type: .vector, dimension: .energy),
        ], type: .vector, dimension: .energy)
    case .header(let value):
      graph.node(.header(value), type: .number, dimension: value == .scale ? .energy : .none)
    case .number(let value): graph.constant(value)
    case .truth(let value): graph.constant(value ? 1 : 0, type: .truth)
    }
  }
}
