import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// A folder with a setup for our W+H samples and the small sample that stands with the tests.
private struct Bench {
  let folder = TemporaryFolder()
  static let sample = Place.root + "/Tests/Fixtures/wh_200.lhe.gz"

  init(_ change: (inout Setup) -> Void = { _ in }) throws {
    var setup = Self.setup
    change(&setup)
    try Output.writeDocument(
      Header(kind: .setup, document: setup.document(withReference: false)),
      to: folder.file("setup.h5"), options: OutputOptions(format: .hdf5))
  }

  static var setup: Setup {
    let points: [(String, [Double])] = [
      ("sm", [0, 0]), ("chw_pos", [1, 0]), ("chw_neg", [-1, 0]), ("chq3_pos", [0, 0.3]),
      ("chq3_neg", [0, -0.3]), ("chw_pos_chq3_pos", [1, 0.3]),
    ]
    return Setup(
      name: "wh",
      parameters: [
        Parameter(name: "cHW", lhaBlock: "SMEFT", lhaID: 7, range: -1...1),
        Parameter(name: "cHq3", lhaBlock: "SMEFT", lhaID: 25, range: -0.3...0.3),
      ], benchmarks: points.map { Benchmark(name: $0.0, values: $0.1) },
      observables: [
        Observable(name: "pt_l", expression: "l[0].pt"),
        Observable(name: "m_bb", expression: "(b[0] + b[1]).m"),
      ])
  }

  /// Text of the sample.
  static func text() -> String { run("zcat", [sample]).text }

  /// Writes a file into the folder.
  func write(_ bytes: [UInt8], _ name: String) { _ = run("tee", [folder.file(name)], input: bytes) }
  func write(_ text: String, _ name: String) { write(Array(text.utf8), name) }

  func callAsFunction(_ arguments: String, input: [UInt8] = []) -> Outcome {
    shell("lhe-read --setup setup.h5 " + arguments, in: folder.path, input: input)
  }

  func events(_ name: String) throws -> EventTable {
    try EventTable.load(
      Input.openTable(folder.file(name), expecting: [.events], journal: Journal()))
  }
}

extension String {
  /// The n-th event (from 1) changed; the rest as it stands.
  fileprivate func changing(event n: Int, _ part: String, to other: String) -> String {
    var pieces: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: "</event>\n") {
      pieces.append(rest[..<range.upperBound])
      rest = rest[range.upperBound...]
    }
    var result = ""
    for (i, piece) in pieces.enumerated() {
      if i == n - 1, let range = piece.firstRange(of: part) {
        result += piece[..<range.lowerBound] + other + piece[range.upperBound...]
      } else {
        result += piece
      }
    }
    return result + rest
  }
}

@Suite("lhe-read")
struct LHEReadTests {
  @Test("a good file: rows, weights in pb, sample table, and not a word")
  func good() throws {
    let bench = try Bench()
    let outcome = bench("--sample sm:\(Bench.sample) -o out.h5")
    #expect(outcome.status == 0 && outcome.error == "" && outcome.output.isEmpty)
    let table = try bench.events("out.h5")
    #expect(table.count == 200 && table.observableNames == ["pt_l", "m_bb"])
    let sample = try #require(table.samples.first)
    #expect(table.samples.count == 1)
    #expect(sample.eventsRead == 200 && sample.eventsKept == 200 && sample.process == "wh")
    #expect(sample.normalisation == "average (event_norm average, IDWTUP -4)")
    let sum = stride(from: 0, to: table.weights.count, by: 6).reduce(0) { $0 + table.weights[$1] }
    // Equal weights, so their mean is the one that is printed: only rounding of 200 additions.
    #expect(relativeError(sum, 0.031952759) < 1e-7)
    #expect(relativeError(sum, sample.sumWeights) < 1e-12)
    // The Higgs boson is exactly on its shell of 125.09 GeV; momenta have eleven digits.
    #expect(abs(table.observations[1] - 125.09) < 1e-6)
    #expect(Set(table.eventIDs).count == 200)
  }

