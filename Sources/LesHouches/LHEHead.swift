import Diagnostics

/// Everything that an LHE file says before its first event.
public struct LHEHead: Sendable {
  public var runCard: RunCard?
  public var parameterCard: ParameterCard?
  public var processCard: ProcessCard?
  public var initBlock: InitBlock?
  /// In the order of declaration; positional `<weights>` follow it.
  public var weights: [WeightDeclaration]
  /// Ids that the first event carries and nobody declares, in its order.
  public var undeclaredWeights: [String] = []
  /// The program that wrote the file, where it says so.
  public var generator: String?
  /// The attribute `version` of the root; files keep to it loosely.
  public var version: String?
  /// What is odd and does no harm, in sentences.
  public private(set) var remarks: [String] = []
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
    processCard = blocks.processCard.map(ProcessCard.init(text:))
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

  /// Adds one `<initrwgt>`. A file may hold the same one twice (in header and in init), or a declaration; otherwise an id
  /// stands for one weight.
  private mutating func add(_ declarations: [WeightDeclaration]) {
    var former = Dictionary(weights.map { ($0.id, $0) }) { first, _ in first }
    var ids = Set<String>()
    var repeated: [WeightDeclaration] = []
    for weight in declarations {
      let isNew = ids.insert(weight.id).inserted
      if let first = former[weight.id] {
        if first.isSame(as: weight) {
          if !isNew { repeated.append(weight) }
          continue
        }
        reportTwice(weight)
      } else {
        former[weight.id] = weight
      }
      weights.append(weight)
    }
    guard let first = repeated.first else { return }
    let rest = repeated.count > 1 ? " and \(repeated.count - 1) more are" : " is"
    remarks.append(
      "weight '\(first.id)'\(rest) declared twice in one <initrwgt>, alike: taken once (line \(first.line ?? 0))"
    )
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

  /// How the parameter cards differ; nil where they do not. Different processes may have cards of different models, and
  /// then only `commonOnly` entries count.
  func cardDifference(to other: LHEHead, commonOnly: Bool = false) -> String? {
    guard let own = parameterCard, let card = other.parameterCard else {
      let isSame = (parameterCard == nil) == (other.parameterCard == nil)
      return isSame || commonOnly ? nil : "only one has a parameter card"
    }
    return own.difference(to: card, commonOnly: commonOnly)
      .map { "the parameter cards differ: \($0)" }
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
    if let difference = cardDifference(to: other) { return difference }
    if weights.map(\.id) != other.weights.map(\.id) { return "the weights' ids differ" }
    return nil
  }
}
