import Diagnostics
import EventModel

/// What systematics need to know of a sample.
struct VariedSample {
  var process: String
  var isBackground: Bool
  var head: LHEHead
  var file: String
}

/// The weight columns of systematics, after those of the physics benchmarks, and where each comes from in each sample.
///
/// Variations are at the point that a sample was drawn from; they are taken to the reference benchmark by
/// w_ν · w_ref / w_sampling, so that their effect does not depend on θ. A sample that a systematic does not act on has the
/// reference's weight in its columns: no effect.
///
/// Replicas and envelopes are `raw` columns while events are read and become their parameters' columns once all sums are
/// known (`ReducedColumns`).
struct NuisanceColumns {
  enum Source: Equatable {
    case none
    case factor(Double)
    /// w_ref (1 + scale · (w − w_central) / w_central).
    case weight(VariedWeight, scale: Double)
  }
  enum Reduction: Equatable {
    /// Raw columns are the parameters' columns.
    case direct([NuisanceParameter])
    case replicas(components: Int?, fraction: Double)
    case envelope
  }
  /// The columns of one systematic, or of the α_s part of one.
  struct Segment {
    var systematic: Systematic
    /// Index of its first parameter among those of the systematic; −1 is after the others.
    var isLast = false
    var reduction: Reduction
    /// Positions among the raw columns.
    var raw: Range<Int>
    /// For reports, one for each raw column.
    var labels: [String]
  }

  private(set) var segments: [Segment] = []
  /// Of each sample, one for each raw column.
  private(set) var sources: [[Source]]

  var rawCount: Int { segments.last?.raw.upperBound ?? 0 }
  var isDeferred: Bool {
    segments.contains { if case .direct = $0.reduction { false } else { true } }
  }

  init(_ systematics: [Systematic], samples: [VariedSample], journal: Journal) throws {
    sources = samples.map { _ in [] }
    let variations = samples.map { DeclaredVariations($0.head, file: $0.file) }
    for systematic in systematics {
      let acts = samples.indices.filter {
        systematic.applies(
          to: samples[$0].process, isBackground: samples[$0].isBackground)
      }
      guard !acts.isEmpty else {
        journal.warn(
          "unused \(systematic.name)", "systematic '\(systematic.name)' acts on none of the samples"
        )
        continue
      }
      switch systematic.effect {
      case .norm(let norm): add(norm, systematic, acts)
      case .scale(let scale):
        let weights = try acts.map { try scale.weights(of: systematic.name, in: variations[$0]) }
        add(weights, systematic, acts, scale: 1, reduction(scale, systematic))
      case .pdf(let pdf):
        let members = try acts.map {
          try PDFMembers(pdf, of: systematic.name, in: variations[$0])
        }
        try add(members, pdf, systematic, acts, samples, journal)
      }
    }
    for (sample, sources) in zip(samples, sources) { report(sample, sources, journal) }
  }

  private mutating func add(_ norm: NormVariation, _ systematic: Systematic, _ acts: [Int]) {
    let factors = [norm.up] + (norm.down.map { [$0] } ?? [])
    let parameter = systematic.parameter(0, hasNegative: norm.down != nil)
    append(systematic, .direct([parameter]), factors.map { "factor \($0)" }) { sample in
      acts.contains(sample) ? factors.map { .factor($0) } : nil
    }
  }

  private func reduction(_ scale: ScaleVariation, _ systematic: Systematic) -> Reduction {
    scale.kind.isEnvelope
      ? .envelope
      : .direct([systematic.parameter(0, hasNegative: scale.factors.count > 1)])
  }

  /// Columns of weights, one list for each sample in `acts`.
  private mutating func add(
    _ weights: [[VariedWeight]], _ systematic: Systematic, _ acts: [Int], scale: Double,
    _ reduction: Reduction, isLast: Bool = false
  ) {
    guard let first = weights.first, !first.isEmpty else { return }
    append(systematic, reduction, first.map(\.what), isLast: isLast) { sample in
      acts.firstIndex(of: sample).map { index in
        weights[index].map { .weight($0, scale: scale) }
      }
    }
  }

