// Functions, and the loops over particles inside them.

extension Compiler {
  mutating func call(_ name: String, column: Int) throws(ExpressionError) -> Value {
    switch name {
    case "sum", "min", "max", "any", "all", "len", "sorted":
      return try overParticles(name, column)
    case "abs":
      let x = try arguments(of: name, count: 1...1, column: column)[0]
      if isVector(x.value) { return try attribute("m", of: try vector(x.value, x.column), column) }
      let value = try number(x.value, x.column)
      return try function(.abs, of: value, dimension: dimension(value))
    case "float":
      let x = try arguments(of: name, count: 1...1, column: column)[0]
      return try number(x.value, x.column)
    case "log":
      let x = try numbers(of: name, count: 1...2, column: column)
      let log = try function(.log, of: x[0])
      guard x.count == 2 else { return log }
      return try arithmetic(.divide, log, try function(.log, of: x[1]), column)
    case "pow":
      let x = try numbers(of: name, count: 2...2, column: column)
      return try power(x[0], x[1], column)
    case "atan2", "hypot":
      let x = try numbers(of: name, count: 2...2, column: column)
      return graph.node(
        .arithmetic(name == "hypot" ? .hypot : .atan2), x, type: .number,
        dimension: name == "hypot" ? dimension(x[0]).joined(with: dimension(x[1])) : .angle)
    case "vector":
      let x = try numbers(of: name, count: 4...4, column: column)
      return graph.node(.makeVector, x, type: .vector, dimension: dimension(x[3]))
    case "defined":
      return try defined(arguments(of: name, count: 1...1, column: column)[0])
    default:
      return try functionOfOneNumber(name, column)
    }
  }

  private mutating func functionOfOneNumber(
    _ name: String, _ column: Int
  ) throws(ExpressionError) -> Value {
    guard let (function, type) = Vocabulary.functions[name] else {
      throw ExpressionError(
        Vocabulary.isReserved(name) ? "'\(name)' is not a function" : "unknown function '\(name)'",
        remedy: Self.suggestion(for: name, among: Vocabulary.functionNames), column: column)
    }
    let x = try numbers(of: name, count: 1...1, column: column)[0]
    let result: Dimension =
      switch function {
      case .sqrt: dimension(x).raised(to: 0.5)
      case .truncate, .floor, .ceil: dimension(x)
      case .asin, .acos, .atan: .angle
      default: .none
      }
    return try self.function(function, of: x, type: type, dimension: result)
  }

  private mutating func numbers(
    of name: String, count: ClosedRange<Int>, column: Int
  ) throws(ExpressionError) -> [Value] {
    var result: [Value] = []
    for argument in try arguments(of: name, count: count, column: column) {
      result.append(try number(argument.value, argument.column))
    }
    return result
  }

  private mutating func defined(_ x: Argument) throws(ExpressionError) -> Value {
    let value =
      isVector(x.value) ? try attribute("e", of: x.value, x.column) : try number(x.value, x.column)
    return try function(.isDefined, of: value, type: .truth)
  }

  // MARK: Loops

  /// `BODY for NAME in LIST [if CONDITION]`, or a list with its particle as the body.
  struct Loop {
    var list: Value
    var variable: Value
    var body: Value
    var bodyColumn: Int
    var filter: Value?
  }

  /// Where the `for` of a comprehension is, if the bracket just opened holds one.
  private func positionOfFor() -> Int? {
    var brackets = 0
    for index in position..<tokens.count {
      switch tokens[index].kind {
      case .symbol("("), .symbol("["): brackets += 1
      case .symbol(")"), .symbol("]"):
        brackets -= 1
        if brackets < 0 { return nil }
      case .name("for") where brackets == 0: return index
      default: break
      }
    }
    return nil
  }

  private mutating func enterLoop(
    over list: Value, name: String, column: Int
  ) throws(ExpressionError) -> Value {
    guard loopDepth < Self.loopLimit else {
      throw ExpressionError("more than \(Self.loopLimit) loops inside each other", column: column)
    }
    let variable = graph.variable(over: list, depth: loopDepth)
    loopDepth += 1
    locals.append((name, variable))
    return variable
  }

  private mutating func leaveLoop() {
    loopDepth -= 1
    locals.removeLast()
  }

