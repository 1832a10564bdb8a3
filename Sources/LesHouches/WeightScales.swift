/// The scales and the PDF that a weight is for, as far as its attributes, its text or its id tell.
///
/// Spellings of MadGraph (`MUR="0.5"`, `dyn_scale_choice=HT`, `PDF=247000 MemberID=88`), MadGraph5_aMC@NLO (`muR=0.20000E+01`,
/// `PDF set = 260001`), POWHEG-BOX (`renscfact=2d0`, `lhapdf=10800`, `MUR2.0_MUF1.0_PDF99208082`), Sherpa
/// (`MUR=0.5__MUF=0.5__LHAPDF=303400`) and LHAPDF5 codes (`lhans1=`), with what stands between them left out.
public struct WeightScales: Sendable, Equatable {
  /// Factors on the renormalisation and factorisation scale; nil where nothing is said.
  public var muR: Double?
  public var muF: Double?
  /// The choice of dynamical scale that differs from the run's own, as it is spelled.
  public var dynamicScale: String?
  /// LHAPDF number of the member, of beam 1 where they differ.
  public var pdf: Int?
  /// LHAPDF number of the member for beam 2, where it differs from beam 1.
  public var secondPDF: Int?

  /// What is said of a scale factor that is no positive number: such a weight must not be taken for a variation.
  public var unreadable: String?

  /// True where a factor is not 1 or a dynamical scale is chosen.
  public var areVaried: Bool { (muR ?? 1) != 1 || (muF ?? 1) != 1 || dynamicScale != nil }
}

extension WeightDeclaration {
  /// From the attributes, else the text, else the id.
  public var scales: WeightScales {
    var scales = WeightScales()
    let reader = NumberReader()
    var member = 0
    var set: Int?
    let said =
      attributes.sorted { $0.key < $1.key }.map { ($0.key.lowercased(), $0.value) }
      + ScaleText.pairs(text)
    for (key, value) in said {
      let word = value.split { $0.isWhitespace || $0 == "," || $0 == ";" }.first ?? ""
      let number = reader.real(in: word)
      func take(_ place: inout Double?) {
        guard place == nil else { return }
        if let number, number > 0, number.isFinite {
          place = number
        } else {
          scales.unreadable = scales.unreadable ?? "\(key)=\(value)"
        }
      }
      func take(_ place: inout Int?) { place = place ?? number.flatMap { Int(exactly: $0) } }
      switch key {
      case "mur", "renscfact": take(&scales.muR)
      case "muf", "facscfact": take(&scales.muF)
      case "dyn_scale", "dynscale", "dyn_scale_choice", "dyn":
        // −1 is the run's own choice.
        if scales.dynamicScale == nil, !value.isEmpty, number != -1 { scales.dynamicScale = value }
      case "pdf", "lhapdf", "lhapdf1", "lhans1", "lhaid", "pdfset": take(&scales.pdf)
      case "lhapdf2", "lhans2": take(&scales.secondPDF)
      case "set": take(&set)
      case "memberid": member = number.flatMap { Int(exactly: $0) } ?? 0
      default: break
      }
    }
    scales.pdf = scales.pdf ?? set
    let hasMember = attributes.keys.contains { $0.lowercased() == "pdf" }
    if !hasMember, let pdf = scales.pdf { scales.pdf = pdf + member }
    for (key, value) in ScaleText.numbers(inID: id) {
      switch key {
      case "mur" where scales.muR == nil, "muf" where scales.muF == nil:
        guard let value, value > 0 else {
          scales.unreadable = scales.unreadable ?? id
          continue
        }
        if key == "mur" { scales.muR = value } else { scales.muF = value }
      case "pdf", "lhapdf": scales.pdf = scales.pdf ?? value.flatMap { Int(exactly: $0) }
      default: break
      }
    }
    if scales.secondPDF == scales.pdf { scales.secondPDF = nil }
    return scales
  }
}

/// Keys and values in the texts and ids of weights, where nothing, a blank, a comma or an underscore parts them.
enum ScaleText {
  private static let keys: Set<String> = [
    "mur", "muf", "renscfact", "facscfact", "dyn_scale", "dynscale", "dyn_scale_choice", "dyn",
    "pdf", "lhapdf", "lhapdf1", "lhapdf2", "lhans1", "lhans2", "lhaid", "pdfset", "set",
    "memberid",
  ]
  private static let colonKeys: Set<String> = [
    "mur", "muf", "renscfact", "facscfact", "pdf", "lhapdf",
  ]