  private mutating func add(
    _ members: [PDFMembers], _ pdf: PDFVariation, _ systematic: Systematic, _ acts: [Int],
    _ samples: [VariedSample], _ journal: Journal
  ) throws {
    guard let first = members.first else { return }
    for (index, other) in zip(acts, members)
    where other.members.count != first.members.count || other.combination != first.combination
      || other.alphaS.count != first.alphaS.count
    {
      throw Problem(
        .data,
        "systematic '\(systematic.name)': \(samples[index].file) has \(other.members.count) members "
          + "(\(other.setName), \(other.combination.rawValue)), \(samples[acts[0]].file) has "
          + "\(first.members.count) (\(first.setName), \(first.combination.rawValue))",
        remedy: "declare a systematic for each with 'applies-to'", file: samples[index].file)
    }
    for warning in members.compactMap(\.warning) {
      journal.warn("members \(systematic.name)", warning)
    }
    let count = first.members.count
    let reduction: Reduction
    switch first.combination {
    case .replicas, .auto:
      reduction = .replicas(components: pdf.components, fraction: pdf.fraction)
    case .envelope: reduction = .envelope
    case .symmetricHessian:
      reduction = .direct((0..<count).map { systematic.parameter($0, hasNegative: false) })
    case .asymmetricHessian:
      reduction = .direct((0..<count / 2).map { systematic.parameter($0, hasNegative: true) })
    }
    add(members.map(\.members), systematic, acts, scale: first.scale, reduction)
    // α_s down and up are at one standard deviation in every set that has them.
    guard !first.alphaS.isEmpty else { return }
    let index: Int
    if case .direct(let parameters) = reduction { index = parameters.count } else { index = 0 }
    add(
      members.map { $0.alphaS.reversed() }, systematic, acts, scale: 1,
      .direct([systematic.parameter(index, hasNegative: true)]), isLast: true)
  }

  private mutating func append(
    _ systematic: Systematic, _ reduction: Reduction, _ labels: [String], isLast: Bool = false,
    _ source: (Int) -> [Source]?
  ) {
    for sample in sources.indices {
      sources[sample] +=
        source(sample) ?? [Source](repeating: .none, count: labels.count)
    }
    segments.append(
      Segment(
        systematic: systematic, isLast: isLast, reduction: reduction,
        raw: rawCount..<rawCount + labels.count, labels: labels))
  }

  /// Which weight each column is, with `-v`.
  private func report(_ sample: VariedSample, _ sources: [Source], _ journal: Journal) {
    for segment in segments {
      let words = zip(segment.raw, segment.labels).compactMap { column, label -> String? in
        switch sources[column] {
        case .none: nil
        case .factor: label
        case .weight(let weight, _): "\(label) from weight \(weight.id)"
        }
      }
      if words.isEmpty { continue }
      journal.note(
        "\(sample.file): \(segment.systematic.name): "
          + words.prefix(8).joined(separator: ", ")
          + (words.count > 8 ? ", … (\(words.count) in all)" : ""))
    }
  }
}

/// Reads the columns of systematics out of the events of one sample.
struct VariationReader {
  private enum Column {
    case factor(Double)
    /// Slots; the central one is −1 for XWGTUP.
    case weight(Int, central: Int, scale: Double)
  }
  private let columns: [Column]
  private let reader: LHEReader

  init(_ sources: [NuisanceColumns.Source], _ reader: LHEReader) {
    self.reader = reader
    columns = sources.map { source in
      switch source {
      case .none: .factor(1)
      case .factor(let factor): .factor(factor)
      case .weight(let weight, let scale):
        .weight(
          reader.want(weight.id), central: weight.central.map { reader.want($0) } ?? -1,
          scale: scale)
      }
    }
  }

  /// Appends the current event's columns; `reference` is its weight at the reference benchmark, efficiencies included.
  func append(eventWeight: Double, reference: Double, to row: inout [Double]) throws {
    for column in columns {
      switch column {
      case .factor(let factor): row.append(reference * factor)
      case .weight(let slot, let centralSlot, let scale):
        let varied = try value(slot)
        let central = centralSlot < 0 ? eventWeight : try value(centralSlot)
        // Nothing can be said of an event whose weight is 0: no effect.
        let deviation = central == 0 ? 0 : varied / central - 1
        row.append(reference * (1 + scale * deviation))
      }
    }
  }

  private func value(_ slot: Int) throws -> Double {
    guard let value = reader.weight(slot) else {
      throw Problem(
        .data, "the weight with id '\(reader.knownIDs[slot])' is missing, which a systematic needs",
        remedy: "reweight the sample again, or exclude it with 'applies-to'", place: reader.place)
    }
    guard value.isFinite else {
      throw Problem(
        .data, "the weight with id '\(reader.knownIDs[slot])' is \(value)",
        remedy: "repair or remove the event", place: reader.place)
    }
    return value
  }
}
