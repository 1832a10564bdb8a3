import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// A file of events with weights of our choice: XWGTUP, and one value for each id.
struct WeightedFile {
  var declarations: String
  var pdf = 247000
  var ids: [String]
  var rows: [(weight: Double, values: [Double])]

  var text: String {
    let events = rows.map { row in
      let weights = zip(ids, row.values).map { "<wgt id='\($0)'> \($1) </wgt>\n" }.joined()
      return """
        <event>
         3 1 \(row.weight) 9.1e+01 7.5e-03 1.2e-01
          2 -1 0 0 501 0 0. 0. +1.0e+02 1.0e+02 0. 0. 1.
          -1 -1 0 0 0 501 0. 0. -1.0e+02 1.0e+02 0. 0. -1.
          24 1 1 2 0 0 10. 0. 0. 200.0 80.4 0. 9.
        <rwgt>
        \(weights)</rwgt>
        </event>

        """
    }
    return """
      <LesHouchesEvents version="3.0">
      <header>
      <initrwgt>
      \(declarations)
      </initrwgt>
      </header>
      <init>
      2212 2212 6500 6500 0 0 \(pdf) \(pdf) 4 1
      2.0 0.01 2.0 1
      </init>
      \(events.joined())</LesHouchesEvents>

      """
  }
}

/// Reads samples whose mean weight is σ (IDWTUP 4) with systematics, through the sink that waits for replicas.
private struct Reading {
  var setup: Setup
  /// Row-major, all columns.
  var weights: [[Double]] = []
  var warnings: [String] = []
  var notes: [String] = []

  init(_ inputs: [SampleInput], _ systematics: [Systematic], options: ReadingOptions = .init())
    throws
  {
    var setup = Setup(
      name: "toy",
      parameters: [Parameter(name: "c", lhaBlock: "x", lhaID: 1, range: -1...1)],
      benchmarks: [Benchmark(name: "sm", values: [0]), Benchmark(name: "plus", values: [1])],
      observables: [Observable(name: "px", expression: nil)])
    setup.systematics = systematics
    let notes = Notes()
    let journal = Journal(onNote: { notes.add($0) })
    let set = try SampleSet(inputs, setup: setup, options: options, journal: journal)
    let sink = MemorySink()
    var fields: [String] = []
    let outer = try set.openSink(set.header(observables: setup.observables)) { header in
      fields = header.fields[1].components ?? []
      return sink
    }
    _ = try set.read(into: outer, select: lastPx)
    self.setup = try Setup(document: try #require(sink.document))
    #expect(fields == self.setup.weightNames)
    for batch in sink.batches {
      let values = batch.columns[1].doubles
      #expect(values.count == batch.count * fields.count)
      for row in 0..<batch.count {
        weights.append(Array(values[row * fields.count..<(row + 1) * fields.count]))
      }
    }
    warnings = journal.warnings.map(\.text)
    self.notes = notes.texts
  }

  func column(_ name: String) throws -> [Double] {
    let index = try #require(setup.weightNames.firstIndex(of: name))
    return weights.map { $0[index] }
  }
  func sum(_ name: String) throws -> Double { try column(name).reduce(0, +) }
}

private final class Notes: @unchecked Sendable {
  var texts: [String] = []
  func add(_ text: String) { texts.append(text) }
}

/// Numbers that look random and are the same everywhere.
private func value(_ i: Int, _ j: Int) -> Double {
  var x = UInt64(i) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(j) &* 0xBF58_476D_1CE4_E5B9
  x = (x ^ (x >> 30)) &* 0x94D0_49BB_1331_11EB
  return Double((x ^ (x >> 31)) >> 11) / 0x1p53
}

@Suite("Systematics of samples")
struct SystematicsTests {
  private let folder = TemporaryFolder()