  /// The body stands before the name it uses: the tail is read first.
  private mutating func comprehension(
    closing: String
  ) throws(ExpressionError) -> Loop? {
    guard let tail = positionOfFor() else { return nil }
    let (start, column) = (position, current.column)
    position = tail + 1
    let name = try newName()
    try expect("in")
    let listColumn = current.column
    let list = try list(try binary(0), listColumn)
    let variable = try enterLoop(over: list, name: name, column: tokens[tail].column)
    var filter: Value?
    if take("if") {
      let column = current.column
      filter = try truth(try binary(0), column)
    }
    guard isSymbol(closing) else { throw unexpected("'\(closing)'") }
    let end = position + 1
    position = start
    let body = try expression()
    guard position == tail else { throw unexpected("'for'") }
    position = end
    leaveLoop()
    return Loop(list: list, variable: variable, body: body, bodyColumn: column, filter: filter)
  }

  /// `[x for x in LIST if CONDITION]`
  mutating func selectedList() throws(ExpressionError) -> Value {
    let column = current.column
    guard let loop = try comprehension(closing: "]") else {
      throw ExpressionError(
        "a list is written [x for x in LIST if CONDITION]", column: column)
    }
    guard loop.body == loop.variable else {
      throw ExpressionError(
        "only the particles themselves can be selected into a list",
        remedy: "write [x for x in ...]", column: loop.bodyColumn)
    }
    guard let filter = loop.filter else { return loop.list }
    return graph.reduce(
      .filter, over: loop.list, variable: loop.variable, body: nil, filter: filter, type: .list)
  }

  private mutating func overParticles(
    _ name: String, _ column: Int
  ) throws(ExpressionError) -> Value {
    let open = position
    try expect("(")
    if let loop = try comprehension(closing: ")") {
      return try reduced(name, loop, column)
    }
    position = open
    if name == "min" || name == "max" || name == "sorted" {
      return try extremeOrSorted(name, column)
    }
    let x = try arguments(of: name, count: 1...1, column: column)[0]
    let list = try list(x.value, x.column)
    if name == "len" { return graph.node(.length, [list], type: .number) }
    guard name == "sum" else {
      throw ExpressionError(
        "'\(name)' needs a condition", remedy: "write \(name)(CONDITION for x in LIST)",
        column: x.column)
    }
    let variable = try enterLoop(over: list, name: "", column: column)
    leaveLoop()
    return try reduced(
      name,
      Loop(list: list, variable: variable, body: variable, bodyColumn: x.column, filter: nil),
      column)
  }

  private mutating func reduced(
    _ name: String, _ loop: Loop, _ column: Int
  ) throws(ExpressionError) -> Value {
    var body: Value?
    let reduction: Reduction
    var type = ValueType.number
    switch name {
    case "len":
      reduction = .count
      guard loop.filter != nil else { return graph.node(.length, [loop.list], type: .number) }
    case "any", "all":
      (reduction, type) = (name == "any" ? .any : .all, .truth)
      body = try truth(loop.body, loop.bodyColumn)
    case "sorted":
      throw ExpressionError(
        "'sorted' takes a list and a key", remedy: "write sorted(LIST, key=lambda x: ...)",
        column: column)
    case "sum" where isVector(loop.body):
      (reduction, type) = (.vectorSum, .vector)
      body = try vector(loop.body, loop.bodyColumn)
    default:
      reduction = name == "sum" ? .sum : name == "min" ? .minimum : .maximum
      body = try number(loop.body, loop.bodyColumn)
    }
    return graph.reduce(
      reduction, over: loop.list, variable: loop.variable, body: body, filter: loop.filter,
      type: type, dimension: body.map { dimension($0) } ?? .none)
  }

  /// `sorted(LIST, key=lambda x: KEY)` by rising key; `min` and `max` of a list with a key are its first and the
  /// one with the largest key; without a list they are of numbers.
  private mutating func extremeOrSorted(
    _ name: String, _ column: Int
  ) throws(ExpressionError) -> Value {
    try expect("(")
    let listColumn = current.column
    let first = try expression()
    if first.type != .list, name != "sorted" {
      var result = try number(first, listColumn)
      while take(",") {
        let next = try expression()
        result = try arithmetic(
          name == "min" ? .minimum : .maximum, result, next, column, joined: true)
      }
      try expect(")")
      return result
    }
    let list = try list(first, listColumn)
    guard take(",") else {
      throw ExpressionError(
        "'\(name)' of a list needs a key", remedy: "write \(name)(LIST, key=lambda x: ...)",
        column: current.column)
    }
    for word in ["key", "=", "lambda"] { try expect(word) }
    let variable = try enterLoop(over: list, name: try newName(), column: column)
    try expect(":")
    let keyColumn = current.column
    var key = try number(try expression(), keyColumn)
    leaveLoop()
    try expect(")")
    if name == "max" { key = try negated(key, keyColumn) }
    let sorted = graph.reduce(
      .sort, over: list, variable: variable, body: key, filter: nil, type: .list)
    if name == "sorted" { return sorted }
    return graph.node(.element, [sorted, graph.constant(0)], type: .particle)
  }
}
