import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// What each generator writes, in small texts of our own (ecosystem.md 4.1); files of others are in `ZooTests`.
@Suite("LHE flavours")
struct FlavourTests {
  /// A sample read as a background, and all that its events say.
  struct Found {
    var head: LHEHead
    var events: [ParticleEvent] = []
    var attributes: [[String: String]] = []
    var scales: [[String: String]] = []
    var weights: [[String: Double]] = []
    var record: SampleRecord?
    var warnings: [String] = []
  }

  static func read(_ bytes: [UInt8], concatenated: Bool = false) throws -> Found {
    let folder = TemporaryFolder()
    let path = try folder.write(bytes, "sample.lhe")
    let options = LHEReader.Options(concatenated: concatenated)
    let reader = try LHEReader(ByteReader(path: path), options)
    var found = Found(head: reader.head)
    let ids = reader.knownIDs
    let slots = ids.map { reader.want($0) }
    var event = ParticleEvent()
    while try reader.next(into: &event) {
      found.events.append(event)
      found.attributes.append(
        Dictionary(reader.attributes.map { ($0.name, $0.value) }) { a, _ in a })
      found.scales.append(Dictionary(reader.scales.map { ($0.name, $0.value) }) { a, _ in a })
      var values: [String: Double] = [:]
      for (id, slot) in zip(ids, slots) { values[id] = reader.weight(slot) }
      found.weights.append(values)
    }
    let setup = Setup(
      parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "only", values: [0])])
    var reading = ReadingOptions()
    reading.concatenated = concatenated
    let result = try readSamples(
      [SampleInput(role: .background, file: path)], setup: setup, options: reading)
    found.record = result.records.first
    found.warnings = result.warnings
    return found
  }
  static func read(_ text: String, concatenated: Bool = false) throws -> Found {
    try read(Array(text.utf8), concatenated: concatenated)
  }

  static let particles = """
     21 -1 0 0 503 501 +0.0 +0.0 +6.5e+01 6.5e+01 0.0 0. 1.
     21 -1 0 0 504 502 -0.0 -0.0 -6.5e+01 6.5e+01 0.0 0. 1.
     22 1 1 2 0 0 +2.5e+01 0.0 +6.0e+01 6.5e+01 0.0 0. 1.
     22 1 1 2 0 0 -2.5e+01 0.0 -6.0e+01 6.5e+01 0.0 0. 1.

    """
  static func event(_ weight: String, tag: String = "<event>", after: String = "") -> String {
    "\(tag)\n 4 1 \(weight) 6.5E+01 7.5E-03 1.2E-01\n\(particles)\(after)</event>\n"
  }
  static func file(
    version: String = "3.0", header: String = "", initBlock: String, events: String,
    tail: String = ""
  ) -> String {
    "<LesHouchesEvents version=\"\(version)\">\n\(header)<init>\n\(initBlock)</init>\n\(events)</LesHouchesEvents>\n\(tail)"
  }
  static let plainInit = "2212 2212 6.5E+03 6.5E+03 0 0 247000 247000 -4 1\n 2.0 0.01 2.0 1\n"

  @Test(
    "MadGraph 2, MLM: clustering, a comment line at the event's end, a head that is no XML, run card in CRLF"
  )
  func matched() throws {
    let found = try Self.read(
      Self.file(
        version: "1.0",
        header:
          "<header>\n<MGRunCard>\r\n average = event_norm ! a -- b < c & d\r\n 9 = nevents\r\n"
          + "</MGRunCard>\n<MGProcCard> p p > t t~ NP<=1 & QCD<2 -- </MGProcCard>\n</header>\n",
        initBlock: "2212 2212 6500 6500 0 0 247000 247000 3 1\n 2.0 0.01 2.0 0\n",
        events: (0..<3).map { _ in
          Self.event(
            "2.0",
            after: "<clustering>\n<clus scale=\"   90.308\"> 1 3 1</clus>\n</clustering>\n"
              + "#  0.700E+04  0.700E+04\n")
        }.joined()))
    #expect(found.events.count == 3 && found.warnings == [])
    #expect(found.record?.normalisation == "average (event_norm average, IDWTUP 3)")
    #expect(abs((found.record?.sumWeights ?? 0) - 2) < 1e-14)
  }

  @Test(
    "MadGraph5_aMC@NLO 2.5 and later, MLM and CKKW-L: the clustering in <scales>, <mgrwt> after it")
  func clustered() throws {
    let found = try Self.read(
      Self.file(
        initBlock: Self.plainInit,
        events: Self.event(
          "2.0",
          after: "<scales pt_clust_1=\"13000.00000\" pt_clust_2=\"33.88420\"></scales>\n"
            + "<mgrwt>\n<rscale>  0 0.34845210E+03</rscale>\n<asrwt>  1 0.10257926E+02</asrwt>\n"
            + "<pdfrwt beam=\"2\">  1        1 0.60576216E-01 0.34845210E+03</pdfrwt>\n</mgrwt>\n"))
    )
    #expect(found.scales == [["pt_clust_1": "13000.00000", "pt_clust_2": "33.88420"]])
    #expect(found.attributes == [[:]] && found.weights == [[:]])
    #expect(found.warnings == [])
  }

  @Test("MadGraph5_aMC@NLO, FxFx: weights of both signs, attributes with blanks, -.5E+01")
  func merged() throws {
    let weights = (0..<1000).map { $0 % 5 == 0 ? "-.5D+01" : "0.50000E+01" }
    let found = try Self.read(
      Self.file(
        version: "1.0",
        initBlock: "2212 2212 0.65E+04 0.65E+04 -1 -1 10800 10800 -4 2\n"
          + " 0.1E+01 0.1E+00 0.5E+01 2\n 0.2E+01 0.1E+00 0.5E+01 1\n",
        events: weights.map { Self.event($0, tag: "<event npLO=' -1 ' npNLO=' 1 '>") }.joined()))
    #expect(found.attributes.allSatisfy { $0 == ["npLO": "-1", "npNLO": "1"] })
    #expect(found.events.filter { $0.weight < 0 }.count == 200)
    // 5·(800 − 200)/1000
    #expect(abs((found.record?.sumWeights ?? 0) - 3) < 1e-12)
    #expect(abs((found.record?.sumAbsoluteWeights ?? 0) - 5) < 1e-12)
    #expect(found.warnings == [])
  }

  @Test(
    "POWHEG-BOX: the card in a comment, positional weights and ids of scales, #rwgt lines, text after the root"
  )
  func powheg() throws {
    let found = try Self.read(
      Self.file(
        header: "<!--\n! an input card with <event> and & and <init> in it\n numevts 3\n-->\n"
          + "<header>\n<initrwgt>\n<weightgroup name='nominal' combine='None' >\n"
          + "<weight id='MUR1.0_MUF1.0_PDF99208082' >default</weight>\n</weightgroup>\n"
          + "<weightgroup name='scale_variations' combine='None' >\n"
          + "<weight id='MUR2.0_MUF0.5_PDF99208082' > renscfact=2d0 facscfact=0.5d0 </weight>\n"
          + "</weightgroup>\n</initrwgt>\n</header>\n",
        initBlock: " 2212 2212 2.51E+03 2.51E+03 -1 -1 -1 -1 -4 1\n -1.0 -1.0 1.0 10001\n",
        events: (0..<3).map { i in
          Self.event(
            "4.0",
            after: "#rwgt            1          97   3.1D-002 28582 27 0\n"
              + "<weights>\n0.4E+01\n0.\(i)E+02\n</weights>\n<scales uborns=' 0.2D+04'> </scales>\n"
          )
        }.joined(), tail: " #Random number generator exit values: 28582 96443 0\n"))
    #expect(found.head.weights.map(\.group) == ["nominal", "scale_variations"])
    #expect(found.head.weights[1].scales == WeightScales(muR: 2, muF: 0.5, pdf: 99_208_082))
    #expect(found.weights.map { $0["MUR2.0_MUF0.5_PDF99208082"] } == [0, 10, 20])
    #expect(found.record?.normalisation == "average (IDWTUP -4)")
    // XSECUP −1 is no cross section.
    #expect(found.record?.declaredCrossSection.isNaN == true && found.warnings == [])
  }

  @Test(
    "Sherpa: trials, muf2 and mur2 on the event, cross section 1 1 1, a first event of its own format"
  )
  func sherpa() throws {
    let events =
      Self.event("6.0", tag: "<event trials='1' muf2='1936' mur2='1936'>")
      + Self.event("6.0", tag: "<event trials='3' muf2='1.9360000000e+03' mur2='1.12e+02'>")
      .replacing(" 21 -1", by: "      21    -1").replacing("0.0 0. 1.", by: "  0.0e+00  0  9")
    let found = try Self.read(
      Self.file(
        version: "1.0",
        header: "<header>\n<SHRunCard>\nBEAMS: [11, -11]\n</SHRunCard>\n</header>\n",
        initBlock: " 11 -11 22 22 0 0 -1 -1 3 1\n        1       1       1    1\n", events: events))
    #expect(found.record?.normalisation == "sum over trials (IDWTUP 3)")
    // (6 + 6)/(1 + 3)
    #expect(found.record?.sumWeights == 3)
    #expect(found.attributes[1]["muf2"] == "1.9360000000e+03")
    #expect(found.warnings == [])
  }

  @Test("Whizard: LHEF 2.0 with <xsecinfo>, a generator in text, <weight name> inside events")
  func whizard() throws {
    let found = try Self.read(
      Self.file(
        version: "2.0",
        header: "<header>\n<generator_name>WHIZARD</generator_name>\n"
          + "<generator_version>3.1.4</generator_version>\n</header>\n",
        initBlock: " 11 -11 2.5E+02 2.5E+02 -1 -1 -1 -1 3 1\n 4.0E+00 1.0E-02 1.0E+00 1\n"
          + "<xsecinfo neve=\"3\" totxsec=\"4.0\" />\n",
        events: (1...3).map {
          Self.event(
            "1.0000000000E+00", after: "<weight name=\"sqme_prc\">  \($0).5E-02</weight>\n")
        }.joined()))
    #expect(found.head.version == "2.0" && found.head.generator == "WHIZARD")
    #expect(found.weights.map { $0["sqme_prc"] } == [0.015, 0.025, 0.035])
    #expect(found.record?.normalisation == "XSECUP (IDWTUP 3)")
    #expect(abs((found.record?.sumWeights ?? 0) - 4) < 1e-14)
  }

  @Test("GiBUU: eight processes announced and none listed, no incoming particle, status 0")
  func gibuu() throws {
    let event =
      "<event>\n 2 0 7.5E-02 0. 0. 0.\n 211 0 0 0 0 0 -3.1E-01 -6.3E-01 8.5E+00 8.6E+00 1.38E-01 0. 9.\n"
      + " 2212 0 0 0 0 0 0.1 0.1 0.1 1.0 9.38E-01 0. 9.\n# 5 34 7.5E-02\n</event>\n"
    let found = try Self.read(
      Self.file(
        version: "1.0", initBlock: " 1 2 1.2E+00 2.3E+00 3 4 5 6 7 8\n", events: event + event))
    #expect(found.head.initBlock?.declaredProcesses == 8)
    #expect(found.record?.declaredCrossSection.isNaN == true)
    #expect(found.events[0].particles.map(\.status) == [0, 0])
    #expect(found.record?.normalisation == "as they stand (IDWTUP 7)")
    #expect(found.warnings.count == 1)
  }

  @Test("Pythia 6 and 8: a #pdf line after the particles, unit weights, two processes")
  func pythia() throws {
    let found = try Self.read(
      Self.file(
        version: "1.0",
        initBlock: "2212 -2212 9.8E+02 9.8E+02 0 0 7 7 3 2\n 5.0 0.5 1.0 81\n 1.0 0.1 1.0 82\n",
        events: (0..<6).map {
          Self.event("1.000000E+00", after: "#pdf 2 -2 1.1E-01 2.8E-01 1.7E+02 5.5E-01 3.5E-01\n")
            .replacing(" 4 1 1.0", by: " 4 \($0 == 5 ? 82 : 81) 1.0")
        }.joined()))
    #expect(found.record?.normalisation == "XSECUP (IDWTUP 3)")
    #expect(abs((found.record?.sumWeights ?? 0) - 6) < 1e-14)
    #expect(found.events.map(\.processID) == [81, 81, 81, 81, 81, 82])
  }

  @Test("LHEF 3: event groups, text on the tag's line, glued tags, <mgrwt>, self-closing weights")
  func lhef3() throws {
    let group =
      "<eventgroup nreal='1' ncounter='1'>\n" + Self.event("2.0")
      + Self.event("2.0").replacing("<event>\n", by: "<event> ").replacing(
        "\n</event>\n", by: "\n</event>")
      + "<event>\n 0 1 2.0 1 1 1\n</event></eventgroup>\n<eventgroup/>\n"
      + Self.event(
        "2.0",
        after: "<mgrwt>\n<pdfrwt beam=\"1\"> 1 21 0.1E-01 0.2E+02</pdfrwt>\n</mgrwt>\n"
          + "<rwgt><wgt id='a b.c'/><wgt id='d'>3</wgt></rwgt>\n")
    let found = try Self.read(Self.file(initBlock: Self.plainInit, events: group))
    #expect(found.events.map(\.particles.count) == [4, 4, 0, 4])
    #expect(found.weights.last == [:] && found.warnings == [])
  }

  @Test("tabs, CRLF everywhere and bytes that are no UTF-8 give the same as plain text")
  func bytes() throws {
    let text = Self.file(
      header: "<header>\n<MGRunCard>\n average = event_norm ! by J\u{e4}ger\n</MGRunCard>\n"
        + "<initrwgt>\n<weight id='\u{e9}'>x</weight>\n</initrwgt>\n</header>\n",
      initBlock: Self.plainInit,
      events: (0..<3).map {
        Self.event("2.0", after: "<rwgt>\n<wgt id='\u{e9}'> \($0)D+00 </wgt>\n</rwgt>\n")
      }.joined())
    let plain = try Self.read(text)
    #expect(plain.weights.map { $0["\u{e9}"] } == [0, 1, 2])
    let crlf = try Self.read(text.replacing("\n", by: "\r\n").replacing(" ", by: "\t"))
    #expect(crlf.events == plain.events && crlf.weights == plain.weights)
    #expect(crlf.record?.normalisation == plain.record?.normalisation)
    // In Latin 1, where an é is one byte.
    let latin = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let found = try Self.read(latin)
    #expect(found.events == plain.events)
    #expect(found.weights.map { $0["\u{fffd}"] } == [0, 1, 2])
    #expect(found.record?.normalisation == "average (event_norm average, IDWTUP -4)")
  }

  @Test("cards in CDATA and blocks without their end leave the rest of the head readable")
  func blocks() throws {
    let found = try Self.read(
      Self.file(
        header: "<header>\n<MG5ProcCard><![CDATA[ p p > w+ <init> </header> ]]></MG5ProcCard>\n"
          + "<MGRunCard><![CDATA[\n sum = event_norm\n]]></MGRunCard>\n<initrwgt>\n"
          + "<weight id='1'>x</weight>\n</header>\n",
        initBlock: Self.plainInit, events: Self.event("1.0") + Self.event("1.0")))
    #expect(found.head.weights.map(\.id) == ["1"])
    #expect(found.record?.normalisation == "sum (event_norm sum, IDWTUP -4)")
    #expect(found.record?.declaredCrossSection == 2 && found.record?.sumWeights == 2)
  }

  static func document(_ sigma: String, _ n: Int, energy: String = "6500", id: String = "1")
    -> String
  {
    file(
      header: "<header><initrwgt><weight id='v'/></initrwgt></header>\n",
      initBlock: "2212 2212 \(energy) 6500 0 0 1 1 -4 1\n \(sigma) 0.01 1 \(id)\n",
      events: (0..<n).map { _ in
        event(sigma, after: "<rwgt><wgt id='v'>7</wgt></rwgt>\n")
      }.joined())
  }

  @Test(
    "documents one after the other: an error, but one sample with --concatenated; cross sections averaged"
  )
  func documents() throws {
    let text = Self.document("2.0", 3) + "\n" + Self.document("2.1", 1) + Self.document("2.0", 0)
    let problem = #expect(throws: Problem.self) { try Self.read(text) }
    #expect(problem?.fact == "another LHE document starts after the end of the first")
    #expect(problem?.place?.contains(", line ") == true)
    let found = try Self.read(text, concatenated: true)
    #expect(found.events.count == 4 && found.weights.allSatisfy { $0 == ["v": 7] })
    // (3·2.0 + 2.1)/4 by weights and by <init>.
    #expect(abs((found.record?.sumWeights ?? 0) - 2.025) < 1e-14)
    #expect(abs((found.record?.declaredCrossSection ?? 0) - 2.025) < 1e-14)
    #expect(found.record?.normalisation == "average (IDWTUP -4); mean of 3 documents")
    #expect(found.warnings == [])
    // The same document twice is the same events twice.
    let twice = #expect(throws: Problem.self) {
      try Self.read(Self.document("2.0", 3) + Self.document("2.0", 3), concatenated: true)
    }
    #expect(twice?.fact == "document 2 has the first event of document 1")
    #expect(twice?.place?.hasPrefix("event 4 (byte ") == true && twice?.kind == .data)
    // The same from chunks of any size.
    for chunk in [1, 50, 1000] {
      let reader = try ReaderTests.reader(
        text, .init(keepsText: true, concatenated: true), chunk: chunk)
      var bytes = reader.headBytes
      var event = ParticleEvent()
      while try reader.next(into: &event) {
        bytes += reader.bytesBeforeEvent
        bytes += reader.eventBytes
      }
      #expect(bytes + reader.tailBytes == Array(text.utf8))
      #expect(reader.documents.count == 3)
    }
  }

  @Test(
    "documents of different beams or processes are not one sample",
    arguments: [
      (document("2.0", 1, energy: "7000"), "the beams differ"),
      (document("2.0", 1, id: "2"), "the processes (LPRUP) differ"),
      (document("2.0", 1).replacing("'v'", by: "'w'"), "the weights' ids differ"),
      (document("2.0", 1).replacing("-4 1", by: "-3 1"), "IDWTUP is -4 and -3"),
    ])
  func strangers(second: String, fact: String) throws {
    let problem = #expect(throws: Problem.self) {
      try Self.read(Self.document("2.0", 2) + second, concatenated: true)
    }
    #expect(problem?.kind == .data)
    #expect(problem?.fact == "document 2 is not of the same process: \(fact)")
    // A file that ends inside the second head is cut, not short.
    let cut = #expect(throws: Problem.self) {
      try Self.read(Self.document("2.0", 2) + second.prefix(150), concatenated: true)
    }
    #expect(cut?.fact == "the file ends before the first event of a document")
  }

  @Test("a second <init>: between events, and one that differs in the head")
  func secondInit() throws {
    let initBlock = "<init>\n" + Self.plainInit + "</init>\n"
    let between = Self.file(
      initBlock: Self.plainInit, events: Self.event("2") + initBlock + Self.event("2"))
    let problem = #expect(throws: Problem.self) { try Self.read(between) }
    #expect(problem?.kind == .data && problem?.fact == "a second <init> stands between events")
    let same = Self.file(header: initBlock, initBlock: Self.plainInit, events: Self.event("2"))
    #expect(try Self.read(same).events.count == 1)
    let other = same.replacing(
      "<init>\n" + Self.plainInit + "</init>\n<event>",
      by:
        "<init>\n" + Self.plainInit.replacing("2.0 0.01", by: "3.0 0.01") + "</init>\n<event>")
    let differs = #expect(throws: Problem.self) { try Self.read(other) }
    #expect(differs?.place == "line 6" && differs?.kind == .data)
  }

  @Test("weights that a setup does not need: NaN and counted; those that it needs: an error")
  func missing() throws {
    var file = SmallFile()
    file.head = file.head.replacing(
      "<weight id='both'>", by: "<weight id='muf'>x</weight><weight id='both'>")
    file.events[0] = file.events[0].replacing("</rwgt>", by: "<wgt id='muf'>10</wgt></rwgt>")
    let folder = TemporaryFolder()
    let input = SampleInput(role: .benchmark("sm"), file: try folder.write(file.text))
    var options = ReadingOptions()
    options.extraWeights = .all
    nonisolated(unsafe) var notes: [String] = []
    let set = try SampleSet(
      [input], setup: smallSetup(), options: options, journal: Journal(onNote: { notes.append($0) })
    )
    _ = try set.read(into: MemorySink(), select: lastPx)
    #expect(
      notes.contains { $0.contains("4 values of weights beyond benchmarks are missing (NaN)") })
  }
}