  private static let scales = """
    <weight id='plus'></weight>
    <weightgroup name="Central scale variation" combine="envelope">
    <weight id="1" MUR="0.5" MUF="0.5" PDF="247000" > MUR=0.5 MUF=0.5 </weight>
    <weight id="2" MUR="2.0" MUF="2.0" PDF="247000" > MUR=2.0 MUF=2.0 </weight>
    <weight id="3" MUR="0.5" MUF="1.0" PDF="247000" > MUR=0.5 </weight>
    <weight id="4" MUR="2.0" MUF="1.0" PDF="247000" > MUR=2.0 </weight>
    <weight id="5" MUR="1.0" MUF="0.5" PDF="247000" > MUF=0.5 </weight>
    <weight id="6" MUR="1.0" MUF="2.0" PDF="247000" > MUF=2.0 </weight>
    </weightgroup>
    """
  private static let scaleRows: [(Double, [Double])] = [
    (2, [3, 2.5, 1.6, 2.2, 1.9, 2.4, 1.7]), (2, [1, 2.4, 1.8, 2.6, 1.8, 2.1, 1.8]),
  ]
  private func scaleFile(_ name: String = "s.lhe") throws -> String {
    try folder.write(
      WeightedFile(
        declarations: Self.scales, ids: ["plus", "1", "2", "3", "4", "5", "6"],
        rows: Self.scaleRows
      ).text, name)
  }
  private let mu = Systematic(name: "scales", effect: .scale(ScaleVariation(kind: .mu)))

  @Test(
    "norm and scale at the sampling point, taken to the reference; samples without are unchanged")
  func transport() throws {
    let sm = SampleInput(role: .benchmark("sm"), file: try scaleFile())
    let rate = Systematic(
      name: "rate", effect: .norm(NormVariation(up: 1.2, down: 0.9)), appliesTo: ["signal"])
    let reading = try Reading([sm], [rate, mu])
    #expect(
      reading.setup.weightNames == [
        "sm", "plus", "rate_nuisance_param_0_benchmark_0", "rate_nuisance_param_0_benchmark_1",
        "scales_nuisance_param_0_benchmark_0", "scales_nuisance_param_0_benchmark_1",
      ])
    #expect(
      reading.setup.nuisanceParameters == [
        rate.parameter(0, hasNegative: true), mu.parameter(0, hasNegative: true),
      ])
    // σ is the mean of two events: columns are half the file's weights; ν = +1 is the last factor.
    let expected = [[1, 1.5, 1.2, 0.9, 0.8, 1.25], [1, 0.5, 1.2, 0.9, 0.9, 1.2]]
    for (found, wanted) in zip(reading.weights, expected) {
      for (a, b) in zip(found, wanted) { #expect(relativeError(a, b) < 1e-15) }
    }
    #expect(reading.warnings == [])
    #expect(
      reading.notes.contains { $0.contains("muR=2.0 muF=2.0 from weight 2") }, "\(reading.notes)")

    // Drawn from 'plus': the file's weights are at plus, its 'sm' is another weight.
    var file = WeightedFile(
      declarations: Self.scales.replacing("id='plus'", by: "id='sm'"),
      ids: ["sm", "1", "2", "3", "4", "5", "6"], rows: Self.scaleRows)
    file.rows[1].values[0] = 0.5
    let plus = SampleInput(
      role: .benchmark("plus"), file: try folder.write(file.text, "plus.lhe"))
    let background = SampleInput(
      process: "bkg", role: .background,
      file: try folder.write(
        WeightedFile(declarations: "", ids: [], rows: [(4, [])]).text, "b.lhe"))
    let signal = Systematic(name: "scales", effect: mu.effect, appliesTo: ["toy"])
    let mixed = try Reading([plus, background], [rate, signal])
    // w_ν w_sm / w_plus.
    for (found, wanted) in zip(
      mixed.weights,
      [
        [1.5, 1, 1.8, 1.35, 1.5 * 0.8, 1.5 * 1.25], [0.25, 1, 0.3, 0.225, 0.25 * 0.9, 0.25 * 1.2],
        [4, 4, 4, 4, 4, 4],
      ])
    {
      for (a, b) in zip(found, wanted) { #expect(relativeError(a, b) < 1e-15, "\(found)") }
    }
  }

