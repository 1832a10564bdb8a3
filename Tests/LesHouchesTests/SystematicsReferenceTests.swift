import Diagnostics
import EventIO
import EventModel
import Observables
import TestSupport
import Testing

@testable import LesHouches

/// Systematics of whole samples against numbers made independently (../shared).
@Suite("Reference numbers of systematics", .needsShared)
struct SystematicsReferenceTests {
  private static let golden = Place.shared + "/golden/events"

  /// Reads and returns the table, through the sink that lhe-read uses.
  private func read(
    _ inputs: [SampleInput], _ setup: Setup, _ options: ReadingOptions = .init()
  ) throws -> (setup: Setup, rows: [[Double]], observations: [Double], warnings: [String]) {
    let journal = Journal()
    let set = try SampleSet(inputs, setup: setup, options: options, journal: journal)
    let sink = MemorySink()
    let outer = try set.openSink(set.header(observables: setup.observables)) { _ in sink }
    let processor = EventProcessor(try Selection(setup))
    _ = try set.read(into: outer) { event, number, id, row in
      guard
        case .kept(let efficiency) = try processor.process(
          event, number: number, id: id, into: &row)
      else { return nil }
      return efficiency
    }
    let made = try Setup(document: try #require(sink.document))
    let width = made.weightNames.count
    var rows: [[Double]] = []
    var observations: [Double] = []
    for batch in sink.batches {
      observations += batch.columns[0].doubles
      let weights = batch.columns[1].doubles
      for row in 0..<batch.count { rows.append(Array(weights[row * width..<(row + 1) * width])) }
    }
    return (made, rows, observations, journal.warnings.map(\.text))
  }

  /// MadMiner's toy files with its own setup, which has the scales; example.h5 was made of them (with smeared jets, so
  /// that some events are missing there, and photons as they are).
  @Test("nuisance weights of example.h5 from its LHE files and its setup")
  func example() throws {
    let document = try Input.readHeader(
      Self.golden + "/setup.h5", expecting: [.setup], journal: Journal()
    ).document
    var setup = try Setup(document: document)
    #expect(setup.systematics.map(\.type) == ["scale"])
    setup.systematics.append(
      Systematic(
        name: "signal_norm", effect: .norm(NormVariation(up: 1.1)), appliesTo: ["signal"]))
    setup.observables = [Observable(name: "m_aa", expression: "(a[0] + a[1]).m")]
    setup.efficiencies = ["0.9"]
    var options = ReadingOptions()
    options.kFactors = try KFactors(parsing: ["bkg=1.2"])
    let lhe = Self.golden + "/lhe/"
    let ours = try read(
      [
        SampleInput(role: .benchmark("sm"), file: lhe + "signal_sm.lhe"),
        SampleInput(role: .benchmark("w"), file: lhe + "signal_w.lhe"),
        SampleInput(process: "bkg", role: .background, file: lhe + "background.lhe"),
      ], setup, options)
    let theirs = try EventTable.load(
      Input.openTable(Self.golden + "/example.h5", expecting: [.events], journal: Journal()))
    #expect(Set(ours.setup.weightNames) == Set(theirs.setup.weightNames))
    #expect(
      Set(ours.setup.nuisanceParameters.map(\.name))
        == Set(theirs.setup.nuisanceParameters.map(\.name)))
    for parameter in ours.setup.nuisanceParameters {
      #expect(theirs.setup.nuisanceParameters.contains(parameter))
    }
    var found = 0
    for row in 0..<theirs.count {
      let mass = theirs.observations[row * 4 + 3]
      guard let own = ours.observations.firstIndex(where: { abs($0 - mass) < 1e-7 }) else {
        Issue.record("no event with m_aa = \(mass)")
        continue
      }
      found += 1
      for (column, name) in theirs.setup.weightNames.enumerated() {
        let mine = try #require(ours.setup.weightNames.firstIndex(of: name))
        let value = theirs.weights[row * theirs.weightCount + column]
        // Products and quotients of the same numbers of the file.
        #expect(relativeError(ours.rows[own][mine], value) < 1e-13, "\(name), row \(row)")
      }
    }
    #expect(found == 325)
  }

