// Loops over particles: reductions, selections and sorting.

extension Compiler {
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
    while take("if") {
      let column = current.column
      let condition = try truth(try binary(0), column)
      filter =
        filter.map { graph.node(.arithmetic(.and), [$0, condition], type: .truth) } ?? condition
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
        remedy: "write [x for x in ...], with [0].pt behind it for what one of them has",
        column: loop.bodyColumn)
    }
    guard let filter = loop.filter else { return loop.list }
    return graph.reduce(
      .filter, over: loop.list, variable: loop.variable, body: nil, filter: filter, type: .list)
  }

  mutating func overParticles(
    _ name: String, _ column: Int
  ) throws(ExpressionError) -> Value {
    let open = position
    try expect("(")
    if let value = try bracketed(name, column) { return value }
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
      let wanted = name == "prod" ? "number" : "condition"
      throw ExpressionError(
        "'\(name)' needs a \(wanted)",
        remedy: "write \(name)(\(wanted.uppercased()) for x in LIST)", column: x.column)
    }
    let variable = try enterLoop(over: list, name: "", column: column)
    leaveLoop()
    return try reduced(
      name,
      Loop(list: list, variable: variable, body: variable, bodyColumn: x.column, filter: nil),
      column)
  }

  /// `[BODY for ...]` or `[VALUE, VALUE ...]` as the only argument, as Python also writes it; nil for what is neither.
  private mutating func bracketed(
    _ name: String, _ column: Int
  ) throws(ExpressionError) -> Value? {
    guard isSymbol("["), name != "sorted", let end = positionOfClosing(from: position),
      tokens[end + 1].kind == .symbol(")")
    else { return nil }
    position += 1
    if let loop = try comprehension(closing: "]") {
      try expect(")")
      return try reduced(name, loop, column)
    }
    guard !isSymbol("]") else {
      throw ExpressionError("'\(name)' of nothing", column: current.column)
    }
    var values: [Argument] = []
    repeat {
      let column = current.column
      values.append((try expression(), column))
    } while take(",")
    try expect("]")
    try expect(")")
    return try folded(name, values, column)
  }

  /// The index of the token that closes the bracket at `start`.
  private func positionOfClosing(from start: Int) -> Int? {
    var brackets = 0
    for index in start..<tokens.count {
      switch tokens[index].kind {
      case .symbol("("), .symbol("["): brackets += 1
      case .symbol(")"), .symbol("]"):
        brackets -= 1
        if brackets == 0 { return index }
      default: break
      }
    }
    return nil
  }

  /// A reduction of values that are written out.
  private mutating func folded(
    _ name: String, _ values: [Argument], _ column: Int
  ) throws(ExpressionError) -> Value {
    if name == "len" { return graph.constant(Double(values.count)) }
    var result = values[0].value
    switch name {
    case "any", "all": result = try truth(result, values[0].column)
    case "sum": result = try numberOrVector(result, values[0].column)
    default: result = try number(result, values[0].column)
    }
    for (next, column) in values.dropFirst() {
      switch name {
      case "any": result = try operation("or", result, next, column)
      case "all": result = try operation("and", result, next, column)
      case "sum": result = try operation("+", result, next, column)
      case "prod": result = try arithmetic(.multiply, result, next, column)
      default:
        result = try arithmetic(
          name == "min" ? .minimum : .maximum, result, next, column, joined: true)
      }
    }
    return result
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
      reduction =
        switch name {
        case "sum": .sum
        case "prod": .product
        case "min": .minimum
        default: .maximum
        }
      body = try number(loop.body, loop.bodyColumn)
    }
    var unit = body.map { dimension($0) } ?? .none
    // GeV to the number of particles.
    if reduction == .product, unit != .none { unit = .unknown }
    return graph.reduce(
      reduction, over: loop.list, variable: loop.variable, body: body, filter: loop.filter,
      type: type, dimension: unit)
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
    var isFalling = name == "max"
    if name == "sorted", take(",") {
      for word in ["reverse", "="] { try expect(word) }
      isFalling = isWord("True")
      guard take("True") || take("False") else { throw unexpected("True or False") }
    }
    try expect(")")
    if isFalling { key = try negated(key, keyColumn) }
    let sorted = graph.reduce(
      .sort, over: list, variable: variable, body: key, filter: nil, type: .list)
    if name == "sorted" { return sorted }
    return graph.node(.element, [sorted, graph.constant(0)], type: .particle)
  }
}
