import EventModel
import Glibc

/// Runs a program on events, one after the other; one evaluator for each thread.
public final class Evaluator {
  public let program: Program

  let numbers: UnsafeMutablePointer<Double>
  let vectors: UnsafeMutablePointer<FourVector>
  /// Position in the record; −1 is undefined.
  let particles: UnsafeMutablePointer<Int32>
  let spans: UnsafeMutablePointer<EventLists.Span>
  @exclusivity(unchecked) var lists = EventLists()
  /// Values of the event that another program computed.
  @exclusivity(unchecked) var external: [Double] = []

  public init(_ program: Program) {
    self.program = program
    func allocate<T>(_ count: Int, _ initial: T) -> UnsafeMutablePointer<T> {
      let pointer = UnsafeMutablePointer<T>.allocate(capacity: max(1, count))
      pointer.initialize(repeating: initial, count: max(1, count))
      return pointer
    }
    numbers = allocate(program.numbers.count, 0.0)
    vectors = allocate(program.vectorCount, FourVector())
    particles = allocate(program.particleCount, -1)
    spans = allocate(program.listCount, EventLists.Span())
    for (i, value) in program.numbers.enumerated() { numbers[i] = value }
    let nothing = ParticleEvent()
    nothing.particles.withUnsafeBufferPointer { record in
      run(
        0, program.prologueEnd, Context(event: nothing, record: record, lines: 0, detector: nil))
    }
  }

  deinit {
    numbers.deallocate()
    vectors.deallocate()
    particles.deallocate()
    spans.deallocate()
  }

  /// Computes all expressions of the program for an event.
  public func evaluate(_ event: ParticleEvent) {
    evaluate(event, lines: event.particles.count, seen: nil)
  }

  /// Computes all expressions for the event that a detector observed last.
  public func evaluate(_ detector: Detector) {
    evaluate(detector.event, lines: detector.lines, seen: detector)
  }

  private func evaluate(_ event: ParticleEvent, lines: Int, seen: Detector?) {
    event.particles.withUnsafeBufferPointer { record in
      lists.fill(record, lines: lines, used: program.usedLists, needsVisible: program.usesVisible)
      if let seen { lists.noise = seen.noise }
      run(
        program.prologueEnd, program.instructions.count,
        Context(event: event, record: record, lines: lines, detector: seen))
    }
  }

  /// The value of an expression for the last event: true and false are 1 and 0, undefined is NaN.
  public func value(_ index: Int) -> Double { numbers[Int(program.outputs[index].register)] }

  struct Context {
    let event: ParticleEvent
    /// The event's lines; after them those of the file, where a detector changed the first ones.
    let record: UnsafeBufferPointer<Particle>
    let lines: Int
    let detector: Detector?
  }

  func run(_ start: Int, _ end: Int, _ context: Context) {
    program.instructions.withUnsafeBufferPointer { code in
      run(code, start, end, context)
    }
  }

  private func run(
    _ code: UnsafeBufferPointer<Instruction>, _ start: Int, _ end: Int, _ context: Context
  ) {
    var position = start
    while position < end {
      let i = code[position]
      position += 1
      let result = Int(i.result)
      switch i.operation {
      case .constant, .variable: break
      case .arithmetic(let f):
        numbers[result] = Self.apply(f, numbers[Int(i.a)], numbers[Int(i.b)])
      case .function(let f): numbers[result] = Self.apply(f, numbers[Int(i.a)])
      case .measure(let f): numbers[result] = Self.measure(f, vectors[Int(i.a)])
      case .pairMeasure(let f):
        numbers[result] = Self.measure(f, vectors[Int(i.a)], vectors[Int(i.b)])
      case .particleMeasure(let f):
        let index = Int(particles[Int(i.a)])
        numbers[result] = index < 0 ? .nan : Self.measure(f, context.record[index])
      case .momentum:
        let index = Int(particles[Int(i.a)])
        vectors[result] = index < 0 ? .undefined : context.record[index].momentum
      case .element: particles[result] = element(of: spans[Int(i.a)], numbers[Int(i.b)])
      case .select(let type): select(type, i)
      case .vector(let f): vectors[result] = vector(f, i)
      case .reduce(let f):
        reduce(f, i, body: position, code, context)
        position = Int(i.end)
      default: rare(i, context)
      }
    }
  }

  /// What an event needs once at most.
  private func rare(_ i: Instruction, _ context: Context) {
    let result = Int(i.result)
    switch i.operation {
    case .header(let value):
      numbers[result] =
        switch value {
        case .count: Double(context.lines)
        case .scale: context.event.scale
        case .alphaQED: context.event.alphaQED
        case .alphaQCD: context.event.alphaQCD
        case .process: Double(context.event.processID)
        case .weight: context.event.weight
        }
    case .makeVector:
      vectors[result] = FourVector(
        px: numbers[Int(i.a)], py: numbers[Int(i.b)], pz: numbers[Int(i.c)], e: numbers[Int(i.d)])
    case .boostBeta:
      vectors[result] = vectors[Int(i.a)].boosted(
        numbers[Int(i.b)], numbers[Int(i.c)], numbers[Int(i.d)])
    case .rotateAbout:
      vectors[result] = vectors[Int(i.a)].rotated(
        about: vectors[Int(i.b)], by: numbers[Int(i.c)])
    case .tag(let tag): numbers[result] = context.tag(tag, Int(particles[Int(i.a)]))
    case .mother(let second):
      particles[result] = context.mother(of: particles[Int(i.a)], second: second)
    case .comesFrom:
      numbers[result] = context.descends(particles[Int(i.a)], from: numbers[Int(i.b)])
    case .met: vectors[result] = lists.met
    case .external(let i): numbers[result] = external[i]
    case .visible: vectors[result] = lists.visible
    case .baseList(let list): spans[result] = lists.base[Int(list.rawValue)]
    case .length: numbers[result] = Double(spans[Int(i.a)].count)
    case .slice:
      spans[result] = Self.slice(spans[Int(i.a)], numbers[Int(i.b)], numbers[Int(i.c)])
    default: preconditionFailure("operation without a meaning")
    }
  }

