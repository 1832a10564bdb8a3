/// The blocks of the text before the first event that are used, found without parsing the rest, which is often not XML.
struct HeadBlocks {
  /// Contents of `<MGRunCard>`, `<MG5ProcCard>`, `<slha>`, `<init>` and every `<initrwgt>`, tags of the block itself left out.
  var runCard: String?
  var processCard: String?
  var parameterCard: String?
  var initialisation: String?
  var weightDeclarations: [(text: String, line: Int)] = []
  /// The differing contents of a second `<init>`, and its line.
  var secondInit: Int?
  /// The root's attribute.
  var version: String?
  /// A generator's name and version where a `<generator>` or `<MGVersion>` tells them.
  var generator: String?

  private let start: BytePointer

  /// `from` to `to` is the head: everything before the first event.
  init(from: BytePointer, to end: BytePointer) {
    start = from
    var p = from
    while let tag = Bytes.find(Ascii.less, from: p, to: end) {
      p = Self.afterComment(tag, end) ?? (read(tag, end) ?? tag + 1)
    }
  }

  /// Past a comment or CDATA section that starts at `tag`; nil where none starts or it never ends.
  static func afterComment(_ tag: BytePointer, _ end: BytePointer) -> BytePointer? {
    if Bytes.starts(tag, with: "<!--", before: end) {
      return Bytes.find("-->", from: tag + 4, to: end).map { $0 + 3 }
    }
    if Bytes.starts(tag, with: "<![CDATA[", before: end) {
      return Bytes.find("]]>", from: tag + 9, to: end).map { $0 + 3 }
    }
    return nil
  }

  /// Keeps the block that starts at `tag` and returns where it ends; nil for tags that are not used.
  private mutating func read(_ tag: BytePointer, _ end: BytePointer) -> BytePointer? {
    if Bytes.isTag(tag, "<MGRunCard", before: end) {
      return take(tag, "</MGRunCard", end) { if $0.runCard == nil { $0.runCard = $1 } }
    }
    if Bytes.isTag(tag, "<MG5ProcCard", before: end) {
      return take(tag, "</MG5ProcCard", end) { if $0.processCard == nil { $0.processCard = $1 } }
    }
    if Bytes.isTag(tag, "<slha", before: end) {
      return take(tag, "</slha", end) { if $0.parameterCard == nil { $0.parameterCard = $1 } }
    }
    if Bytes.isTag(tag, "<initrwgt", before: end) {
      let line = line(of: tag)
      return take(tag, "</initrwgt", end) { $0.weightDeclarations.append(($1, line)) }
    }
    if Bytes.isTag(tag, "<MGVersion", before: end) {
      return take(tag, "</MGVersion", end) { $0.name("MadGraph5_aMC@NLO", $1) }
    }
    if Bytes.isTag(tag, "<generator_name", before: end) {
      return take(tag, "</generator_name", end) { $0.name($1, "") }
    }
    if Bytes.isTag(tag, "<generator", before: end) { return readGenerator(tag, end) }
    if Bytes.isTag(tag, "<LesHouchesEvents", before: end),
      let close = Bytes.tagEnd(from: tag, to: end)
    {
      let range = TagAttributes(from: tag + 17, to: close).range("version")
      version = version ?? range.map { Bytes.text($0.from, $0.to) }
      return close + 1
    }
    if Bytes.isTag(tag, "<init", before: end) { return readInit(tag, end) }
    return nil
  }

  private mutating func name(_ program: String, _ version: String) {
    let words = (program + " " + version).split(whereSeparator: \.isWhitespace)
    if !words.isEmpty { generator = generator ?? words.joined(separator: " ") }
  }

  /// `<generator name='…' version='…'>`; Whizard has the name in its text.
  private mutating func readGenerator(_ tag: BytePointer, _ end: BytePointer) -> BytePointer? {
    guard let close = Bytes.tagEnd(from: tag, to: end) else { return nil }
    let attributes = TagAttributes(from: tag + 10, to: close)
    func text(_ name: StaticString) -> String? {
      attributes.range(name).map { Bytes.text($0.from, $0.to) }
    }
    let version = text("version") ?? ""
    if let program = text("name") {
      name(program, version.filter { $0 != "/" })
      return close + 1
    }
    return take(tag, "</generator", end) { $0.name($1, version) }
  }

  /// Lines are counted from 1.
  private func line(of p: BytePointer) -> Int {
    UnsafeBufferPointer(start: start, count: p - start).reduce(1) {
      $0 + ($1 == Ascii.newline ? 1 : 0)
    }
  }

  /// True where what follows a tag begins with a number, a comment or a tag.
  private func startsData(_ tag: BytePointer, _ end: BytePointer) -> Bool {
    guard let close = Bytes.tagEnd(from: tag, to: end) else { return false }
    return HeadSearch.isData(Bytes.skipSpace(close + 1, before: end), end)
  }

  /// `<init>` may hold an `<initrwgt>` of its own.
  private mutating func readInit(_ tag: BytePointer, _ end: BytePointer) -> BytePointer? {
    // A header may speak of the block in its text.
    if !startsData(tag, end), Bytes.find("<init", from: tag + 5, to: end) != nil { return nil }
    let line = line(of: tag)
    var inner: HeadBlocks?
    let next = take(tag, "</init>", end) { head, text in
      if let first = head.initialisation {
        if InitBlock(text: first) != InitBlock(text: text) { head.secondInit = line }
      } else {
        head.initialisation = text
      }
      var text = text
      text.withUTF8 { buffer in
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        inner = HeadBlocks(from: base, to: base + buffer.count)
      }
    }
    weightDeclarations += (inner?.weightDeclarations ?? []).map { ($0.text, $0.line + line - 1) }
    generator = generator ?? inner?.generator
    return next
  }