  @Test("envelopes: the variations that raise and lower the cross section most")
  func envelope() throws {
    let sm = SampleInput(role: .benchmark("sm"), file: try scaleFile())
    let reading = try Reading(
      [sm], [Systematic(name: "env", effect: .scale(ScaleVariation(kind: .sevenPoint)))])
    #expect(reading.setup.nuisanceParameters.count == 1)
    let sums = (1...6).map { i -> Double in
      let sum: Double = Self.scaleRows.reduce(0.0) { $0 + $1.1[i] }
      return sum / 2
    }
    #expect(
      relativeError(
        try reading.sum("env_nuisance_param_0_benchmark_0"), try #require(sums.max())) < 1e-14)
    #expect(
      relativeError(
        try reading.sum("env_nuisance_param_0_benchmark_1"), try #require(sums.min())) < 1e-14)
    #expect(
      reading.notes.contains("env: nu=+1 is muR=0.5 muF=0.5, nu=-1 is muR=2.0 muF=2.0"),
      "\(reading.notes)")
  }

  private static let replicaCount = 20
  private static let replicas =
    "<weight id='plus'></weight><weightgroup name='NNPDF31_nlo_as_0118' combine='replicas'>"
    + (0...replicaCount).map {
      "<weight id='r\($0)' MUR='1.0' MUF='1.0' PDF='\(303400 + $0)'></weight>"
    }
    .joined() + "</weightgroup>"
  /// Replicas that depend on the event through few functions and some noise, as densities do.
  private static func replicaRows(_ count: Int, seed: Int) -> [(Double, [Double])] {
    (0..<count).map { e in
      let x = value(e + seed, 1)
      let w = 1 + value(e + seed, 2)
      let members = (1...replicaCount).map { r -> Double in
        let (a, b) = (value(r, 101) - 0.5, value(r, 102) - 0.5)
        let noise = 0.002 * (value(e * 64 + r, seed + 7) - 0.5)
        return w * (1 + 0.1 * a + 0.2 * b * x * x + noise)
      }
      return (w, [w * (1 + x), w] + members)
    }
  }
  private func replicaFile(_ count: Int, seed: Int, _ name: String) throws -> String {
    try folder.write(
      WeightedFile(
        declarations: Self.replicas, pdf: 303400,
        ids: ["plus"] + (0...Self.replicaCount).map { "r\($0)" },
        rows: Self.replicaRows(count, seed: seed)
      ).text, name)
  }

  private func pdf(_ pdf: PDFVariation) -> [Systematic] {
    [Systematic(name: "pdf", effect: .pdf(pdf))]
  }

  /// Of a sample: Σ (x − x̄)²/(N − 1).
  private static func variance(_ values: [Double]) -> Double {
    let mean: Double = values.reduce(0, +) / Double(values.count)
    var sum = 0.0
    for value in values { sum += (value - mean) * (value - mean) }
    return sum / Double(values.count - 1)
  }

  /// Variance of Σ w over some rows that unit-Gaussian ν give, and that of the replicas.
  private func variances(
    _ reading: Reading, _ rows: [(Double, [Double])], of chosen: [Int]
  ) throws -> (components: Double, replicas: Double) {
    let n = Double(rows.count)
    let names = reading.setup.nuisanceBenchmarks
    var components = 0.0
    for name in names {
      let column = try reading.column(name)
      var shift = 0.0
      for row in chosen { shift += column[row] - reading.weights[row][0] }
      components += shift * shift
    }
    let sums = (0..<Self.replicaCount).map { r -> Double in
      let sum: Double = chosen.reduce(0.0) { $0 + rows[$1].1[2 + r] }
      return sum / n
    }
    let variance = Self.variance(sums)
    return (components, variance)
  }

  @Test("replicas: all components give the replicas' variance of every bin, few give nearly all")
  func replicas() throws {
    let rows = Self.replicaRows(300, seed: 3)
    let input = SampleInput(
      role: .benchmark("sm"), file: try replicaFile(300, seed: 3, "r.lhe"))
    let all = try Reading([input], pdf(PDFVariation(fraction: 1)))
    #expect(all.setup.nuisanceParameters.count == Self.replicaCount - 1)
    let few = try Reading([input], pdf(PDFVariation()))
    #expect((2...6).contains(few.setup.nuisanceParameters.count))
    let two = try Reading([input], pdf(PDFVariation(components: 2)))
    #expect(two.setup.nuisanceParameters.count == 2)
    let bins = [
      Array(0..<300), (0..<300).filter { value($0 + 3, 1) > 0.8 }, Array(0..<40), [17],
    ]
    for (i, bin) in bins.enumerated() {
      let exact = try variances(all, rows, of: bin)
      // Orthogonality of the eigenvectors, and numbers of the file with 17 digits.
      #expect(relativeError(exact.components, exact.replicas) < 1e-10, "bin \(i)")
      let kept = try variances(few, rows, of: bin)
      if i < 3 { #expect(abs(kept.components / kept.replicas - 1) < 0.02, "bin \(i)") }
      #expect(kept.components <= exact.components * (1 + 1e-10))
    }
    // ν > 0 raises the cross section.
    for name in all.setup.nuisanceBenchmarks { #expect(try all.sum(name) >= all.sum("sm") - 1e-12) }
    #expect(few.notes.contains { $0.contains("of the variance of the weights") })
    #expect(few.setup.nuisanceParameters[0].name == "pdf_nuisance_param_0")
    #expect(few.setup.nuisanceParameters.allSatisfy { $0.benchmarkNegative == nil })
  }

  @Test("replicas of two samples share their components; threads change no bit")
  func shared() throws {
    let inputs = [
      SampleInput(role: .benchmark("sm"), file: try replicaFile(50, seed: 3, "a.lhe")),
      SampleInput(process: "other", role: .background, file: try replicaFile(70, seed: 9, "b.lhe")),
    ]
    let one = try Reading(inputs, pdf(PDFVariation(fraction: 1)))
    var options = ReadingOptions()
    options.threads = 3
    let three = try Reading(inputs, pdf(PDFVariation(fraction: 1)), options: options)
    #expect(one.weights == three.weights)
    // The sum of both samples has the replicas' variance: members are the same in both.
    let a = Self.replicaRows(50, seed: 3)
    let b = Self.replicaRows(70, seed: 9)
    let sums = (0..<Self.replicaCount).map { r -> Double in
      let first: Double = a.reduce(0.0) { $0 + $1.1[2 + r] }
      let second: Double = b.reduce(0.0) { $0 + $1.1[2 + r] }
      return first / 50 + second / 70
    }
    let variance = Self.variance(sums)
    let nominal = try one.sum("sm")
    var components = 0.0
    for name in one.setup.nuisanceBenchmarks {
      let shift = try one.sum(name) - nominal
      components += shift * shift
    }
    #expect(relativeError(components, variance) < 1e-10)
  }

  private func hessian(_ name: String, _ base: Int, _ rows: [(Double, [Double])]) throws -> String {
    let declarations =
      "<weight id='plus'></weight>"
      + (0..<rows[0].1.count - 1).map { "<weight id='m\($0)'>lhapdf=\(base + $0)</weight>" }
      .joined()
    return try folder.write(
      WeightedFile(
        declarations: declarations, pdf: base,
        ids: ["plus"] + (0..<rows[0].1.count - 1).map { "m\($0)" }, rows: rows
      ).text, name)
  }

  @Test("asymmetric Hessian: pairs are ν = ±1, at 90 % scaled to one σ; symmetric: one member each")
  func hessians() throws {
    let rows: [(Double, [Double])] = [(2, [2, 2, 2.2, 1.9, 2.4, 1.7])]
    let file = try hessian("h.lhe", 13100, rows)
    let input = SampleInput(role: .benchmark("sm"), file: file)
    let ct = try Reading([input], pdf(PDFVariation(set: "CT14nlo")))
    #expect(ct.setup.nuisanceParameters.count == 2)
    #expect(ct.warnings == ["\(file): only 4 of the 56 members of CT14nlo have weights"])
    let z = 1.6448536269514722
    for (found, wanted) in zip(
      ct.weights[0], [2, 2, 2 + 0.2 / z, 2 - 0.1 / z, 2 + 0.4 / z, 2 - 0.3 / z])
    {
      #expect(relativeError(found, wanted) < 1e-15)
    }
    let symmetric = try Reading(
      [input],
      pdf(PDFVariation(set: "CT14nlo", combination: .symmetricHessian, confidenceLevel: 68)))
    #expect(symmetric.setup.nuisanceParameters.count == 4)
    for (found, wanted) in zip(symmetric.weights[0], [2, 2, 2.2, 1.9, 2.4, 1.7]) {
      #expect(relativeError(found, wanted) < 1e-15)
    }
    let envelope = try Reading(
      [input], pdf(PDFVariation(set: "CT14nlo", combination: .envelope, confidenceLevel: 68)))
    #expect(relativeError(envelope.weights[0][2], 2.4) < 1e-15)
    #expect(relativeError(envelope.weights[0][3], 1.7) < 1e-15)
  }

  @Test("sets with α_s: replicas and the pair of α_s")
  func alphaS() throws {
    let members = (1...100).map { i -> Double in 2 + 0.01 * (value(i, 5) - 0.5) }
    let file = try hessian("as.lhe", 305000, [(2, [2, 2] + members + [1.9, 2.2])])
    let reading = try Reading(
      [SampleInput(role: .benchmark("sm"), file: file)], pdf(PDFVariation(set: "NNPDF31_nlo_pdfas"))
    )
    #expect(reading.warnings == [])
    // One event has one direction only.
    #expect(
      reading.setup.nuisanceParameters.map(\.name) == [
        "pdf_nuisance_param_0", "pdf_nuisance_param_1",
      ])
    #expect(relativeError(try reading.sum("pdf_nuisance_param_1_benchmark_0"), 2.2) < 1e-15)
    #expect(relativeError(try reading.sum("pdf_nuisance_param_1_benchmark_1"), 1.9) < 1e-15)
    let deviation = Self.variance(members).squareRoot()
    #expect(
      relativeError(try reading.sum("pdf_nuisance_param_0_benchmark_0"), 2 + deviation) < 1e-12)
  }

  @Test("ratios that cannot be interpolated are counted, one warning a systematic")
  func clipped() throws {
    var rows = Self.scaleRows
    rows[0].1[1] = -2.5
    rows[1].1[2] = 1e6
    let file = try folder.write(
      WeightedFile(
        declarations: Self.scales, ids: ["plus", "1", "2", "3", "4", "5", "6"], rows: rows
      ).text)
    let reading = try Reading([SampleInput(role: .benchmark("sm"), file: file)], [mu])
    #expect(reading.warnings.count == 1)
    #expect(
      reading.warnings.first?.hasPrefix(
        "systematic 'scales': in 2 of 2 rows (scales_nuisance_param_0)") == true,
      "\(reading.warnings)")
  }

