// Types of operands, and the nodes that operators make.

extension Compiler {
  func mismatch(_ value: Value, _ wanted: String, _ column: Int) -> ExpressionError {
    let remedy: String? =
      switch value.type {
      case .list: "take one with [0], or len, sum, max ... of all"
      case .particle, .vector: "take one of its attributes, such as .pt"
      case .number where wanted == ValueType.truth.description: "compare it with something"
      default: nil
      }
    return ExpressionError(
      "\(wanted) expected, not \(value.type.description)", remedy: remedy, column: column)
  }

  /// A number; true and false count as 1 and 0.
  func number(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    guard value.type == .number || value.type == .truth else {
      throw mismatch(value, ValueType.number.description, column)
    }
    return Value(node: value.node, type: .number)
  }

  func truth(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    guard value.type == .truth else { throw mismatch(value, ValueType.truth.description, column) }
    return value
  }

  func list(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    guard value.type == .list else { throw mismatch(value, ValueType.list.description, column) }
    return value
  }

  /// A four-vector; a particle gives its momentum.
  mutating func vector(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    switch value.type {
    case .vector: return value
    case .particle:
      return graph.node(.momentum, [value], type: .vector, dimension: .energy)
    default: throw mismatch(value, ValueType.vector.description, column)
    }
  }

  func isVector(_ value: Value) -> Bool { value.type == .vector || value.type == .particle }

  mutating func numberOrVector(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    isVector(value) ? try vector(value, column) : try number(value, column)
  }

  func dimension(_ value: Value) -> Dimension { graph[value].dimension }

  /// The common dimension; constants take that of the other.
  private func joined(_ a: Value, _ b: Value) -> Dimension {
    if graph.constant(of: a) != nil { return dimension(b) }
    if graph.constant(of: b) != nil { return dimension(a) }
    return dimension(a).joined(with: dimension(b))
  }

  mutating func function(
    _ function: Function, of value: Value, type: ValueType = .number, dimension: Dimension = .none
  ) throws(ExpressionError) -> Value {
    graph.node(.function(function), [value], type: type, dimension: dimension)
  }

  mutating func negated(_ value: Value, _ column: Int) throws(ExpressionError) -> Value {
    let value = try numberOrVector(value, column)
    if value.type == .vector {
      return graph.node(
        .vector(.negate), [value], type: .vector, dimension: dimension(value))
    }
    if let constant = graph.constant(of: value) { return graph.constant(-constant) }
    return try function(.negate, of: value, dimension: dimension(value))
  }

  mutating func power(
    _ base: Value, _ exponent: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    let base = try number(base, column)
    let exponent = try number(exponent, column)
    let constant = graph.constant(of: exponent)
    let result = dimension(base).raised(to: constant)
    // The square is what people write; multiplication is exact and fast.
    let operation: Arithmetic = constant == 2 ? .multiply : .power
    return graph.node(
      .arithmetic(operation), [base, constant == 2 ? base : exponent], type: .number,
      dimension: result)
  }

  mutating func operation(
    _ name: String, _ a: Value, _ b: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    switch name {
    case "or", "and":
      let (a, b) = (try truth(a, column), try truth(b, column))
      return graph.node(.arithmetic(name == "or" ? .or : .and), [a, b], type: .truth)
    case "@":
      return try pair(.dot, a, b, column)
    case "+", "-":
      if isVector(a) || isVector(b) {
        let (a, b) = (try vector(a, column), try vector(b, column))
        return graph.node(
          .vector(name == "+" ? .add : .subtract), [a, b], type: .vector, dimension: joined(a, b))
      }
      return try arithmetic(name == "+" ? .add : .subtract, a, b, column, joined: true)
    case "*":
      if isVector(a) || isVector(b) {
        let (v, f) = isVector(a) ? (a, b) : (b, a)
        return try scaled(.scale, v, f, column)
      }
      return try arithmetic(.multiply, a, b, column)
    case "/":
      return isVector(a)
        ? try scaled(.divide, a, b, column) : try arithmetic(.divide, a, b, column)
    case "//": return try arithmetic(.floorDivide, a, b, column)
    default: return try arithmetic(.remainder, a, b, column, joined: true)
    }
  }

  private mutating func scaled(
    _ operation: VectorOperation, _ vector: Value, _ factor: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    guard !isVector(factor) else {
      throw ExpressionError(
        "a four-vector cannot be multiplied or divided by another", remedy: "use .dot(...)",
        column: column)
    }
    let (v, f) = (try self.vector(vector, column), try number(factor, column))
    let result =
      operation == .scale ? dimension(v) * dimension(f) : dimension(v) / dimension(f)
    return graph.node(.vector(operation), [v, f], type: .vector, dimension: result)
  }

  mutating func arithmetic(
    _ operation: Arithmetic, _ a: Value, _ b: Value, _ column: Int, joined: Bool = false
  ) throws(ExpressionError) -> Value {
    let (a, b) = (try number(a, column), try number(b, column))
    let result: Dimension =
      joined
      ? self.joined(a, b)
      : operation == .multiply ? dimension(a) * dimension(b) : dimension(a) / dimension(b)
    return graph.node(.arithmetic(operation), [a, b], type: .number, dimension: result)
  }

  mutating func comparison(
    _ name: String, _ a: Value, _ b: Value, _ column: Int
  ) throws(ExpressionError) -> Value {
    if (name == "==" || name == "!="), isVector(a), isVector(b) {
      let (a, b) = (try vector(a, column), try vector(b, column))
      let equal = graph.node(.pairMeasure(.equal), [a, b], type: .truth)
      return name == "==" ? equal : try function(.not, of: equal, type: .truth)
    }
    let operation: Arithmetic =
      switch name {
      case "<": .less
      case "<=": .lessEqual
      case ">": .greater
      case ">=": .greaterEqual
      case "==": .equal
      default: .notEqual
      }
    return graph.node(
      .arithmetic(operation), [try number(a, column), try number(b, column)], type: .truth)
  }

  mutating func conditional(
    _ a: Value, _ condition: Value, _ b: Value, column: Int
  ) throws(ExpressionError) -> Value {
    let condition = try truth(condition, column)
    var (a, b) = (a, b)
    if a.type != b.type {
      if isVector(a), isVector(b) {
        (a, b) = (try vector(a, column), try vector(b, column))
      } else if !isVector(a), !isVector(b), a.type != .list, b.type != .list {
        (a, b) = (try number(a, column), try number(b, column))
      } else {
        throw ExpressionError(
          "the two sides of a conditional are \(a.type.description) and \(b.type.description)",
          column: column)
      }
    }
    return graph.node(
      .select(a.type), [a, b, condition], type: a.type, dimension: joined(a, b))
  }

  mutating func pair(
    _ measure: PairMeasure, _ a: Value, _ b: Value, _ column: Int, dimension: Dimension = .none
  ) throws(ExpressionError) -> Value {
    let (a, b) = (try vector(a, column), try vector(b, column))
    let result =
      measure == .dot || measure == .dot3 ? self.dimension(a) * self.dimension(b) : dimension
    return graph.node(.pairMeasure(measure), [a, b], type: .number, dimension: result)
  }
}
