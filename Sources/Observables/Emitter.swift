/// Turns the graph's values into a program.
struct Emitter {
  private let graph: Graph
  private var program = Program()
  /// Register of each node in the file of its type; −1 where none is given yet.
  private var registers: [Int32]

  init(_ graph: Graph) {
    self.graph = graph
    self.registers = [Int32](repeating: -1, count: graph.nodes.count)
  }

  static func program(_ graph: Graph, outputs: [Value]) -> Program {
    var emitter = Emitter(graph)
    let roots = outputs.map(\.node)
    let (constants, others) = emitter.body(of: roots, level: -1)
    for node in constants { emitter.emit(node) }
    emitter.program.prologueEnd = emitter.program.instructions.count
    for node in others { emitter.emit(node) }
    emitter.program.outputs = outputs.map {
      Program.Output(
        register: emitter.register($0.node), type: $0.type, unit: graph[$0].dimension.text)
    }
    return emitter.program
  }

  /// Nodes that belong to the loop at `level` and are needed for the roots, in order; constant ones apart.
  private func body(of roots: [Int32], level: Int) -> (constants: [Int32], others: [Int32]) {
    var seen = Set<Int32>()
    var pending = roots.filter { $0 >= 0 }
    var found: [Int32] = []
    while let number = pending.popLast() {
      let node = graph.nodes[Int(number)]
      guard node.level >= level, seen.insert(number).inserted else { continue }
      if node.level == level { found.append(number) }
      switch node.key.operation {
      case .constant: break
      // Its depth is no operand, and its list is computed before the loop.
      case .variable: if node.level > level { pending.append(node.key.a) }
      default: pending.append(contentsOf: node.operands)
      }
    }
    found.sort()
    return (
      found.filter { graph.nodes[Int($0)].isConstant },
      found.filter { !graph.nodes[Int($0)].isConstant }
    )
  }

  private mutating func register(_ number: Int32) -> Int32 {
    guard number >= 0 else { return -1 }
    if registers[Int(number)] >= 0 { return registers[Int(number)] }
    let node = graph.nodes[Int(number)]
    let next: Int
    switch node.type {
    case .number, .truth:
      next = program.numbers.count
      var initial = Double.nan
      if case .constant = node.key.operation { initial = Double(bitPattern: node.key.constant) }
      program.numbers.append(initial)
    case .vector:
      next = program.vectorCount
      program.vectorCount += 1
    case .particle:
      next = program.particleCount
      program.particleCount += 1
    case .list:
      next = program.listCount
      program.listCount += 1
    }
    registers[Int(number)] = Int32(next)
    return Int32(next)
  }

  private mutating func emit(_ number: Int32) {
    let node = graph.nodes[Int(number)]
    let key = node.key
    switch key.operation {
    case .constant, .variable:
      _ = register(number)
      return
    case .baseList(let list): program.usedLists |= 1 << UInt32(list.rawValue)
    case .met, .visible: program.usesVisible = true
    default: break
    }
    let position = program.instructions.count
    program.instructions.append(
      Instruction(
        operation: key.operation, result: register(number), a: register(key.a), b: register(key.b),
        c: register(key.c), d: register(key.d)))
    if case .reduce = key.operation {
      let variable = graph.nodes[Int(key.b)]
      let inner = body(of: [key.c, key.d], level: Int(variable.key.d))
      for node in inner.others { emit(node) }
    }
    program.instructions[position].end = Int32(program.instructions.count)
  }
}
