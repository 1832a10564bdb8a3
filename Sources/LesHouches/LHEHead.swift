import Diagnostics

/// Everything that an LHE file says before its first event.
public struct LHEHead: Sendable {
  public var runCard: RunCard?
  public var parameterCard: ParameterCard?
  public var initBlock: InitBlock?
  /// In the order of declaration; positional `<weights>` follow it.
  public var weights: [WeightDeclaration]
  /// Ids that the first event carries and nobody declares, in its order.
  public var undeclaredWeights: [String] = []
  /// The program that wrote the file, where it says so.
  public var generator: String?
  /// The attribute `version` of the root; files keep to it loosely.
  public var version: String?
  /// What cannot be read two ways: the line and the fact.
  private var ambiguity: (line: Int, fact: String, remedy: String)?

  public init(
    runCard: RunCard? = nil, parameterCard: ParameterCard? = nil, initBlock: InitBlock? = nil,
    weights: [WeightDeclaration] = [], generator: String? = nil
  ) {
    self.runCard = runCard
    self.parameterCard = parameterCard
    self.initBlock = initBlock
    self.weights = weights
    self.generator = generator
  }

  init(from: BytePointer, to end: BytePointer) {
    let blocks = HeadBlocks(from: from, to: end)
    self.init(
      runCard: blocks.runCard.map(RunCard.init(text:)),
      parameterCard: blocks.parameterCard.map(ParameterCard.init(text:)),
      initBlock: blocks.initialisation.flatMap(InitBlock.init(text:)),
      generator: blocks.generator)
    version = blocks.version
    if let line = blocks.secondInit {
      ambiguity = (line, "a second <init> differs from the first", "keep the one that is right")
    }
    for fragment in blocks.weightDeclarations {
      add(WeightDeclarations.read(fragment.text, firstLine: fragment.line))
    }
  }

  /// A head from its text, for tests and for files that are not events.
  public init(text: String) {
    var text = text
    self = text.withUTF8 { buffer in
      guard let base = buffer.baseAddress else { return LHEHead() }
      return LHEHead(from: base, to: base + buffer.count)
    }
  }

  /// Adds one `<initrwgt>`. A file may hold the same one twice (in header and in init); otherwise an id stands for one weight.
  private mutating func add(_ declarations: [WeightDeclaration]) {
    let former = Dictionary(weights.map { ($0.id, $0) }) { first, _ in first }
    var ids = Set<String>()
    for weight in declarations {
      let isNew = ids.insert(weight.id).inserted
      if isNew, let first = former[weight.id] {
        if first.isSame(as: weight) { continue }
        reportTwice(weight)
      } else if !isNew {
        reportTwice(weight)
      }
      weights.append(weight)
    }
  }

  private mutating func reportTwice(_ weight: WeightDeclaration) {
    guard ambiguity == nil else { return }
    ambiguity = (
      weight.line ?? 0, "weight id '\(weight.id)' is declared twice in <initrwgt>",
      "give each weight an id of its own"
    )
  }

  /// Throws `.data` with the line where a weight id is declared twice or a second `<init>` differs.
  func checkDeclarations(file: String) throws {
    guard let ambiguity else { return }
    throw Problem(
      .data, ambiguity.fact, remedy: ambiguity.remedy, file: file, place: "line \(ambiguity.line)")
  }

  /// What keeps another document's events from being of the same sample; nil where nothing does.
  func difference(to other: LHEHead) -> String? {
    guard let a = initBlock, let b = other.initBlock else {
      return (initBlock == nil) == (other.initBlock == nil) ? nil : "only one has <init>"
    }
    if a.beams != b.beams || a.energies != b.energies { return "the beams differ" }
    if a.weightStrategy != b.weightStrategy {
      return "IDWTUP is \(a.weightStrategy) and \(b.weightStrategy)"
    }
    if a.processes.map(\.id) != b.processes.map(\.id) || a.declaredProcesses != b.declaredProcesses
    {
      return "the processes (LPRUP) differ"
    }
    if runCard?.eventNorm != other.runCard?.eventNorm { return "event_norm differs" }
    if parameterCard != other.parameterCard { return "the parameter cards differ" }
    if weights.map(\.id) != other.weights.map(\.id) { return "the weights' ids differ" }
    return nil
  }
}
