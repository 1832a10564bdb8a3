/// One step of a program: registers a, b, c, d to register `result`, in the register files the operation says.
struct Instruction: Sendable {
  var operation: Operation
  var result: Int32
  var a: Int32
  var b: Int32
  var c: Int32
  var d: Int32
  /// A loop's first instruction after its body.
  var end: Int32 = 0
}

/// An expression to compile, and what problems call it (`observable pt_l`).
public struct NamedExpression: Sendable, Equatable {
  public var name: String
  public var text: String
  /// `observable`, `cut` or `efficiency`.
  public var role: String
  public init(role: String = "observable", name: String, text: String) {
    self.role = role
    self.name = name
    self.text = text
  }
}

/// Expressions compiled together: what they have in common is computed once an event.
///
/// A straight line of register instructions with loops for comprehensions. Values are never lazy: an undefined value
/// is NaN (for particles: no index), propagates, and costs nothing special.
public struct Program: Sendable {
  /// Where the value of one compiled expression is.
  struct Output: Sendable {
    var register: Int32
    var type: ValueType
    var unit: String
  }

  var instructions: [Instruction] = []
  /// Instructions before this one need no event and run once.
  var prologueEnd = 0
  var outputs: [Output] = []
  /// Initial values of the number registers; constants keep theirs.
  var numbers: [Double] = []
  var vectorCount = 0
  var particleCount = 0
  var listCount = 0
  /// Base lists to be filled, one bit each.
  var usedLists: UInt32 = 0
  var usesVisible = false

  /// Expressions in the program.
  public var count: Int { outputs.count }

  /// The unit of an expression as far as it follows from its parts: `GeV`, `GeV^2`, `rad` or empty.
  public func unit(_ index: Int) -> String { outputs[index].unit }
}

extension Program {
  /// Compiles expressions into one program. Each is a number or true/false; throws a `Problem` (65) that names the
  /// expression and the column.
  public init(_ expressions: [NamedExpression]) throws {
    var compiler = Compiler()
    var outputs: [Value] = []
    for expression in expressions {
      outputs.append(try compiler.numericValue(expression))
    }
    self = Emitter.program(compiler.graph, outputs: outputs)
  }
}

extension Compiler {
  /// The value of an expression that must be a number or true/false.
  mutating func numericValue(_ expression: NamedExpression) throws -> Value {
    let value = try compile(expression)
    do {
      return try number(value, 1)
    } catch {
      throw error.problem(in: expression)
    }
  }
}