  /// A whole number in range counts from the start, a negative one from the end; else undefined.
  private func element(of span: EventLists.Span, _ index: Double) -> Int32 {
    let position = index < 0 ? index + Double(span.count) : index
    guard position >= 0, position < Double(span.count), position == position.rounded() else {
      return -1
    }
    return lists.indices[span.start + Int(position)]
  }

  /// Python's rule: negative positions count from the end, and what lies outside is cut off.
  private static func slice(
    _ span: EventLists.Span, _ from: Double, _ to: Double
  ) -> EventLists.Span {
    func position(_ x: Double) -> Int {
      let n = Double(span.count)
      let clamped = min(max(x < 0 ? x + n : x, 0), n)
      return clamped.isNaN ? 0 : Int(clamped)
    }
    let (start, end) = (position(from), position(to))
    return EventLists.Span(start: span.start + start, count: max(0, end - start))
  }

  private func select(_ type: ValueType, _ i: Instruction) {
    let condition = numbers[Int(i.c)]
    let source = Int(condition == 1 ? i.a : i.b)
    let result = Int(i.result)
    switch type {
    case .number, .truth: numbers[result] = condition.isNaN ? .nan : numbers[source]
    case .vector: vectors[result] = condition.isNaN ? .undefined : vectors[source]
    case .particle: particles[result] = condition.isNaN ? -1 : particles[source]
    case .list: spans[result] = condition.isNaN ? EventLists.Span() : spans[source]
    }
  }

  private func vector(_ operation: VectorOperation, _ i: Instruction) -> FourVector {
    let a = vectors[Int(i.a)]
    switch operation {
    case .add: return a + vectors[Int(i.b)]
    case .subtract: return a - vectors[Int(i.b)]
    case .cross: return a.cross(vectors[Int(i.b)])
    case .boost: return a.boosted(with: vectors[Int(i.b)])
    case .boostToRest: return a.boostedToRest(of: vectors[Int(i.b)])
    case .negate: return a * -1
    case .unit: return a.unit
    case .scale: return a * numbers[Int(i.b)]
    case .divide:
      let divisor = numbers[Int(i.b)]
      return divisor == 0 ? .undefined : a * (1 / divisor)
    case .rotateX: return a.rotatedX(numbers[Int(i.b)])
    case .rotateY: return a.rotatedY(numbers[Int(i.b)])
    case .rotateZ: return a.rotatedZ(numbers[Int(i.b)])
    case .boostX: return a.boosted(numbers[Int(i.b)], 0, 0)
    case .boostY: return a.boosted(0, numbers[Int(i.b)], 0)
    case .boostZ: return a.boosted(0, 0, numbers[Int(i.b)])
    }
  }

  // MARK: Loops

  private func reduce(
    _ reduction: Reduction, _ i: Instruction, body start: Int,
    _ code: UnsafeBufferPointer<Instruction>, _ context: Context
  ) {
    let span = spans[Int(i.a)]
    switch reduction {
    case .filter, .sort:
      reorder(reduction, i, span) { run(code, start, Int(i.end), context) }
      return
    case .vectorSum:
      var sum = FourVector()
      for k in 0..<span.count {
        particles[Int(i.b)] = lists.indices[span.start + k]
        run(code, start, Int(i.end), context)
        if i.d < 0 || numbers[Int(i.d)] == 1 { sum = sum + vectors[Int(i.c)] }
      }
      vectors[Int(i.result)] = sum
      return
    default: break
    }
    // Minimum and maximum of nothing are undefined.
    var result: Double? =
      reduction == .minimum || reduction == .maximum
      ? nil : reduction == .all || reduction == .product ? 1 : 0
    for k in 0..<span.count {
      particles[Int(i.b)] = lists.indices[span.start + k]
      run(code, start, Int(i.end), context)
      guard i.d < 0 || numbers[Int(i.d)] == 1 else { continue }
      let value = i.c < 0 ? 1 : numbers[Int(i.c)]
      guard let before = result else {
        result = value
        continue
      }
      result = Self.apply(Self.combination(reduction), before, value)
    }
    numbers[Int(i.result)] = result ?? .nan
  }

  private static func combination(_ reduction: Reduction) -> Arithmetic {
    switch reduction {
    case .minimum: .minimum
    case .maximum: .maximum
    case .any: .or
    case .all: .and
    case .product: .multiply
    default: .add
    }
  }

  /// A new list: what passes the filter, or all by rising key.
  private func reorder(
    _ reduction: Reduction, _ i: Instruction, _ span: EventLists.Span, _ body: () -> Void
  ) {
    var keys: [Double] = []
    var chosen: [Int32] = []
    for k in 0..<span.count {
      let index = lists.indices[span.start + k]
      particles[Int(i.b)] = index
      body()
      if reduction == .sort {
        keys.append(numbers[Int(i.c)])
      } else if numbers[Int(i.d)] == 1 {
        chosen.append(index)
      }
    }
    if reduction == .sort {
      spans[Int(i.result)] = lists.appendSorted(span, keys: keys)
    } else {
      spans[Int(i.result)] = EventLists.Span(start: lists.indices.count, count: chosen.count)
      lists.indices.append(contentsOf: chosen)
    }
  }
}
