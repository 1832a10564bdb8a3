/// What a declared weight varies of the hard process (`WeightDeclaration.scales`), as systematics ask for it.
struct DeclaredVariation: Equatable {
  /// Factors of the renormalisation and factorisation scale; nil where not said, which means 1.
  var renormalisation: Double?
  var factorisation: Double?
  /// LHAPDF id of the member.
  var pdf: Int?
  /// Number of a dynamical scale other than the one the events were generated with.
  var dynamicScale: Int?
  /// True for variations of parton-shower or merging scales, which are not those of the hard process.
  var isEmission = false

  /// What is said of its scales and cannot be understood.
  var unreadable: String?

  var variesScale: Bool { renormalisation != nil || factorisation != nil }
  var scales: ScaleFactors { ScaleFactors(renormalisation ?? 1, factorisation ?? 1) }

  init(_ weight: WeightDeclaration) {
    let scales = weight.scales
    unreadable = scales.unreadable
    renormalisation = scales.muR
    factorisation = scales.muF
    // POWHEG varies the two beams together; where they differ the first is a fixed placeholder.
    pdf = scales.secondPDF ?? scales.pdf
    dynamicScale = scales.dynamicScale.map(Self.number)
    let group = (weight.group ?? "").lowercased()
    let factors = weight.attributes.filter {
      ["alpsfact", "merging"].contains($0.key.lowercased())
    }
    isEmission =
      group.contains("emission") || group.contains("merging")
      // Sherpa's weights of the matrix element without what follows it.
      || weight.id.lowercased().hasPrefix("me_only")
      || factors.values.contains { NumberReader().real(in: $0).map { $0 != 1 } ?? false }
  }

  /// MadGraph's numbers of its dynamical scales; 0 stands for a name that is not known.
  private static func number(_ text: String) -> Int {
    if let number = NumberReader().real(in: text).flatMap({ Int(exactly: $0) }) { return number }
    let word = text.split(whereSeparator: \.isWhitespace).first?.lowercased() ?? ""
    return ["sum": 1, "ht": 2, "ht/2": 3, "sqrts": 4][word] ?? 0
  }
}

/// Factors (μR, μF) of the two scales.
struct ScaleFactors: Equatable, Hashable, CustomStringConvertible {
  var renormalisation: Double
  var factorisation: Double

  init(_ renormalisation: Double, _ factorisation: Double) {
    self.renormalisation = renormalisation
    self.factorisation = factorisation
  }

  static let central = ScaleFactors(1, 1)

  func isClose(to other: ScaleFactors) -> Bool {
    abs(renormalisation - other.renormalisation) < 1e-6
      && abs(factorisation - other.factorisation) < 1e-6
  }

  var description: String { "muR=\(renormalisation) muF=\(factorisation)" }
}
