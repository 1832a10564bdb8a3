// Attributes, methods and subscripts.

extension Compiler {
  mutating func attribute(
    _ name: String, of value: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    guard isVector(value) else {
      throw ExpressionError(
        "\(value.type.description) has no attribute '\(name)'",
        remedy: value.type == .list ? "take one of its particles with [0]" : nil, column: column)
    }
    if let (measure, dimension, type) = Vocabulary.particleMeasures[name] {
      if value.type == .particle {
        return graph.node(
          .particleMeasure(measure), [value], type: type, dimension: dimension)
      }
      if Vocabulary.measures[name] == nil {
        throw Self.onlyParticles(name, column)
      }
    }
    if let value = try recordAttribute(name, of: value, column) { return value }
    // Squares of transverse mass and energy.
    if name == "mt2" || name == "et2" {
      if name == "et2" {
        let et = try attribute("et", of: value, column)
        return try arithmetic(.multiply, et, et, column)
      }
      let (e, pz) = (try attribute("e", of: value, column), try attribute("pz", of: value, column))
      return try arithmetic(
        .subtract, try arithmetic(.multiply, e, e, column),
        try arithmetic(.multiply, pz, pz, column), column, joined: true)
    }
    if let (measure, dimension) = Vocabulary.measures[name] {
      let vector = try self.vector(value, column)
      let own = self.dimension(vector)
      let scaled =
        dimension.isAngle || dimension == .none
        ? dimension : own.raised(to: dimension.power)
      return graph.node(.measure(measure), [vector], type: .number, dimension: scaled)
    }
    if Vocabulary.methodNames.contains(name) {
      throw ExpressionError(
        "'\(name)' is a method", remedy: "write .\(name)(...)", column: column)
    }
    throw ExpressionError(
      "unknown attribute '\(name)'",
      remedy: Self.suggestion(
        for: name, among: Vocabulary.attributeNames + Array(Vocabulary.mothers.keys)),
      column: column)
  }

  /// Tags and mothers, which only particles have; nil where the name is none of them.
  private mutating func recordAttribute(
    _ name: String, of value: Value, _ column: Int
  ) throws(ExpressionError) -> Value? {
    let tag = Tag(name: name)
    let second = Vocabulary.mothers[name]
    guard tag != nil || second != nil else { return nil }
    guard value.type == .particle else { throw Self.onlyParticles(name, column) }
    if let tag { return graph.node(.tag(tag), [value], type: .truth) }
    return graph.node(.mother(second: second == true), [value], type: .particle)
  }

  private static func onlyParticles(_ name: String, _ column: Int) -> ExpressionError {
    ExpressionError(
      "only a particle of the event has '\(name)', not a four-vector", column: column)
  }

  typealias Argument = (value: Value, column: Int)

  /// `(` values `)`, with the count checked.
  mutating func arguments(
    of name: String, count allowed: ClosedRange<Int>, column: Int
  ) throws(ExpressionError) -> [Argument] {
    try expect("(")
    var result: [Argument] = []
    if !isSymbol(")") {
      repeat {
        let column = current.column
        if case .name(let word) = current.kind, tokens[position + 1].kind == .symbol("=") {
          throw ExpressionError(
            "'\(name)' takes no argument by name", remedy: "leave '\(word)=' away", column: column)
        }
        result.append((try expression(), column))
      } while take(",")
    }
    try expect(")")
    guard allowed.contains(result.count) else {
      let wanted =
        allowed.count == 1
        ? "\(allowed.lowerBound)"
        : allowed.upperBound > 100
          ? "at least \(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
      throw ExpressionError(
        "'\(name)' takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(result.count)",
        column: column)
    }
    return result
  }

  mutating func method(
    _ name: String, of value: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    guard isVector(value) else {
      throw ExpressionError(
        "\(value.type.description) has no method '\(name)'",
        remedy: value.type == .list ? "take one of its particles with [0]" : nil, column: column)
    }
    if let (measure, dimension) = Vocabulary.pairMeasures[name] {
      let other = try arguments(of: name, count: 1...1, column: column)[0]
      return try pair(
        measure, value, vector(other.value, other.column), column, dimension: dimension)
    }
    if name == "comes_from" {
      guard value.type == .particle else { throw Self.onlyParticles(name, column) }
      let id = try arguments(of: name, count: 1...1, column: column)[0]
      return graph.node(.comesFrom, [value, try number(id.value, id.column)], type: .truth)
    }
    let vector = try self.vector(value, column)
    if name == "boost" { return try boost(vector, column) }
    if name == "rotate_axis" {
      let given = try arguments(of: name, count: 2...2, column: column)
      return graph.node(
        .rotateAbout,
        [
          vector, try self.vector(given[0].value, given[0].column),
          try number(given[1].value, given[1].column),
        ], type: .vector, dimension: dimension(vector))
    }
    if let question = Vocabulary.questions[name] {
      _ = try arguments(of: name, count: 0...0, column: column)
      return graph.node(.measure(question), [vector], type: .truth)
    }
    if let (operation, argument) = Vocabulary.vectorMethods[name] {
      return try vectorMethod(name, operation, argument, of: vector, column)
    }
    if Vocabulary.attributeNames.contains(name) || Vocabulary.mothers[name] != nil {
      throw ExpressionError(
        "'\(name)' is an attribute, not a method", remedy: "write .\(name)", column: column)
    }
    throw ExpressionError(
      "unknown method '\(name)'",
      remedy: Self.suggestion(for: name, among: Vocabulary.methodNames), column: column)
  }

  private mutating func vectorMethod(
    _ name: String, _ operation: VectorOperation, _ argument: Vocabulary.Argument,
    of vector: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    let count = argument == .nothing ? 0 : 1
    let given = try arguments(of: name, count: count...count, column: column)
    var operands = [vector]
    switch argument {
    case .nothing: break
    case .vector: operands.append(try self.vector(given[0].value, given[0].column))
    case .number: operands.append(try number(given[0].value, given[0].column))
    }
    let own = dimension(vector)
    let result: Dimension =
      switch operation {
      case .unit: .none
      case .cross, .scale: own * dimension(operands[1])
      default: own
      }
    return graph.node(.vector(operation), operands, type: .vector, dimension: result)
  }

  /// `boost(q)` with the velocity of q, or `boost(bx, by, bz)`.
  private mutating func boost(_ vector: Value, _ column: Int) throws(ExpressionError) -> Value {
    let given = try arguments(of: "boost", count: 1...3, column: column)
    if given.count == 1 {
      let other = try self.vector(given[0].value, given[0].column)
      return graph.node(
        .vector(.boost), [vector, other], type: .vector, dimension: dimension(vector))
    }
    guard given.count == 3 else {
      throw ExpressionError(
        "'boost' takes a four-vector or three components of a velocity", column: column)
    }
    var operands = [vector]
    for argument in given { operands.append(try number(argument.value, argument.column)) }
    return graph.node(.boostBeta, operands, type: .vector, dimension: dimension(vector))
  }

  /// `[index]` gives a particle, `[from:to]` a list.
  mutating func subscripted(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    let list = try list(value, column)
    var from = graph.constant(0)
    if !isSymbol(":") {
      let start = current.column
      from = try number(try expression(), start)
      if take("]") { return graph.node(.element, [list, from], type: .particle) }
    }
    guard take(":") else { throw unexpected("']'") }
    var to = graph.constant(.infinity)
    if !isSymbol("]") {
      let start = current.column
      to = try number(try expression(), start)
    }
    try expect("]")
    return graph.node(.slice, [list, from, to], type: .list)
  }
}