  /// truth.json, samples/background_syst/mean_systematic_weight_pb: means of 20,000 weights of 8 digits.
  @Test("envelopes and scales of background_syst are its known means")
  func background() throws {
    let means = [
      1.3107784950188863, 1.399925499999383, 1.4751492268939812, 1.022392640858175,
      1.1495359023352458, 0.8209618613137754, 0.8760002551595394, 0.9223785841287424,
      1.0913733953994853, 0.8679402528218503, 1.304252268033224, 1.100977694620391,
      1.2310677988585013, 1.041224404264262,
    ]
    func mean(_ id: Int) -> Double { means[id - 1] }
    func scale(_ name: String, _ kind: ScaleVariation.Kind) -> Systematic {
      Systematic(name: name, effect: .scale(ScaleVariation(kind: kind)))
    }
    let sets = [247000, 246800, 315200, 315000, 21000, 10042]
    var setup = ReferenceTests.setup
    setup.observables = []
    setup.systematics = [
      scale("mu", .mu), scale("mur", .mur), scale("muf", .muf), scale("seven", .sevenPoint),
      scale("nine", .ninePoint),
      Systematic(
        name: "pdf",
        effect: .pdf(PDFVariation(ids: sets, combination: .envelope, confidenceLevel: 68))),
    ]
    let file = Place.shared + "/data/background_syst.lhe.gz"
    let result = try read([SampleInput(role: .background, file: file)], setup)
    #expect(result.warnings == [])
    let expected: [String: (Double, Double)] = [
      "mu": (mean(8), mean(1)), "mur": (mean(7), mean(2)), "muf": (mean(5), mean(4)),
      // Without (½, 2) and (2, ½) the extremes are (½, 1) and (2, 2) …
      "seven": ([1, 2, 4, 5, 7, 8].map(mean).max() ?? 0, [1, 2, 4, 5, 7, 8].map(mean).min() ?? 0),
      "nine": ((1...8).map(mean).max() ?? 0, (1...8).map(mean).min() ?? 0),
      "pdf": ((9...14).map(mean).max() ?? 0, (9...14).map(mean).min() ?? 0),
    ]
    for (name, (up, down)) in expected {
      for (i, wanted) in [up, down].enumerated() {
        let column = try #require(
          result.setup.weightNames.firstIndex(of: "\(name)_nuisance_param_0_benchmark_\(i)"))
        let sum: Double = result.rows.reduce(0.0) { $0 + $1[column] }
        // Weights of 8 digits, rounded at random: 5e-9/√20000, and their common nominal weight to 8 digits.
        #expect(relativeError(sum, wanted) < 2e-8, "\(name) \(i)")
      }
    }
  }

  /// The one real error set at hand: 100 replicas of NNPDF23_lo in MadGraph 3.5.8's p p > j j.
  @Test("replicas of a real file: σ's variance is that of its 100 weights")
  func replicas() throws {
    let file = Place.shared + "/lhe-zoo/pylhe-testfile-madgraph5-3.5.8-pp_to_jj.lhe.gz"
    var setup = ReferenceTests.setup
    setup.observables = []
    setup.systematics = [
      Systematic(name: "all", effect: .pdf(PDFVariation(fraction: 1))),
      Systematic(name: "some", effect: .pdf(PDFVariation())),
    ]
    let input = SampleInput(role: .background, file: file)
    let result = try read([input], setup)
    setup.systematics = []
    var options = ReadingOptions()
    options.extraWeights = .ids((45...145).map(String.init))
    let set = try SampleSet([input], setup: setup, options: options, journal: Journal())
    let sink = MemorySink()
    _ = try set.read(into: sink) { _, _, _, _ in 1 }
    var sums = [Double](repeating: 0, count: 101)
    for batch in sink.batches {
      for (i, w) in batch.columns[5].doubles.enumerated() { sums[i % 101] += w }
    }
    let members = sums.dropFirst()
    let mean: Double = members.reduce(0, +) / 100
    let variance: Double = members.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 99
    func components(_ systematic: String) -> (count: Int, variance: Double) {
      var total = 0.0
      var count = 0
      for (column, name) in result.setup.weightNames.enumerated()
      where name.hasPrefix(systematic + "_nuisance") {
        let shift: Double = result.rows.reduce(0.0) { $0 + ($1[column] - $1[0]) }
        total += shift * shift
        count += 1
      }
      return (count, total)
    }
    let all = components("all")
    #expect(all.count == 99)
    #expect(relativeError(all.variance, variance) < 1e-9)
    let some = components("some")
    #expect(some.count < 60, "\(some.count) components")
    // 99 % of the variance of weights; of the cross section, which is smooth, rather more than less.
    #expect(some.variance / variance > 0.95 && some.variance <= variance)
  }
}
