import Diagnostics
import EventModel

/// What is computed for each event and which events are kept: observables, cuts and efficiencies, compiled together.
///
/// Observables see the observables before them by name, cuts and efficiencies see all of them; the name stands for the
/// value in the column, so with `on-undefined: 0` it is 0. Objects of the event are never shadowed.
public struct Selection: Sendable {
  /// With units filled in where they follow from the expression.
  public let observables: [Observable]
  public let cuts: [String]
  public let efficiencies: [String]
  /// Smearing and tags; nil leaves the particles as they are in the file.
  public let detector: DetectorModel?
  let program: Program

  /// Compiles; throws a `Problem` (65) naming the expression and the column.
  ///
  /// Observables without an expression whose names are in `external` are values that come with each event, in that order.
  public init(
    observables: [Observable], cuts: [String] = [], efficiencies: [String] = [],
    smearing: Smearing = Smearing(), tags: [Tagging] = [], external: [String] = []
  ) throws {
    detector = try DetectorModel(smearing, tags)
    var compiler = Compiler()
    var outputs: [Value] = []
    var named = Set<String>()
    for observable in observables {
      guard named.insert(observable.name).inserted else {
        throw Problem(
          .data, "there are two observables '\(observable.name)'", remedy: "rename one")
      }
      let value = try Self.compile(observable, external, &compiler)
      compiler.observables[observable.name] = value
      outputs.append(value)
    }
    for (role, texts) in [("cut", cuts), ("efficiency", efficiencies)] {
      for (i, text) in texts.enumerated() {
        let expression = NamedExpression(role: role, name: "\(i + 1)", text: text)
        outputs.append(
          role == "cut"
            ? try compiler.condition(expression) : try compiler.numericValue(expression))
      }
    }
    let program = Emitter.program(compiler.graph, outputs: outputs)
    self.observables = observables.enumerated().map { i, observable in
      var copy = observable
      if copy.unit.isEmpty { copy.unit = program.unit(i) }
      return copy
    }
    self.cuts = cuts
    self.efficiencies = efficiencies
    self.program = program
  }

  public init(_ setup: Setup, external: [String] = []) throws {
    try self.init(
      observables: setup.observables, cuts: setup.cuts, efficiencies: setup.efficiencies,
      smearing: setup.smearing, tags: setup.tags, external: external)
  }

  private static func compile(
    _ observable: Observable, _ external: [String], _ compiler: inout Compiler
  ) throws -> Value {
    let value: Value
    if let text = observable.expression {
      value = try compiler.numericValue(
        NamedExpression(role: "observable", name: observable.name, text: text))
    } else if let position = external.firstIndex(of: observable.name) {
      value = compiler.graph.node(.external(position), type: .number)
    } else {
      throw Problem(
        .data, "observable '\(observable.name)' has no expression: another program made it",
        remedy: "give it one in analysis.yaml, or its values with --observables")
    }
    guard case .value(let replacement) = observable.onUndefined, !replacement.isNaN else {
      return value
    }
    return compiler.replacingUndefined(value, by: replacement)
  }
}

extension Compiler {
  mutating func condition(_ expression: NamedExpression) throws -> Value {
    let value = try compile(expression)
    do {
      return try truth(value, 1)
    } catch {
      throw error.problem(in: expression)
    }
  }

  mutating func replacingUndefined(_ value: Value, by replacement: Double) -> Value {
    graph.node(
      .arithmetic(.orElse), [value, graph.constant(replacement)], type: .number,
      dimension: dimension(value))
  }
}

/// What became of an event.
public enum Verdict: Sendable, Equatable {
  /// Kept; every weight is to be multiplied by the product of the efficiencies.
  case kept(efficiency: Double)
  /// Rejected by the cut with this index: false, or undefined.
  case rejectedByCut(Int)
  /// Rejected because this observable is undefined and says `on-undefined: reject`.
  case rejectedByObservable(Int)
  /// Rejected because this efficiency is 0.
  case rejectedByEfficiency(Int)
}

/// How many events there were and where they went. Reports of blocks add up.
public struct SelectionReport: Sendable, Equatable {
  public var events = 0
  public var kept = 0
  /// For each cut, the events it was the first to reject.
  public var rejectedByCut: [Int]
  public var rejectedByObservable: [Int]
  public var rejectedByEfficiency: [Int]
  /// For each observable, the kept events whose column holds NaN.
  public var undefined: [Int]

