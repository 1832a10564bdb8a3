// Functions of numbers and vectors.

extension Compiler {
  mutating func call(_ name: String, column: Int) throws(ExpressionError) -> Value {
    switch name {
    case "sum", "prod", "min", "max", "any", "all", "len", "sorted":
      return try overParticles(name, column)
    case "abs":
      let x = try arguments(of: name, count: 1...1, column: column)[0]
      if isVector(x.value) { return try attribute("m", of: x.value, column) }
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
      // Numbers written out take the unit of the other components.
      let units = x.filter { graph.constant(of: $0) == nil }.map { dimension($0) }
      let unit = units.dropFirst().reduce(units.first ?? .none) { $0.joined(with: $1) }
      return graph.node(.makeVector, x, type: .vector, dimension: unit)
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
      case .truncate, .floor, .ceil, .round: dimension(x)
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
}
