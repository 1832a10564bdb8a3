import Diagnostics
import EventModel

/// A weight of a file that stands for a variation, and the one it varies; nil is the event's own weight.
struct VariedWeight: Equatable {
  var id: String
  var central: String?
  /// For reports: `muR=2.0 muF=2.0`, `LHAPDF 260001`.
  var what: String
}

/// The weights of one file that vary the hard process's scales or its parton densities.
struct DeclaredVariations {
  struct Entry {
    var weight: WeightDeclaration
    var variation: DeclaredVariation
  }
  /// Everything but matrix-element reweighting and emission scales, in the file's order.
  let entries: [Entry]
  /// Those whose scales cannot be understood.
  private let unreadable: [Entry]
  /// LHAPDF id that the events were generated with, where it is known.
  let nominalPDF: Int?
  /// The dynamical scale of weights that are "as generated": none, or for aMC@NLO's lists, which number all, the first.
  let nominalDynamicScale: Int?
  let file: String

  init(_ head: LHEHead, file: String) {
    self.file = file
    let all = head.weights.filter { !$0.isReweighting }.map {
      Entry(weight: $0, variation: DeclaredVariation($0))
    }
    let hard = all.filter { !$0.variation.isEmission }
    entries = hard.filter { $0.variation.unreadable == nil }
    unreadable = hard.filter { $0.variation.unreadable != nil }
    let varied = entries.filter {
      $0.variation.variesScale && !$0.variation.scales.isClose(to: .central)
    }
    let pdfs = varied.compactMap(\.variation.pdf)
    let declared = (head.initBlock?.pdfSets ?? []).first { $0 > 0 }
    // Scale variations are at the nominal densities; <init> may say nothing, or another set than the weights do.
    if let declared, pdfs.isEmpty || pdfs.contains(declared) {
      nominalPDF = declared
    } else {
      nominalPDF = pdfs.first
    }
    nominalDynamicScale =
      varied.contains { $0.variation.dynamicScale == nil }
      ? nil : varied.first?.variation.dynamicScale
  }

  /// The weight at some scale factors, with the nominal densities.
  func scaleWeight(_ scales: ScaleFactors, dynamicScale: Int?) -> VariedWeight? {
    guard let entry = entry(scales, dynamicScale: dynamicScale ?? nominalDynamicScale) else {
      return nil
    }
    let central = self.entry(.central, dynamicScale: nominalDynamicScale)
    return VariedWeight(
      id: entry.weight.id, central: central?.weight.id,
      what: "\(scales)" + (dynamicScale.map { " DYN_SCALE=\($0)" } ?? ""))
  }

  private func entry(_ scales: ScaleFactors, dynamicScale: Int?) -> Entry? {
    entries.first {
      $0.variation.variesScale && $0.variation.scales.isClose(to: scales)
        && $0.variation.dynamicScale == dynamicScale
        && ($0.variation.pdf == nil || nominalPDF == nil || $0.variation.pdf == nominalPDF)
    }
  }

  /// What the file has, for messages: `muR=0.5 muF=1.0 (6), …`.
  var scaleList: String {
    let readable = list(
      entries.filter { $0.variation.variesScale && !$0.variation.scales.isClose(to: .central) }
    ) {
      "\($0.variation.scales)" + ($0.variation.dynamicScale.map { " DYN_SCALE=\($0)" } ?? "")
    }
    guard let first = unreadable.first else { return readable }
    return readable
      + "; '\(first.variation.unreadable ?? "")' (id \(first.weight.id)) is no scale factor"
      + (unreadable.count > 1 ? ", nor are \(unreadable.count - 1) more" : "")
  }

  /// `LHAPDF 247001 (46), …`.
  var pdfList: String {
    list(entries.filter { $0.variation.pdf != nil && $0.variation.scales.isClose(to: .central) }) {
      "LHAPDF \($0.variation.pdf ?? 0)"
    }
  }

  private func list(_ entries: [Entry], _ text: (Entry) -> String) -> String {
    if entries.isEmpty { return "the file declares none" }
    let shown = entries.prefix(12).map { "\(text($0)) (id \($0.weight.id))" }
    return "the file has " + shown.joined(separator: ", ") + (entries.count > 12 ? ", …" : "")
  }
}

extension ScaleVariation {
  /// The points whose weights are needed, for the envelopes in a fixed order.
  var points: [ScaleFactors] {
    let low = factors.first ?? 0.5
    let high = factors.last ?? 2
    func at(_ factor: Double) -> ScaleFactors {
      switch kind {
      case .mur: ScaleFactors(factor, 1)
      case .muf: ScaleFactors(1, factor)
      case .mu, .sevenPoint, .ninePoint: ScaleFactors(factor, factor)
      }
    }
    guard kind.isEnvelope else {
      // ν = +1 is the last factor, ν = −1 the first.
      return factors.count < 2 ? [at(high)] : [at(high), at(low)]
    }
    let near = [
      at(low), at(high), ScaleFactors(low, 1), ScaleFactors(high, 1), ScaleFactors(1, low),
      ScaleFactors(1, high),
    ]
    return kind == .sevenPoint
      ? near : near + [ScaleFactors(low, high), ScaleFactors(high, low)]
  }

  /// The file's weights at these points; throws `.data` with what the file has.
  func weights(of systematic: String, in file: DeclaredVariations) throws -> [VariedWeight] {
    try points.map { point in
      guard let weight = file.scaleWeight(point, dynamicScale: dynamicScale) else {
        let asked = "\(point)" + (dynamicScale.map { " DYN_SCALE=\($0)" } ?? "")
        throw Problem(
          .data,
          "systematic '\(systematic)' needs a weight with \(asked); \(file.scaleList)",
          remedy: "make the weights, or exclude the sample with 'applies-to'", file: file.file)
      }
      return weight
    }
  }
}