  /// What is said as `key=value`, or `key : value` for the keys that are known; keys in lower case. A value ends where
  /// the next key begins.
  static func pairs(_ text: String) -> [(key: String, value: String)] {
    let c = Array(text)
    var found: [(key: String, keyStart: Int, valueStart: Int)] = []
    for i in c.indices where c[i] == "=" || c[i] == ":" {
      var end = i
      while end > 0, c[end - 1].isWhitespace { end -= 1 }
      // The number before is no part of the key: `2.0MUF=2.0`.
      let least = found.last.map { numberEnd(c, from: $0.valueStart) } ?? 0
      var start = end
      while start > least, isOfWord(c[start - 1]) { start -= 1 }
      while start < end, c[start] == "_" { start += 1 }
      if let known = knownKey(c[start..<end]) { start = end - known.count }
      // A colon stands in other texts too.
      if c[i] == ":", !colonKeys.contains(String(c[start..<end]).lowercased()) { continue }
      guard start < end else { continue }
      found.append((String(c[start..<end]).lowercased(), start, i + 1))
    }
    return found.indices.map { k in
      let end = k + 1 < found.count ? found[k + 1].keyStart : c.count
      let value = c[min(found[k].valueStart, end)..<end]
      return (found[k].key, trimmed(value))
    }
  }

  /// `MUR0.5_MUF1.0_PDF247000`, `MUR=0.5__MUF=0.5__LHAPDF=303400`: keys with the number that stands at each, nil where
  /// more than a number does.
  static func numbers(inID id: String) -> [(key: String, value: Double?)] {
    let c = Array(id.lowercased())
    let reader = NumberReader()
    var result: [(String, Double?)] = []
    var i = 0
    while i < c.count {
      let key = ["lhapdf", "mur", "muf", "pdf"].first { c[i...].starts(with: $0) }
      guard let key, i == 0 || !c[i - 1].isLetter else {
        i += 1
        continue
      }
      var start = i + key.count
      if start < c.count, c[start] == "=" || c[start] == ":" { start += 1 }
      let end = numberEnd(c, from: start)
      i = max(i + key.count, end)
      guard end > start else { continue }
      let isWhole = end == c.count || !c[end].isLetter && c[end] != "." || isKey(c[end...])
      result.append((key, isWhole ? reader.real(in: String(c[start..<end])) : nil))
    }
    return result
  }

  private static func isKey(_ rest: ArraySlice<Character>) -> Bool {
    ["lhapdf", "mur", "muf", "pdf"].contains { rest.starts(with: $0) }
  }

  private static func isOfWord(_ c: Character) -> Bool { c.isLetter || c.isNumber || c == "_" }

  /// The word itself, or the longest known key that ends it after an underscore.
  private static func knownKey(_ word: ArraySlice<Character>) -> String? {
    let text = String(word).lowercased()
    if keys.contains(text) { return text }
    return keys.filter { text.hasSuffix("_" + $0) }.max { $0.count < $1.count }
  }

  private static func trimmed(_ value: ArraySlice<Character>) -> String {
    func isBetween(_ c: Character) -> Bool { c.isWhitespace || ",;/_|&".contains(c) }
    var value = value.drop(while: \.isWhitespace)
    while let last = value.last, isBetween(last) { value.removeLast() }
    return String(value)
  }

  /// Past the number at `start`, blanks before it allowed; `start` where there is none.
  private static func numberEnd(_ c: [Character], from start: Int) -> Int {
    func digits(_ at: Int) -> Int {
      var i = at
      while i < c.count, ("0"..."9").contains(c[i]) { i += 1 }
      return i
    }
    var i = start
    while i < c.count, c[i].isWhitespace { i += 1 }
    if i < c.count, c[i] == "-" || c[i] == "+" { i += 1 }
    let whole = digits(i)
    var end = whole
    if end < c.count, c[end] == "." { end = digits(end + 1) }
    guard end > whole + 1 || whole > i else { return start }
    if end < c.count, "eEdD".contains(c[end]) {
      var exponent = end + 1
      if exponent < c.count, c[exponent] == "-" || c[exponent] == "+" { exponent += 1 }
      let after = digits(exponent)
      if after > exponent { end = after }
    }
    return end
  }
}