  @Test("bad input")
  func bad() throws {
    func refuses(_ kind: Problem.Kind, _ says: String, _ body: () throws -> Void) {
      let problem = #expect(throws: Problem.self, performing: body)
      #expect(
        problem?.kind == kind && problem?.line.contains(says) == true, "\(problem?.line ?? "")")
    }
    let good = try scaleFile()
    let plain = try folder.write(
      WeightedFile(declarations: "", ids: [], rows: [(4, [])]).text, "plain.lhe")
    let sm = SampleInput(role: .benchmark("sm"), file: good)
    // A sample that should have the variations and does not.
    refuses(
      .data,
      "plain.lhe: systematic 'scales' needs a weight with muR=2.0 muF=2.0; the file declares none"
    ) {
      _ = try Reading([sm, SampleInput(role: .background, file: plain)], [mu])
    }
    // An event without one of its weights, and one that is not a number.
    let text = WeightedFile(
      declarations: Self.scales, ids: ["plus", "1", "2", "3", "4", "5", "6"], rows: Self.scaleRows
    ).text
    let lost = try folder.write(text.replacing("<wgt id='2'> 1.8 </wgt>\n", by: ""), "lost.lhe")
    refuses(.data, "the weight with id '2' is missing, which a systematic needs") {
      _ = try Reading([SampleInput(role: .benchmark("sm"), file: lost)], [mu])
    }
    // Other numbers of members.
    let few = try hessian("few.lhe", 13100, [(2, [2, 2, 2.2, 1.9])])
    let more = try hessian("more.lhe", 13100, [(2, [2, 2, 2.2, 1.9, 2.4, 1.7])])
    refuses(.data, "more.lhe has 4 members (CT14nlo, asymmetric-hessian)") {
      _ = try Reading(
        [
          SampleInput(role: .benchmark("sm"), file: few),
          SampleInput(process: "b", role: .background, file: more),
        ], pdf(PDFVariation(set: "CT14nlo")))
    }
    // Nothing to act on is said.
    let unused = try Reading(
      [sm], [Systematic(name: "x", effect: mu.effect, appliesTo: ["ttbar"])])
    #expect(unused.warnings == ["systematic 'x' acts on none of the samples"])
    #expect(unused.setup.nuisanceParameters == [])
  }
}
