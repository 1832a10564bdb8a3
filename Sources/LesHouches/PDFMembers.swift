import Diagnostics
import EventModel

/// The members of a set of parton densities that a file has weights of, and how they combine.
struct PDFMembers {
  var setName: String
  /// Members but the central one, in the order of their LHAPDF ids; α_s members left out.
  var members: [VariedWeight]
  /// α_s down and up, for sets that have them as their last members.
  var alphaS: [VariedWeight] = []
  var combination: PDFVariation.Combination
  /// Multiplies deviations: members at 90 % are scaled to one standard deviation.
  var scale: Double
  /// Where not all members of the set are there.
  var warning: String?

  private typealias Entry = DeclaredVariations.Entry

  /// Throws `.data` where the set or its central member is not in the file, or the combination is not known.
  init(_ pdf: PDFVariation, of systematic: String, in file: DeclaredVariations) throws {
    let selection = try Selection(pdf, systematic, file)
    setName = selection.name
    let attribute = selection.entries.compactMap { entry in
      entry.weight.groupAttributes.first { $0.key.lowercased() == "combine" }?.value
    }.first.map(PDFSet.combination(ofAttribute:))
    if pdf.combination != .auto {
      combination = pdf.combination
    } else if let found = PDFSet.combination(ofName: selection.name) ?? attribute?.0 {
      combination = found
    } else {
      throw Problem(
        .data,
        "systematic '\(systematic)': how the members of \(selection.name) combine is not known",
        remedy:
          "say 'combination: asymmetric-hessian', 'symmetric-hessian', 'replicas' or 'envelope'",
        file: file.file)
    }
    let level = pdf.confidenceLevel ?? PDFSet.confidenceLevel(ofName: selection.name)
    scale = 1 / Self.standardDeviations(level)

    let central = try selection.central(systematic, file)
    var rest = selection.entries.filter { $0.variation.pdf != selection.centralID }
    let hasAlphaS =
      PDFSet.hasAlphaS(name: selection.name) || (pdf.set == nil && attribute?.hasAlphaS == true)
    members = []
    func weight(_ entry: Entry) -> VariedWeight {
      VariedWeight(
        id: entry.weight.id, central: central, what: "LHAPDF \(entry.variation.pdf ?? 0)")
    }
    let last = selection.expected.map { $0.upperBound - 1 } ?? rest.last?.variation.pdf
    if hasAlphaS, combination != .envelope, rest.count > 2, rest.last?.variation.pdf == last {
      alphaS = rest.suffix(2).map(weight)
      rest.removeLast(2)
    }
    members = rest.map(weight)
    try check(systematic, selection, file)
  }

  private mutating func check(
    _ systematic: String, _ selection: Selection, _ file: DeclaredVariations
  ) throws {
    let count = members.count
    let fewest = combination == .replicas ? 2 : 1
    let isOdd = combination == .asymmetricHessian && count % 2 != 0
    if count < fewest || isOdd {
      throw Problem(
        .data,
        "systematic '\(systematic)': \(count) members of \(setName) are no "
          + "\(combination.rawValue) set; \(file.pdfList)",
        remedy: "make the weights of all members, or give 'combination'", file: file.file)
    }
    if let expected = selection.expected, count + alphaS.count < expected.count - 1 {
      warning =
        "\(file.file): only \(count + alphaS.count) of the \(expected.count - 1) members of "
        + "\(setName) have weights"
    }
  }

  /// Standard deviations of a normal distribution at a two-sided level in per cent.
  static func standardDeviations(_ level: Double) -> Double {
    switch level {
    case 90: 1.6448536269514722
    case 95: 1.959963984540054
    default: 1
    }
  }
}

/// The declared weights that belong to a set.
private struct Selection {
  var name: String
  /// One for each member, in the order of LHAPDF ids, or as the analysis lists them.
  var entries: [DeclaredVariations.Entry] = []
  var centralID: Int
  /// The ids of all members, where they are known.
  var expected: Range<Int>?

