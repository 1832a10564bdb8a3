/// A number in a card, with how far it may be from the value that was meant.
public struct CardValue: Sendable, Equatable {
  public var value: Double
  /// Half a unit of the last printed digit where the text looks rounded (six significant digits or more), else 0.
  public var resolution: Double

  public init(_ value: Double, resolution: Double = 0) {
    self.value = value
    self.resolution = resolution
  }

  /// Reads `1.000000e+00`, `2d0` or `np.float64(0.3)`.
  init?(text: some StringProtocol, reader: borrowing NumberReader) {
    var text = Substring(text)
    if text.hasSuffix(")"), let open = text.lastIndex(of: "(") {
      text = text[text.index(after: open)...].dropLast()
    }
    guard let value = reader.real(in: text), value.isFinite else { return nil }
    self.init(value, resolution: Self.resolution(of: text))
  }

  private static func resolution(of text: Substring) -> Double {
    let mantissa = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
    let digits = mantissa.filter(\.isNumber).drop { $0 == "0" }.count
    // Python prints doubles in full with up to 17 digits; cards print seven.
    guard (6...12).contains(digits) else { return 0 }
    let decimals = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    let places = decimals.count > 1 ? decimals[1].count : 0
    let rest = text.dropFirst(mantissa.count).dropFirst()
    let exponent = Int(rest.first == "+" ? rest.dropFirst() : rest) ?? 0
    var unit = 0.5
    for _ in 0..<abs(exponent - places) { unit = exponent < places ? unit / 10 : unit * 10 }
    return unit
  }
}

/// One line of a parameter card: block, the integers that name the entry, and its value.
public struct CardEntry: Sendable, Equatable {
  public var block: String
  public var indices: [Int]
  public var value: CardValue
  /// The first word of the line's comment, which generators make the parameter's name.
  public var name = ""

  public init(block: String, indices: [Int], value: CardValue) {
    self.block = block.lowercased()
    self.indices = indices
    self.value = value
  }
}

/// The parameters that the events were generated with: the file's `<slha>` (SUSY Les Houches Accord, arXiv:hep-ph/0311123).
public struct ParameterCard: Sendable, Equatable {
  public private(set) var entries: [CardEntry] = []

  public init(text: String) {
    let reader = NumberReader()
    var block: String?
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      switch first.lowercased() {
      case "block":
        block = words.count > 1 ? String(words[1]) : nil
      case "decay":
        // Lines below a width are branching ratios, not parameters.
        block = nil
        if words.count > 2, let id = Int(words[1]),
          let value = CardValue(text: words[2], reader: reader)
        {
          append(CardEntry(block: "decay", indices: [id], value: value), line)
        }
      default:
        guard let block, let last = words.last,
          let value = CardValue(text: last, reader: reader)
        else { continue }
        let indices = words.dropLast().map { Int($0) }
        if indices.contains(nil) { continue }
        append(CardEntry(block: block, indices: indices.compactMap { $0 }, value: value), line)
      }
    }
  }

  private mutating func append(_ entry: CardEntry, _ line: Substring) {
    var entry = entry
    let comment = line.drop { $0 != "#" }.drop { $0 == "#" || $0.isWhitespace }
    let word = comment.prefix { !$0.isWhitespace }
    if word.first?.isLetter == true { entry.name = String(word) }
    entries.append(entry)
  }

  /// Says which entry differs first, beyond the digits printed; nil where all agree. Entries that only one card has count
  /// unless `commonOnly`.
  func difference(to other: ParameterCard, commonOnly: Bool = false) -> String? {
    struct Key: Hashable {
      var block: String
      var indices: [Int]
    }
    func table(_ card: ParameterCard) -> [Key: CardEntry] {
      Dictionary(card.entries.map { (Key(block: $0.block, indices: $0.indices), $0) }) { $1 }
    }
    let (own, others) = (table(self), table(other))
    for entry in entries + other.entries {
      let key = Key(block: entry.block, indices: entry.indices)
      let name =
        ([entry.block] + entry.indices.map(String.init)).joined(separator: " ")
        + (entry.name.isEmpty ? "" : " (\(entry.name))")
      guard let a = own[key]?.value, let b = others[key]?.value else {
        if commonOnly { continue }
        return "\(name) is in one parameter card only"
      }
      if abs(a.value - b.value) > 1.001 * max(a.resolution, b.resolution) {
        return "\(name) is \(b.value), and \(a.value)"
      }
    }
    return nil
  }

  /// The value of one entry; block names match in any case.
  public func value(block: String, id: Int) -> CardValue? {
    let block = block.lowercased()
    return entries.last { $0.block == block && $0.indices == [id] }?.value
  }

  /// The entries that a weight's text sets: `set param_card smeft 7 0.3 # orig: 0.0`, on lines of their own or joined.
  ///
  /// The comment is what the generator believed the card to hold; it is often wrong and not read.
  static func settings(in text: String) -> [CardEntry] {
    let reader = NumberReader()
    var result: [CardEntry] = []
    for line in text.split(whereSeparator: { $0.isNewline || $0 == ";" }) {
      let words = line.split { $0.isWhitespace || $0 == "=" }
      for part in words.split(whereSeparator: { $0.lowercased() == "set" }) {
        var part = part.prefix { $0.first != "#" }
        if part.first?.lowercased() == "param_card" { part = part.dropFirst() }
        guard part.count >= 3, let block = part.first, let last = part.last,
          let value = CardValue(text: last, reader: reader)
        else { continue }
        let indices = part.dropFirst().dropLast().map { Int($0) }
        if indices.contains(nil) { continue }
        result.append(
          CardEntry(block: String(block), indices: indices.compactMap { $0 }, value: value))
      }
    }
    return result
  }
}
