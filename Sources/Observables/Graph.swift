/// A value during compilation: a node of the graph.
struct Value: Sendable, Equatable {
  var node: Int32
  var type: ValueType
}

/// The values of all expressions, each distinct one once.
///
/// Operands come before what uses them, so node numbers are an order of computation.
struct Graph {
  struct Key: Hashable {
    var operation: Operation
    var a: Int32 = -1
    var b: Int32 = -1
    var c: Int32 = -1
    var d: Int32 = -1
    var constant: UInt64 = 0
  }

  struct Node {
    var key: Key
    var type: ValueType
    var dimension: Dimension
    /// One bit for every depth of loop whose variable the value depends on.
    var loops: UInt8
    /// Needs nothing from the event.
    var isConstant: Bool

    /// The innermost loop the value belongs to; −1 is outside of all.
    var level: Int { 7 - loops.leadingZeroBitCount }
    var operands: [Int32] { [key.a, key.b, key.c, key.d].filter { $0 >= 0 } }
  }

  private(set) var nodes: [Node] = []
  private var known: [Key: Int32] = [:]

  subscript(value: Value) -> Node { nodes[Int(value.node)] }

  mutating func constant(_ value: Double, type: ValueType = .number) -> Value {
    insert(Key(operation: .constant, constant: value.bitPattern), type, .none, constant: true)
  }

  /// The number where the value is a constant of the text.
  func constant(of value: Value) -> Double? {
    guard case .constant = self[value].key.operation else { return nil }
    return Double(bitPattern: self[value].key.constant)
  }

  mutating func node(
    _ operation: Operation, _ operands: [Value] = [], type: ValueType, dimension: Dimension = .none
  ) -> Value {
    var key = Key(operation: operation)
    if operands.count > 0 { key.a = operands[0].node }
    if operands.count > 1 { key.b = operands[1].node }
    if operands.count > 2 { key.c = operands[2].node }
    if operands.count > 3 { key.d = operands[3].node }
    return insert(
      key, type, dimension,
      constant: !operands.isEmpty && operands.allSatisfy { self[$0].isConstant })
  }

  /// The particle that a loop over `list` at a depth runs through.
  mutating func variable(over list: Value, depth: Int) -> Value {
    var key = Key(operation: .variable)
    key.a = list.node
    key.d = Int32(depth)
    return insert(key, .particle, .none, constant: false, ownLoop: 1 << UInt8(depth))
  }

  mutating func reduce(
    _ reduction: Reduction, over list: Value, variable: Value, body: Value?, filter: Value?,
    type: ValueType, dimension: Dimension = .none
  ) -> Value {
    let key = Key(
      operation: .reduce(reduction), a: list.node, b: variable.node, c: body?.node ?? -1,
      d: filter?.node ?? -1)
    return insert(key, type, dimension, constant: false)
  }

  private mutating func insert(
    _ key: Key, _ type: ValueType, _ dimension: Dimension, constant: Bool, ownLoop: UInt8 = 0
  ) -> Value {
    var key = key
    // A truth and a number of one bit pattern are different values to the type checker only.
    if case .constant = key.operation { key.a = -1 - Int32(type.rawValue) }
    if let node = known[key] { return Value(node: node, type: type) }
    var loops = ownLoop
    switch key.operation {
    case .constant: break
    case .variable: loops |= nodes[Int(key.a)].loops
    case .reduce:
      for operand in [key.c, key.d] where operand >= 0 { loops |= nodes[Int(operand)].loops }
      let own = nodes[Int(key.b)]
      loops &= ~(1 << UInt8(own.key.d))
      loops |= nodes[Int(key.a)].loops
    default:
      for operand in [key.a, key.b, key.c, key.d] where operand >= 0 {
        loops |= nodes[Int(operand)].loops
      }
    }
    let number = Int32(nodes.count)
    nodes.append(
      Node(key: key, type: type, dimension: dimension, loops: loops, isConstant: constant))
    known[key] = number
    return Value(node: number, type: type)
  }
}
