import AnalysisFile
import Diagnostics
import EventIO
import EventModel
import Glibc
import LesHouches
import Observables

/// What is fed with arbitrary bytes: by a fuzzer for as long as one likes (`make fuzz`), and by the tests with the kept
/// corpus. A target may throw problems as it likes; it must not crash, hang or contradict itself.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A whole file through the scanner, plain and with `--salvage`.
  case lhe
  /// The text before the first event: cards, `<init>`, weight declarations.
  case head
  /// An expression, compiled and evaluated on two events.
  case expression
  /// Any table or document: Arrow stream, JSON, and what else the content is taken for.
  case table
  /// An analysis.yaml.
  case analysis

  public func callAsFunction(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .lhe: Self.scan(bytes)
    case .head: Self.readHead(bytes)
    case .expression: Self.evaluate(bytes)
    case .table: Self.readTable(bytes)
    case .analysis: _ = try? Analysis(bytes: Array(bytes), file: "fuzz.yaml")
    }
  }

  // MARK: a file

  /// What a pass over a file found.
  private struct Pass: Equatable {
    var events = 0
    var sum = 0.0
    var failed = false
    var salvaged = false

    static func == (a: Pass, b: Pass) -> Bool {
      (a.events, a.failed, a.salvaged) == (b.events, b.failed, b.salvaged)
        && (a.sum == b.sum || (a.sum.isNaN && b.sum.isNaN))
    }
  }

  private static func scan(_ bytes: UnsafeRawBufferPointer) {
    MemoryFile.shared.fill(bytes)
    let plain = pass(salvage: false)
    let salvaged = pass(salvage: true)
    precondition(salvaged.events >= plain.events, "salvaging loses events")
    precondition(plain.failed || salvaged == plain, "salvaging changes a whole file")
  }

  private static func pass(salvage: Bool) -> Pass {
    var result = Pass()
    do {
      let reader = try LHEReader(ByteReader(path: MemoryFile.shared.path), salvage: salvage)
      let slots = reader.head.weights.prefix(50).map { reader.want($0.id) }
      var event = ParticleEvent()
      while try reader.next(into: &event) {
        result.events += 1
        result.sum += event.weight + event.particles.reduce(0) { $0 + $1.momentum.e }
        for slot in slots { result.sum += reader.weight(slot) ?? 0 }
      }
      result.salvaged = reader.salvaged != nil
    } catch {
      result.failed = true
    }
    return result
  }

  private static func readHead(_ bytes: UnsafeRawBufferPointer) {
    let head = LHEHead(text: String(decoding: bytes, as: UTF8.self))
    for weight in head.weights { _ = weight.settings }
    _ = head.initBlock?.crossSection
  }

  // MARK: an expression

  private static let events: [ParticleEvent] = {
    var event = ParticleEvent()
    event.weight = 1
    event.scale = 91
    for (id, status, px, pz, m) in [
      (21, -1, 0.0, 500.0, 0.0), (21, -1, 0, -300, 0), (11, 1, 40, 10, 0.000511),
      (-12, 1, -20, 5, 0), (5, 1, -30, 120, 4.7), (-5, 1, 10, 65, 4.7), (22, 1, 0, 3, 0),
    ] {
      let e = (px * px + pz * pz + m * m).squareRoot()
      event.particles.append(
        Particle(
          pdgID: Int32(id), status: Int32(status),
          momentum: FourVector(px: px, py: px / 2, pz: pz, e: e), mass: m))
    }
    return [event, ParticleEvent()]
  }()

  private static func evaluate(_ bytes: UnsafeRawBufferPointer) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? ParameterTransform(parameter: "cHW", text: text)(0.5)
    let observables = [
      Observable(name: "x", expression: text),
      Observable(name: "y", expression: "x if x > 0 else \(text)", onUndefined: .value(0)),
    ]
    guard let selection = try? Selection(observables: observables, cuts: ["x == x"]) else { return }
    let processor = EventProcessor(selection)
    for (i, event) in events.enumerated() {
      var row: [Double] = []
      _ = try? processor.process(event, number: i + 1, id: Int64(i), into: &row)
    }
  }

  // MARK: a table

  private static func readTable(_ bytes: UnsafeRawBufferPointer) {
    // The library that reads HDF5 is not ours, and known to crash on broken files.
    guard !bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) else { return }
    MemoryFile.shared.fill(bytes)
    let counts = [false, true].map { salvage -> Int? in
      do {
        let source = try Input.openTable(
          MemoryFile.shared.path, expecting: Set(Kind.allCases),
          options: InputOptions(salvage: salvage), journal: Journal())
        var rows = 0
        while let batch = try source.next() {
          for (field, column) in zip(source.header.fields, batch.columns) {
            precondition(column.type == field.type, "a column is not of its type")
          }
          rows += batch.count
        }
        _ = try? Setup(document: source.header.document)
        return rows
      } catch { return nil }
    }
    if let plain = counts[0] { precondition(counts[1] == plain, "salvaging changes a whole table") }
  }
}

/// A file without a name: the readers take a path, and nothing is left behind.
private final class MemoryFile: Sendable {
  static let shared = MemoryFile()
  let descriptor: Int32
  let path: String

  init() {
    var template = Array("/tmp/sluice-fuzz-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    unlink(&template)
    path = "/proc/self/fd/\(descriptor)"
  }

  func fill(_ bytes: UnsafeRawBufferPointer) {
    precondition(ftruncate(descriptor, 0) == 0 && lseek(descriptor, 0, SEEK_SET) == 0)
    precondition(write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
  }
}
