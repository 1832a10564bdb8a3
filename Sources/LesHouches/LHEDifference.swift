import Diagnostics
import EventIO
import EventModel

/// Where two Les Houches files say different things.
public struct LHEDifference {
  public enum Part: String, Sendable, CaseIterable {
    case head, `init`, particles, weights, attributes
  }
  /// Numbers a and b are the same if |a − b| ≤ absolute + relative · max(|a|, |b|).
  public struct Tolerance: Sendable {
    public var relative = 0.0
    public var absolute = 0.0
    public init() {}

    func agree(_ a: Double, _ b: Double) -> Bool {
      if a == b || a.isNaN && b.isNaN { return true }
      return abs(a - b) <= absolute + relative * max(abs(a), abs(b))
    }
  }
  /// One line for each kind of difference, with the first place.
  public private(set) var lines: [String] = []
  private let tolerance: Tolerance
  private let skipped: Set<Part>
  private var found: [(kind: String, count: Int, first: String)] = []

  /// Reads both to their ends.
  public init(
    _ a: LHEReader, _ b: LHEReader, tolerance: Tolerance = Tolerance(), skipping: Set<Part> = []
  ) throws {
    self.tolerance = tolerance
    skipped = skipping
    if !skipped.contains(.head) { compareHeads(a, b) }
    if !skipped.contains(.`init`) { compareInit(a.head.initBlock, b.head.initBlock) }
    if !skipped.contains(.weights) { compareDeclarations(a.head.weights, b.head.weights) }
    try compareEvents(a, b)
    lines += found.map { kind, count, first in
      count == 1 ? "\(first)" : "\(kind) differ in \(count) events, first \(first)"
    }
  }

  // MARK: Heads

  /// Lines of the head but for `<init>`, weight declarations and records of runs of these commands.
  private mutating func compareHeads(_ a: LHEReader, _ b: LHEReader) {
    let (x, y) = (Self.headLines(a.headBytes), Self.headLines(b.headBytes))
    guard
      let i = (0..<max(x.count, y.count)).first(where: { i in
        !(i < x.count && i < y.count && x[i] == y[i])
      })
    else { return }
    func text(_ lines: [String]) -> String {
      i < lines.count ? "'\(lines[i].prefix(60))'" : "nothing"
    }
    lines.append("heads differ, first where one has \(text(x)) and the other \(text(y))")
  }

  private static func headLines(_ head: [UInt8]) -> [String] {
    let edit = HeadEdit(head)
    let cuts =
      edit.elements("<init", "</init>") + edit.elements("<initrwgt", "</initrwgt>")
      + edit.elements("<sluice", "/>")
    let outer = cuts.filter { cut in
      !cuts.contains {
        $0 != cut && $0.lowerBound <= cut.lowerBound && $0.upperBound >= cut.upperBound
      }
    }
    return String(decoding: Cut.lines(outer, from: head), as: UTF8.self)
      .split(whereSeparator: \.isNewline)
      .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
      .filter { !$0.isEmpty && $0 != "<header>" && $0 != "</header>" }
  }

  private mutating func compareInit(_ a: InitBlock?, _ b: InitBlock?) {
    guard let a, let b else {
      if (a == nil) != (b == nil) {
        lines.append("only one of them has an <init> that can be read")
      }
      return
    }
    func numbers(_ what: String, _ x: [Double], _ y: [Double]) {
      guard x.count == y.count, zip(x, y).allSatisfy({ tolerance.agree($0, $1) }) else {
        lines.append("<init>: \(what): \(Self.list(x)) and \(Self.list(y))")
        return
      }
    }
    numbers("beams", a.beams.map(Double.init), b.beams.map(Double.init))
    numbers("energies", a.energies, b.energies)
    numbers("IDWTUP", [Double(a.weightStrategy)], [Double(b.weightStrategy)])
    let (x, y) = (a.processes.map(\.id).sorted(), b.processes.map(\.id).sorted())
    guard x == y else {
      lines.append(
        "<init>: processes \(Self.list(x.map(Double.init))) and \(Self.list(y.map(Double.init)))")
      return
    }
    for process in a.processes {
      guard let other = b.processes.first(where: { $0.id == process.id }) else { continue }
      numbers(
        "process \(process.id)", [process.crossSection, process.error, process.maximum],
        [other.crossSection, other.error, other.maximum])
    }
  }

  private static func list(_ values: [Double]) -> String {
    values.map { Int(exactly: $0).map { "\($0)" } ?? "\($0)" }.joined(separator: " ")
  }

  private mutating func compareDeclarations(_ a: [WeightDeclaration], _ b: [WeightDeclaration]) {
    let (x, y) = (Set(a.map(\.id)), Set(b.map(\.id)))
    for (only, name) in [(x.subtracting(y), "first"), (y.subtracting(x), "second")] {
      guard let id = only.min() else { continue }
      lines.append(
        only.count == 1
          ? "weight '\(id)' is declared only in the \(name)"
          : "\(only.count) weights are declared only in the \(name), such as '\(id)'")
    }
    func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
    let texts = Dictionary(b.map { ($0.id, $0.text) }, uniquingKeysWith: { first, _ in first })
    if let weight = a.first(where: { w in texts[w.id].map { words($0) != words(w.text) } ?? false })
    {
      lines.append(
        "weight '\(weight.id)' is declared as '\(weight.text)' and '\(texts[weight.id] ?? "")'")
    }
  }

