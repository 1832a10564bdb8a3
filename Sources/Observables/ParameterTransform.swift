import Diagnostics
import EventModel

/// The expression in `theta` that gives a parameter's value on the generator's card (`transform` in analysis.yaml).
///
/// The language is that of observables, without the event.
public struct ParameterTransform: Sendable {
  private let program: Program

  /// Compiles; throws a `Problem` (65) naming the parameter and the column.
  public init(parameter: String, text: String) throws {
    var compiler = Compiler()
    compiler.knowsEvent = false
    // The one number that changes between evaluations travels in the event's scale.
    compiler.observables["theta"] = compiler.graph.node(.header(.scale), type: .number)
    let expression = NamedExpression(role: "transform of", name: parameter, text: text)
    let value = try compiler.numericValue(expression)
    program = Emitter.program(compiler.graph, outputs: [value])
  }

  /// The card's value; NaN where the expression has none.
  public func callAsFunction(_ theta: Double) -> Double {
    let evaluator = Evaluator(program)
    var event = ParticleEvent()
    event.scale = theta
    evaluator.evaluate(event)
    return evaluator.value(0)
  }
}