  init(_ pdf: PDFVariation, _ systematic: String, _ file: DeclaredVariations) throws {
    var seen = Set<Int>()
    let members = file.entries.filter { entry in
      guard let id = entry.variation.pdf, entry.variation.scales.isClose(to: .central),
        entry.variation.dynamicScale == nil
          || entry.variation.dynamicScale == file.nominalDynamicScale
      else { return false }
      return seen.insert(id).inserted
    }
    func id(_ entry: DeclaredVariations.Entry) -> Int { entry.variation.pdf ?? 0 }
    if !pdf.ids.isEmpty {
      centralID = file.nominalPDF.flatMap { pdf.ids.contains($0) ? $0 : nil } ?? pdf.ids[0]
      name = pdf.set ?? PDFSet.containing(centralID)?.name ?? "LHAPDF \(pdf.ids[0])"
      entries = pdf.ids.compactMap { wanted in members.first { id($0) == wanted } }
      if let missing = pdf.ids.first(where: { wanted in
        wanted != centralID && !entries.contains { id($0) == wanted }
      }) {
        throw Self.absent("LHAPDF \(missing)", systematic, file)
      }
      return
    }
    guard let wanted = pdf.set.map({ Self.name(of: $0, members) }) ?? Self.nominalSet(file, members)
    else {
      throw Problem(
        .data,
        "systematic '\(systematic)': which set the events were generated with is not known; "
          + file.pdfList,
        remedy: "name the set with 'set'", file: file.file)
    }
    name = wanted
    let known = PDFSet.named(wanted)
    var found = members.filter { Self.isNamed($0.weight.group, wanted) }
    if found.isEmpty { found = members.filter { Self.isNamed($0.weight.text, wanted) } }
    if let known, !found.contains(where: { !known.ids.contains(id($0)) }) {
      found = members.filter { known.ids.contains(id($0)) }
    }
    entries = found.sorted { id($0) < id($1) }
    guard let first = entries.first.map(id) else { throw Self.absent(wanted, systematic, file) }
    // By the table, else the nominal member where the group starts with it or right after it, else the lowest.
    let table = PDFSet.containing(first)
    if let table, entries.allSatisfy({ table.ids.contains(id($0)) }) {
      centralID = table.firstID
      expected = table.ids
    } else {
      centralID = file.nominalPDF == first - 1 ? first - 1 : first
    }
  }

  private static func absent(
    _ what: String, _ systematic: String, _ file: DeclaredVariations
  ) -> Problem {
    Problem(
      .data, "systematic '\(systematic)' needs the weights of \(what); \(file.pdfList)",
      remedy: "make the weights, or exclude the sample with 'applies-to'", file: file.file)
  }

  /// The set that the nominal id belongs to, by the table or by the name of its group.
  private static func nominalSet(
    _ file: DeclaredVariations, _ members: [DeclaredVariations.Entry]
  ) -> String? {
    guard let nominal = file.nominalPDF else { return nil }
    if let set = PDFSet.containing(nominal) { return set.name }
    let near = members.first { $0.variation.pdf == nominal || $0.variation.pdf == nominal + 1 }
    return near?.weight.group
  }

  /// The name of a set that is given by the LHAPDF id of a member.
  private static func name(of set: String, _ members: [DeclaredVariations.Entry]) -> String {
    guard let id = Int(set) else { return set }
    return PDFSet.containing(id)?.name
      ?? members.first { $0.variation.pdf == id }?.weight.group ?? "LHAPDF \(id)"
  }

  /// True where `wanted` is a word of `text`; names hold letters, digits and `_ + -`.
  private static func isNamed(_ text: String?, _ wanted: String) -> Bool {
    guard let text else { return false }
    if text.lowercased() == wanted.lowercased() { return true }
    let words = text.lowercased().split {
      !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "+" || $0 == "-")
    }
    return words.contains(Substring(wanted.lowercased()))
  }

  /// The id of the weight of the central member; nil is the event's own weight.
  func central(_ systematic: String, _ file: DeclaredVariations) throws -> String? {
    if let entry = entries.first(where: { $0.variation.pdf == centralID }) {
      return entry.weight.id
    }
    if file.nominalPDF == nil || file.nominalPDF == centralID { return nil }
    throw Problem(
      .data,
      "systematic '\(systematic)': the file has no weight of the central member of \(name) "
        + "(LHAPDF \(centralID))",
      remedy: "make the weights of all members", file: file.file)
  }
}