  /// Content from the tag's `>` to `close`; where that is missing, to what comes after blocks of a head.
  private mutating func take(
    _ tag: BytePointer, _ close: StaticString, _ end: BytePointer,
    _ keep: (inout HeadBlocks, String) -> Void
  ) -> BytePointer? {
    guard let opened = Bytes.tagEnd(from: tag, to: end) else { return nil }
    if (opened - 1).pointee == Ascii.slash { return opened + 1 }
    if let closed = Bytes.find(close, from: opened, to: end) {
      keep(&self, Bytes.text(opened + 1, closed))
      return closed + close.utf8CodeUnitCount
    }
    let marks: [StaticString] = ["</header", "<init>", "</init>", "</LesHouchesEvents"]
    let next = marks.compactMap { Bytes.find($0, from: opened, to: end) }.min() ?? end
    keep(&self, Bytes.text(opened + 1, next))
    return next
  }
}

/// What the run card says about weights. Lines are `value = name ! comment`; values may hold `=` too.
public struct RunCard: Sendable, Equatable {
  /// What one event's weight means; nil where the card does not say.
  public var eventNorm: String?
  /// Events asked for, which need not be the events in the file.
  public var requestedEvents: Int?

  public init(text: String) {
    for (name, value) in Self.entries(text) {
      switch name {
      case "event_norm":
        eventNorm = value.lowercased().filter { $0 != "'" && $0 != "\"" }
      case "nevents": requestedEvents = Int(value) ?? requestedEvents
      default: break
      }
    }
  }

  /// Names in lower case, and values, in the order of the card.
  static func entries(_ text: String) -> [(name: String, value: String)] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      let code = line.prefix { $0 != "!" && $0 != "#" }
      guard let equals = code.lastIndex(of: "=") else { return nil }
      return (trimmed(code[code.index(after: equals)...]).lowercased(), trimmed(code[..<equals]))
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

/// The `<init>` block (arXiv:hep-ph/0109068, common block HEPRUP).
public struct InitBlock: Sendable, Equatable {
  /// One line per process.
  public struct Process: Sendable, Equatable {
    /// XSECUP, XERRUP [pb]; XMAXUP; LPRUP.
    public var crossSection: Double
    public var error: Double
    public var maximum: Double
    public var id: Int
  }
  public var beams: [Int]
  /// GeV.
  public var energies: [Double]
  /// PDFSUP: LHAPDF ids of the beams' densities; generators write −1 or 0 for "not said".
  public var pdfSets: [Int]
  /// PDFGUP: groups of the beams' densities (PDFLIB); mostly 0.
  public var pdfGroups: [Int]
  /// IDWTUP: how the generator means its weights.
  public var weightStrategy: Int
  /// NPRUP as the file has it; `processes` may be fewer, or none.
  public var declaredProcesses: Int
  public var processes: [Process] = []

  /// Nil where the first line has not its ten numbers.
  public init?(text: String) {
    let reader = NumberReader()
    var rows: [[Double]] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, first.first != "#" else { continue }
      if first.first == "<" { break }
      // Fortran's stars stand for what does not fit its columns, such as an error: not known.
      let numbers = words.prefix { $0.first != "#" && $0.first != "<" }.map {
        reader.real(in: $0) ?? ($0.allSatisfy { $0 == "*" } ? .nan : nil)
      }
      let good = numbers.prefix { $0 != nil }.compactMap { $0 }
      if good.isEmpty { break }
      rows.append(good)
    }
    func integer(_ x: Double) -> Int { Int(exactly: x.rounded()) ?? 0 }
    guard let first = rows.first, first.count >= 10 else { return nil }
    beams = [integer(first[0]), integer(first[1])]
    energies = [first[2], first[3]]
    pdfSets = [integer(first[6]), integer(first[7])]
    pdfGroups = [integer(first[4]), integer(first[5])]
    weightStrategy = integer(first[8])
    declaredProcesses = integer(first[9])
    for row in rows.dropFirst() where row.count >= 4 && processes.count < declaredProcesses {
      processes.append(
        Process(crossSection: row[0], error: row[1], maximum: row[2], id: integer(row[3])))
    }
  }

  /// ΣXSECUP and its error [pb]; nil where lines are missing, the sum is not positive, or all numbers of a process are 1:
  /// generators write these for "unknown".
  public var crossSection: (value: Double, error: Double)? {
    guard !processes.isEmpty, processes.count == declaredProcesses else { return nil }
    let sum = processes.reduce(0) { $0 + $1.crossSection }
    if processes.contains(where: { $0.crossSection == 1 && $0.error == 1 && $0.maximum == 1 }) {
      return nil
    }
    guard sum > 0, sum.isFinite else { return nil }
    let error = processes.reduce(0) { $0 + $1.error * $1.error }.squareRoot()
    return (sum, error.isFinite ? error : 0)
  }

  /// XSECUP of the process with this LPRUP [pb]; nil where `<init>` has none such.
  public func crossSection(ofProcess id: Int) -> Double? {
    let own = processes.filter { $0.id == id }
    return own.isEmpty ? nil : own.reduce(0) { $0 + $1.crossSection }
  }
}
