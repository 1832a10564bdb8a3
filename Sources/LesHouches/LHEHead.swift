/// Everything that an LHE file says before its first event.
public struct LHEHead: Sendable {
  public var runCard: RunCard?
  public var parameterCard: ParameterCard?
  public var initBlock: InitBlock?
  /// In the order of declaration; positional `<weights>` follow it.
  public var weights: [WeightDeclaration]
  /// The program that wrote the file, where it says so.
  public var generator: String?

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
      weights: blocks.weightDeclarations.flatMap(WeightDeclarations.read),
      generator: blocks.generator)
  }

  /// A head from its text, for tests and for files that are not events.
  public init(text: String) {
    var text = text
    self = text.withUTF8 { buffer in
      guard let base = buffer.baseAddress else { return LHEHead() }
      return LHEHead(from: base, to: base + buffer.count)
    }
  }
}
