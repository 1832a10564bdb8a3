import Diagnostics
import EventModel
import Numerics

/// Expressions of the columns of a table, in the language of observables without the particles of the event: new columns,
/// cuts and efficiencies of events that were read before.
public struct ColumnExpressions: Sendable {
  /// New columns, each an expression or the name of a column.
  public let columns: [String]
  public let cuts: [String]
  public let efficiencies: [String]
  /// The columns of the table that are needed.
  public let inputs: [String]
  /// The columns that are not in the table as they are.
  private let computed: [String]
  private let program: Program
  private let available: [String]

  /// Compiles; throws a `.usage` problem naming the expression and what is wrong in it.
  /// - Parameter available: the columns of the table.
  public init(
    columns: [String], cuts: [String] = [], efficiencies: [String] = [], available: [String],
    file: String? = nil
  ) throws {
    var compiler = Compiler()
    compiler.knowsEvent = false
    for (i, name) in available.enumerated() {
      compiler.observables[name] = compiler.graph.node(.external(i), type: .number)
    }
    var outputs: [Value] = []
    var computed: [String] = []
    for text in columns where !available.contains(text) && !computed.contains(text) {
      if Self.isName(text) {
        throw Problem(
          .data, "there is no observable '\(text)'",
          remedy: "there are " + available.joined(separator: ", "), file: file)
      }
      outputs.append(
        try Self.usage { try compiler.numericValue(NamedExpression(name: text, text: text)) })
      computed.append(text)
    }
    for (i, text) in cuts.enumerated() {
      outputs.append(
        try Self.usage {
          try compiler.condition(NamedExpression(role: "cut", name: "\(i + 1)", text: text))
        })
    }
    for (i, text) in efficiencies.enumerated() {
      outputs.append(
        try Self.usage {
          try compiler.numericValue(
            NamedExpression(role: "efficiency", name: "\(i + 1)", text: text))
        })
    }
    program = Emitter.program(compiler.graph, outputs: outputs)
    var used = Set<Int>()
    for instruction in program.instructions {
      if case .external(let i) = instruction.operation { used.insert(i) }
    }
    for text in columns { if let i = available.firstIndex(of: text) { used.insert(i) } }
    inputs = used.sorted().map { available[$0] }
    (self.columns, self.cuts, self.efficiencies) = (columns, cuts, efficiencies)
    (self.computed, self.available) = (computed, available)
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
      && !(text.first?.isNumber ?? true)
  }

  private static func usage<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch var problem as Problem {
      problem.kind = .usage
      throw problem
    }
  }

  /// What the command line asks for and there is nothing to do.
  public var isTrivial: Bool { computed.isEmpty && cuts.isEmpty && efficiencies.isEmpty }

  /// The table with the new columns, without the rows that fail a cut (or where it is undefined), and with weights
  /// multiplied by the efficiencies.
  ///
  /// The sample table stays as it is: cross sections are after the cuts.
  /// - Parameter allowsNone: whether it is a result that no row is left, as it is of observed events.
  /// - Throws: `.data` naming the row of an efficiency that is negative, infinite or undefined; where no row is left.
  public func apply(
    to table: EventTable, file: String? = nil, allowsNone: Bool = false
  ) throws -> EventTable {
    guard !isTrivial else { return table }
    let evaluator = Evaluator(program)
    let event = ParticleEvent()
    let positions = available.map { table.observableNames.firstIndex(of: $0) }
    let width = table.observableNames.count
    var external = [Double](repeating: .nan, count: available.count)
    var values = computed.map { _ in [Double]() }
    var rows: [Int] = []
    var scales: [Double] = []
    for row in 0..<table.count {
      for (i, position) in positions.enumerated() {
        if let position { external[i] = table.observations[row * width + position] }
      }
      evaluator.external = external
      evaluator.evaluate(event)
      guard cuts.indices.allSatisfy({ evaluator.value(computed.count + $0) == 1 }) else {
        continue
      }
      var scale = 1.0
      for i in efficiencies.indices {
        let value = evaluator.value(computed.count + cuts.count + i)
        guard value >= 0, value.isFinite else {
          throw Problem(
            .data,
            "efficiency \(i + 1) is \(value.isNaN ? "undefined" : "\(value)") ('\(efficiencies[i])')",
            remedy: "it must be a number from 0 up in every event: use 'A if CONDITION else B'",
            file: file, place: "row \(table.fileRow(row) + 1)")
        }
        scale *= value
      }
      guard scale > 0 else { continue }
      rows.append(row)
      scales.append(scale)
      for i in computed.indices { values[i].append(evaluator.value(i)) }
    }
    guard allowsNone || !rows.isEmpty else {
      throw Problem(
        .data, "no event is left after the cuts", remedy: "loosen --cut", file: file)
    }
    var result =
      cuts.isEmpty && efficiencies.isEmpty ? table : table.selecting(rows, scales: scales)
    result.add(columns: Array(zip(computed, values)).map { (name: $0, values: $1) })
    return result
  }
}