  // MARK: Events

  private mutating func compareEvents(_ a: LHEReader, _ b: LHEReader) throws {
    var (x, y) = (ParticleEvent(), ParticleEvent())
    let (partsA, partsB) = (EventParts.Reader(a.head), EventParts.Reader(b.head))
    while true {
      let (hasA, hasB) = (try a.next(into: &x), try b.next(into: &y))
      guard hasA, hasB else {
        if hasA != hasB { try countRest(hasA ? a : b, hasA, &x, (hasA ? b : a).eventCount) }
        return
      }
      let place = "event \(a.eventCount)"
      if !skipped.contains(.particles), let fact = difference(x, y) {
        add("particles", "\(place): \(fact)")
      }
      if !tolerance.agree(x.weight, y.weight), !skipped.contains(.weights) {
        add("event weights", "\(place): XWGTUP is \(x.weight) and \(y.weight)")
      }
      // Equal bytes have equal weights, whatever those are.
      let (textA, textB) = (a.eventBytes, b.eventBytes)
      if textA.elementsEqual(textB), partsA.declared == partsB.declared { continue }
      compare(EventParts(textA, partsA), EventParts(textB, partsB), place)
    }
  }

  private mutating func countRest(
    _ reader: LHEReader, _ isFirst: Bool, _ event: inout ParticleEvent, _ common: Int
  ) throws {
    while try reader.next(into: &event) {}
    let (more, less) = (reader.eventCount, common)
    lines.append(
      isFirst ? "there are \(more) and \(less) events" : "there are \(less) and \(more) events")
  }

  private mutating func add(_ kind: String, _ first: @autoclosure () -> String) {
    if let i = found.firstIndex(where: { $0.kind == kind }) {
      found[i].count += 1
    } else {
      found.append((kind, 1, first()))
    }
  }

  private func difference(_ a: ParticleEvent, _ b: ParticleEvent) -> String? {
    if a.processID != b.processID { return "the process is \(a.processID) and \(b.processID)" }
    for (name, x, y) in [
      ("SCALUP", a.scale, b.scale), ("AQEDUP", a.alphaQED, b.alphaQED),
      ("AQCDUP", a.alphaQCD, b.alphaQCD),
    ] where !tolerance.agree(x, y) { return "\(name) is \(x) and \(y)" }
    guard a.particles.count == b.particles.count else {
      return "there are \(a.particles.count) and \(b.particles.count) particles"
    }
    for (i, (p, q)) in zip(a.particles, b.particles).enumerated() {
      for (name, x, y) in [
        ("IDUP", p.pdgID, q.pdgID), ("ISTUP", p.status, q.status),
        ("first mother", p.mothers.0, q.mothers.0), ("last mother", p.mothers.1, q.mothers.1),
        ("colour", p.colours.0, q.colours.0), ("anticolour", p.colours.1, q.colours.1),
      ] where x != y { return "particle \(i + 1): \(name) is \(x) and \(y)" }
      let (u, v) = (p.momentum, q.momentum)
      for (name, x, y) in [
        ("px", u.px, v.px), ("py", u.py, v.py), ("pz", u.pz, v.pz), ("E", u.e, v.e),
        ("mass", p.mass, q.mass), ("lifetime", p.lifetime, q.lifetime), ("spin", p.spin, q.spin),
      ] where !tolerance.agree(x, y) { return "particle \(i + 1): \(name) is \(x) and \(y)" }
    }
    return nil
  }

  private mutating func compare(_ a: EventParts, _ b: EventParts, _ place: String) {
    if !skipped.contains(.weights), let fact = weightDifference(a, b) {
      add("weights", "\(place): \(fact)")
    }
    if !skipped.contains(.attributes) {
      let reader = NumberReader()
      func same(_ x: String, _ y: String) -> Bool {
        if let x = reader.real(in: x), let y = reader.real(in: y) { return tolerance.agree(x, y) }
        return x == y
      }
      let (x, y) = (
        a.attributes.sorted { $0.name < $1.name }, b.attributes.sorted { $0.name < $1.name }
      )
      if x.map(\.name) != y.map(\.name) {
        add("attributes", "\(place): the attributes are \(x.map(\.name)) and \(y.map(\.name))")
      } else if let (p, q) = zip(x, y).first(where: { !same($0.value, $1.value) }) {
        add("attributes", "\(place): \(p.name) is '\(p.value)' and '\(q.value)'")
      }
    }
  }

  private func weightDifference(_ a: EventParts, _ b: EventParts) -> String? {
    let (x, y) = (a.all, b.all)
    let values = Dictionary(y.map { ($0.id, $0.value) }, uniquingKeysWith: { first, _ in first })
    for weight in x {
      guard let other = values[weight.id] else { return "only the first has weight '\(weight.id)'" }
      if !tolerance.agree(weight.value, other) {
        return "weight '\(weight.id)' is \(weight.value) and \(other)"
      }
    }
    if y.count > x.count, let more = y.first(where: { w in !x.contains { $0.id == w.id } }) {
      return "only the second has weight '\(more.id)'"
    }
    return nil
  }
}
