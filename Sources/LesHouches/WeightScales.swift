/// The scales and the PDF that a weight is for, as far as its attributes, its text or its id tell.
///
/// Spellings of MadGraph (`MUR="0.5"`, `dyn_scale_choice=HT`, `PDF=247000 MemberID=88`), MadGraph5_aMC@NLO (`muR=0.20000E+01`,
/// `PDF set = 260001`), POWHEG-BOX (`renscfact=2d0`, `lhapdf=10800`, `MUR2.0_MUF1.0_PDF99208082`) and LHAPDF5 codes (`lhans1=`).
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
    for (key, value) in pairs {
      let word = value.split { $0.isWhitespace || $0 == "," || $0 == ";" }.first ?? ""
      let number = reader.real(in: word)
      func take(_ place: inout Double?) { place = place ?? number }
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
    readID(into: &scales)
    if scales.secondPDF == scales.pdf { scales.secondPDF = nil }
    return scales
  }

  /// What is said as `key=value`, attributes first; keys in lower case. A value ends where the next key begins.
  private var pairs: [(key: String, value: String)] {
    var result = attributes.sorted { $0.key < $1.key }.map { ($0.key.lowercased(), $0.value) }
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    for (i, part) in parts.enumerated().dropFirst() {
      let key = parts[i - 1].reversed().drop(while: \.isWhitespace)
        .prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      var value = part
      if i < parts.count - 1 {
        while value.last?.isWhitespace == true { value.removeLast() }
        while let last = value.last, last.isLetter || last.isNumber || last == "_" {
          value.removeLast()
        }
      }
      while value.last?.isWhitespace == true { value.removeLast() }
      value = value.drop(while: \.isWhitespace)
      result.append((String(key.reversed()).lowercased(), String(value)))
    }
    return result
  }

  /// `MUR0.5_MUF1.0_PDF247000` in parts between underscores.
  private func readID(into scales: inout WeightScales) {
    let reader = NumberReader()
    for part in id.lowercased().split(whereSeparator: { $0 == "_" || $0.isWhitespace }) {
      let number = reader.real(in: part.dropFirst(3).drop { $0 == "=" })
      switch part.prefix(3) {
      case "mur": scales.muR = scales.muR ?? number
      case "muf": scales.muF = scales.muF ?? number
      case "pdf": scales.pdf = scales.pdf ?? number.flatMap { Int(exactly: $0) }
      default: break
      }
    }
  }
}