  @Test("the same bytes for any number of threads; file, stream and standard input agree")
  func threads() throws {
    let bench = try Bench()
    for n in 1...3 {
      let outcome = bench("--sample sm:\(Bench.sample) --no-provenance -@ \(n) -o t\(n).h5")
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    #expect(run("cmp", ["t1.h5", "t2.h5"], in: bench.folder.path).status == 0)
    #expect(run("cmp", ["t1.h5", "t3.h5"], in: bench.folder.path).status == 0)
    let piped = shell(
      "zcat \(Bench.sample) | lhe-read --setup setup.h5 --sample sm:- > out.arrows",
      in: bench.folder.path)
    #expect(piped.status == 0 && piped.error == "")
    let (file, stream) = (try bench.events("t1.h5"), try bench.events("out.arrows"))
    #expect(file.weights == stream.weights && file.eventIDs == stream.eventIDs)
    #expect(stream.samples[0].file == "standard input")
    #expect(stream.samples[0].key == file.samples[0].key)
  }

  @Test("several samples, a background, k-factors; -v has a line for each sample")
  func several() throws {
    let bench = try Bench()
    bench.write(Bench.text().changing(event: 1, "-11 ", to: "-13 "), "other.lhe")
    bench.write(Bench.text().changing(event: 1, "-11 ", to: "-15 "), "bkg.lhe")
    // Other events: other partons enter.
    let others = shell(
      """
      sed -i -E 's/^ *-?[0-9]+ +-1 /  21 -1 /' other.lhe
      sed -i -E 's/^ *-?[0-9]+ +-1 /  22 -1 /' bkg.lhe
      """, in: bench.folder.path)
    #expect(others.status == 0)
    let outcome = bench(
      "\(Bench.sample) --sample wh/sm:other.lhe --background wbb:bkg.lhe --k-factor wbb=1.5 -v -o out.h5"
    )
    #expect(outcome.status == 0, "\(outcome.error)")
    for name in [Bench.sample, "other.lhe", "bkg.lhe"] {
      #expect(outcome.error.contains("lhe-read: \(name): 200 events, 200 kept, 0.0319528 pb"))
    }
    let table = try bench.events("out.h5")
    #expect(table.samples.map(\.process) == ["wh", "wh", "wbb"])
    #expect(table.samples.map(\.samplingBenchmark) == [0, 0, -1])
    #expect(table.samples.map(\.kFactor) == [1, 1, 1.5])
    #expect(table.sampleIndices == (0..<600).map { Int32($0 / 200) })
    let background = table.weights[400 * 6..<401 * 6]
    #expect(background.allSatisfy { relativeError($0, 0.031952759 * 1.5 / 200) < 1e-7 })
  }

  /// What is wrong, how the sample is changed, exit code, and what the line says besides command and file.
  static let spoiled: [(String, @Sendable (String) -> String, String)] = [
    (
      "weight id missing", { $0.changing(event: 50, "<wgt id='chw_neg'>", to: "<wgt id='x'>") },
      "event 50 (byte "
    ),
    (
      "NaN weight",
      { $0.changing(event: 50, "<wgt id='chw_neg'> +", to: "<wgt id='chw_neg'> nan +") },
      "'chw_neg'"
    ),
    (
      "infinite weight", { $0.changing(event: 50, "<wgt id='sm'> +3", to: "<wgt id='sm'> +3e999") },
      "event 50 (byte "
    ),
    (
      "particle line short",
      { $0.changing(event: 7, "0.0000e+00 -1.0000e+00\n", to: "0.0000e+00\n") }, "event 7 (byte "
    ),
    ("wrong NUP", { $0.changing(event: 7, " 8      1 ", to: " 9      1 ") }, "event 7 (byte "),
    ("truncated", { String($0.dropLast(3000)) }, "(byte "),
    ("end of root missing", { String($0.dropLast(20)) }, "without </LesHouchesEvents>"),
    (
      "event_norm by a factor N",
      { $0.changing(event: 1, "average =  event_norm", to: "sum =  event_norm") },
      "--event-norm average"
    ),
    (
      "point of a weight", { $0.changing(event: 1, "smeft 7 -1.0", to: "smeft 7 -0.9") },
      "weight 'chw_neg' is at cHW=-0.9"
    ),
    (
      "card of another point",
      { $0.changing(event: 1, "      7 0.000000e+00 # chw\n", to: "      7 5.000000e-01 # chw\n") },
      "the parameter card is at"
    ),
    ("empty", { _ in "" }, "the file is empty"),
    ("not LHE", { _ in "column\n1\n" }, "not a Les Houches event file"),
  ]

  @Test("broken samples: 65, one line, nothing left behind", arguments: spoiled.indices)
  func broken(index: Int) throws {
    let (name, change, fact) = Self.spoiled[index]
    let bench = try Bench()
    let good = Bench.text()
    let bad = change(good)
    try #require(bad != good, "the change '\(name)' must hit")
    bench.write(bad, "bad.lhe")
    for output in ["-o out.h5", "-o out.arrows", "> piped"] {
      let outcome = bench("--sample sm:bad.lhe \(output)")
      check(outcome, 65, "bad.lhe", fact)
    }
    #expect(bench.folder.contents == ["bad.lhe", "piped", "setup.h5"])
    #expect(run("wc", ["-c", bench.folder.file("piped")]).text.hasPrefix("0 "))
  }

  private func check(_ outcome: Outcome, _ status: Int32, _ file: String, _ fact: String) {
    #expect(outcome.status == status, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("lhe-read: error: "), "\(outcome.error)")
    // With Foundation no text contains the empty one.
    for part in [file, fact] where !part.isEmpty {
      #expect(outcome.error.contains(part), "\(outcome.error)")
    }
    // That a file is not there speaks for itself.
    #expect(status == 66 || outcome.error.contains("; "), "a remedy: \(outcome.error)")
    #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
    #expect(outcome.output.isEmpty)
  }

  @Test("truncated gzip, an HDF5 file, the same file twice, no file, names that are not there")
  func others() throws {
    let bench = try Bench()
    let packed = run("cat", [Bench.sample]).output
    bench.write(Array(packed.dropLast(packed.count / 3)), "cut.lhe.gz")
    check(bench("--sample sm:cut.lhe.gz -o out.h5"), 65, "cut.lhe.gz", "")
    check(bench("--sample sm:setup.h5 -o out.h5"), 65, "setup.h5", "HDF5 file")
    let sample = Bench.sample
    check(
      bench("--sample sm:\(sample) --sample sm:\(sample) -o out.h5"), 65, sample, "the same sample")
    check(bench("--sample sm:absent.lhe -o out.h5"), 66, "absent.lhe", "")
    check(bench("--sample nosuch:\(sample) -o out.h5"), 64, "", "no benchmark 'nosuch'")
    check(bench("--sample \(sample) -o out.h5"), 64, "", "names no benchmark")
    check(bench("--sample sm:\(sample) --k-factor x=2 -o out.h5"), 64, "", "process 'x'")
    // Without an operand standard input is read, and here it is empty.
    check(bench("-o out.h5"), 65, "standard input", "empty")
    #expect(bench.folder.contents == ["cut.lhe.gz", "setup.h5"])
  }

  @Test("no event after the cuts, and an observable that must not be undefined")
  func cuts() throws {
    let none = try Bench { $0.cuts = ["l[0].pt > 1e9"] }
    check(none("--sample sm:\(Bench.sample) -o out.h5"), 65, "wh_200", "no event passes the cuts")
    let undefined = try Bench {
      $0.observables.append(Observable(name: "mu", expression: "mu[0].pt", onUndefined: .error))
    }
    check(
      undefined("--sample sm:\(Bench.sample) -o out.h5"), 65, "wh_200", "event 1 (byte ")
    let half = try Bench { $0.cuts = ["l[0].pt > 50"] }
    #expect(half("--sample sm:\(Bench.sample) -o out.h5").status == 0)
    let table = try half.events("out.h5")
    #expect((1..<200).contains(table.count))
    #expect(table.samples[0].eventsKept == table.count && table.samples[0].eventsRead == 200)
    #expect(stride(from: 0, to: table.count * 2, by: 2).allSatisfy { table.observations[$0] > 50 })
  }

  @Test("salvage keeps the whole events, says so, and marks the output")
  func salvage() throws {
    let bench = try Bench()
    let text = Bench.text()
    bench.write(String(text.dropLast(3000)), "cut.lhe")
    let outcome = bench("--sample sm:cut.lhe --salvage -o out.h5")
    #expect(outcome.status == 0)
    #expect(outcome.error.hasPrefix("lhe-read: warning: cut.lhe: event "), "\(outcome.error)")
    let table = try bench.events("out.h5")
    #expect((190..<200).contains(table.count))
    #expect(table.samples[0].normalisation.hasSuffix("; salvaged"))
    let header = try Input.readHeader(
      bench.folder.file("out.h5"), expecting: [.events], journal: Journal())
    #expect(header.document.texts("sluice/salvaged") == ["cut.lhe"])
  }

  @Test("weights beyond the benchmarks")
  func extraWeights() throws {
    let bench = try Bench()
    #expect(bench("--sample sm:\(Bench.sample) --weights all -o out.h5").status == 0)
    let header = try Input.readHeader(
      bench.folder.file("out.h5"), expecting: [.events], journal: Journal())
    let field = try #require(header.fields.first { $0.path == EventFields.extraWeights })
    #expect(field.components == (1...14).map { "\($0)" })
  }

  @Test("a full disk is 74, a reader that leaves is quiet success")
  func output() throws {
    let bench = try Bench()
    let full = bench("--sample sm:\(Bench.sample) > /dev/full")
    #expect(full.status == 74, "\(full.error)")
    let left = shell(
      "lhe-read --setup setup.h5 --sample sm:\(Bench.sample) | head -c 100 > /dev/null; exit ${PIPESTATUS[0]}",
      in: bench.folder.path)
    #expect(left.status == 0 && left.error == "", "\(left.error)")
  }
}