  public init(_ selection: Selection) {
    rejectedByCut = [Int](repeating: 0, count: selection.cuts.count)
    rejectedByObservable = [Int](repeating: 0, count: selection.observables.count)
    rejectedByEfficiency = [Int](repeating: 0, count: selection.efficiencies.count)
    undefined = [Int](repeating: 0, count: selection.observables.count)
  }

  public static func += (a: inout SelectionReport, b: SelectionReport) {
    a.events += b.events
    a.kept += b.kept
    func add(_ x: inout [Int], _ y: [Int]) { for i in x.indices { x[i] += y[i] } }
    add(&a.rejectedByCut, b.rejectedByCut)
    add(&a.rejectedByObservable, b.rejectedByObservable)
    add(&a.rejectedByEfficiency, b.rejectedByEfficiency)
    add(&a.undefined, b.undefined)
  }
}

/// Applies a selection to events; one processor for each thread.
///
/// The order is: cuts, undefined observables, efficiencies; so an undefined observable can only stop the run
/// (`on-undefined: error`) in an event that passes the cuts.
public final class EventProcessor {
  public let selection: Selection
  /// No check of overlapping access in the loop over events: nothing there calls back.
  @exclusivity(unchecked) public private(set) var report: SelectionReport
  private let evaluator: Evaluator
  private let detector: Detector?

  /// `seed` is that of smearing and tags.
  public init(_ selection: Selection, seed: UInt64 = 1) {
    self.selection = selection
    self.detector = selection.detector.map { Detector($0, seed: seed) }
    self.report = SelectionReport(selection)
    self.evaluator = Evaluator(selection.program)
  }

  /// Judges an event, and appends its observables to `rows` if it is kept.
  ///
  /// `number` (from 1) names the event in the `Problem` (65) of an observable that must not be undefined or of an
  /// efficiency that is negative, infinite or undefined. `id` is what random numbers depend on (a hash of the event's content), and
  /// on nothing else that changes from event to event. `external` are the values that the selection was told of.
  public func process(
    _ event: ParticleEvent, number: Int, id: Int64, external: [Double] = [],
    into rows: inout [Double]
  ) throws -> Verdict {
    evaluator.external = external
    if let detector {
      try detector.observe(event, id: id, number: number)
      evaluator.evaluate(detector)
    } else {
      evaluator.evaluate(event)
    }
    report.events += 1
    let verdict = try judge(number)
    switch verdict {
    case .rejectedByCut(let i): report.rejectedByCut[i] += 1
    case .rejectedByObservable(let i): report.rejectedByObservable[i] += 1
    case .rejectedByEfficiency(let i): report.rejectedByEfficiency[i] += 1
    case .kept:
      report.kept += 1
      for i in 0..<report.undefined.count {
        let value = evaluator.value(i)
        if value.isNaN { report.undefined[i] += 1 }
        rows.append(value)
      }
    }
    return verdict
  }

  private func judge(_ number: Int) throws -> Verdict {
    let observableCount = selection.observables.count
    let cutCount = selection.cuts.count
    for i in 0..<cutCount where evaluator.value(observableCount + i) != 1 {
      return .rejectedByCut(i)
    }
    for i in 0..<observableCount where evaluator.value(i).isNaN {
      switch selection.observables[i].onUndefined {
      case .value: continue
      case .reject: return .rejectedByObservable(i)
      case .error:
        throw Problem(
          .data, "observable '\(selection.observables[i].name)' is undefined",
          remedy: "cut such events away, or set on-undefined to reject or a number",
          place: "event \(number)")
      }
    }
    var efficiency = 1.0
    for i in 0..<selection.efficiencies.count {
      let value = evaluator.value(observableCount + cutCount + i)
      if value == 0 { return .rejectedByEfficiency(i) }
      guard value > 0, value.isFinite else {
        throw Problem(
          .data,
          "efficiency \(i + 1) is \(value.isNaN ? "undefined" : "\(value)") ('\(selection.efficiencies[i])')",
          remedy: "it must be a number from 0 up in every event: use 'A if CONDITION else B'",
          place: "event \(number)")
      }
      efficiency *= value
    }
    return .kept(efficiency: efficiency)
  }
}
