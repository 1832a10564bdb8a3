import Diagnostics
import EventIO
import EventModel
import Glibc
import TestSupport
import Testing

@testable import LesHouches

@Suite("Broken LHE files")
struct BadInputTests {
  /// The problem that reading a text ends with; nil where it is read.
  static func problem(_ text: String, options: ReadingOptions = ReadingOptions()) -> Problem? {
    do {
      _ = try readText(text, options: options)
      return nil
    } catch { return error as? Problem }
  }

  /// Every case: what is wrong, the change of event 3 (of 5), and what the message must say.
  static let spoiled: [(String, String, String, String)] = [
    (
      "id missing", "<wgt id='both'> 1.0-101 </wgt>\n", "",
      "id 'both' is missing; the file declares sm, rwgt_2, both"
    ),
    ("NaN", "5.0</wgt>", "NaN</wgt>", "weight 'rwgt_2' is nan"),
    ("infinite", "5.0</wgt>", " -inf </wgt>", "weight 'rwgt_2' is -inf"),
    ("overflow", "5.0</wgt>", "1e999</wgt>", "weight 'rwgt_2' is inf"),
    ("Fortran overflow", "5.0</wgt>", "*****</wgt>", "weight 'rwgt_2' is '*****', not a number"),
    ("two numbers", "5.0</wgt>", "5.0 6.0</wgt>", "weight 'rwgt_2' is '5.0 6.0', not a number"),
    ("no number", "5.0</wgt>", "</wgt>", "the weight with id 'rwgt_2' is missing"),
    ("weight twice", "</rwgt>", "<wgt id='sm'>2</wgt></rwgt>", "id 'sm' is there twice"),
    ("no id", "<wgt id='sm'>", "<wgt name='sm'>", "a <wgt> without an id"),
    ("</wgt> missing", "5.0</wgt>", "5.0", "<wgt id='rwgt_2'> is not closed"),
    ("</rwgt> missing", "</rwgt>\n", "", "<rwgt> is not closed"),
    ("</event> missing", "</event>\n", "", "</event> is missing before the next <event>"),
    ("event weight NaN", "+2.0000000e+00 9.1e+01", "nan 9.1e+01", "XWGTUP) is nan"),
    ("NUP too large", " 3 1 +2", " 4 1 +2", "announces 4 particles and there are 3"),
    ("NUP too small", " 3 1 +2", " 2 1 +2", "more particles than the 2"),
    ("NUP negative", " 3 1 +2", " -3 1 +2", "number of particles is -3"),
    (
      "short particle", "200.0 80.4 0. 9.", "200.0 80.4 0.",
      "a particle line has 12 columns where 13 are needed"
    ),
    (
      "word in particle", "2.5 0. 0. 200.0", "2.5 x 0. 200.0",
      "column 8 of a particle line is 'x', not a number"
    ),
    (
      "real status", "24 1 1 2", "24 1.5 1 2",
      "column 2 of a particle line is '1.5', not an integer"
    ),
    (
      "momentum NaN", "2.5 0. 0. 200.0", "2.5 nan 0. 200.0",
      "particle 3 has a momentum that is not finite"
    ),
    (
      "short head line", "9.1e+01 7.5e-03 1.2D-01", "9.1e+01",
      "the head line of the event has 4 columns where 6 are needed"
    ),
    (
      "text between events", "<event>\n 3", "garbage\n<event>\n 3", "text between events: 'garbage'"
    ),
    ("broken tag", "<event>\n 3", "<evnt>\n 3", "text between events: '3 1 +2"),
    ("stray end", "<event>\n 3", "</event>\n<event>\n 3", "</event> without <event>"),
    (
      "second root", "<event>\n 3", "<LesHouchesEvents version='3.0'>\n<event>\n 3",
      "another LHE document starts inside"
    ),
  ]

  @Test(
    "what is wrong in one event is named with the event, its byte and a remedy", arguments: spoiled)
  func oneEvent(name: String, part: String, other: String, fact: String) throws {
    var file = SmallFile()
    let good = file.events[2]
    file.events[2] = good.replacing(part, by: other)
    try #require(file.events[2] != good, "the change must hit")
    let problem = try #require(Self.problem(file.text))
    #expect(problem.kind == .data)
    #expect(problem.fact.contains(fact), "\(problem.line)")
    #expect(problem.remedy != nil)
    #expect(problem.file?.hasSuffix("sample.lhe") == true)
    // A missing closing tag shows in the event that misses it; all others in event 3 too.
    let place = try #require(problem.place)
    #expect(place.hasPrefix("event 3 (byte "), "\(problem.line)")
    let parts = place.dropFirst("event 3 (byte ".count).dropLast().split(separator: ",")
    let byte = try #require(Int(parts[0]))
    let range = file.offset(ofEvent: 2)...file.offset(ofEvent: 3) + 8
    #expect(range.contains(byte), "\(problem.line)")
    // The line, counted another way.
    let before = file.text.utf8.prefix(byte).filter { $0 == 10 }.count
    #expect(parts.last == " line \(before + 1)", "\(problem.line)")
  }

  @Test(
    "a file cut at any byte is refused with its place; with salvage the whole events before the cut are kept"
  )
  func truncation() throws {
    let file = SmallFile()
    let bytes = Array(file.text.utf8)
    let folder = TemporaryFolder()
    var salvage = ReadingOptions()
    salvage.salvage = true
    let path = folder.file("cut.lhe")
    let input = [SampleInput(role: .benchmark("sm"), file: path)]
    let end = bytes.count - 1
    for cut in 0..<end {
      try Self.save(bytes[..<cut], path)
      let problem = #expect(throws: Problem.self, "cut at \(cut)") {
        try readSamples(input, setup: smallSetup())
      }
      #expect(problem?.kind == .data && problem?.file == path && problem?.remedy != nil)
      // A head without the root's tag is no LHE file; everything else has a byte.
      let isNoFile = problem?.fact.contains("LesHouchesEvents> is missing") == true
      #expect(problem?.place?.contains("byte \(cut)") == true || isNoFile || cut < 17)
      let whole = (0..<5).filter { file.offset(ofEvent: $0 + 1) - 1 <= cut }.count
      let kept = try? readSamples(input, setup: smallSetup(), options: salvage)
      #expect(kept?.records.first?.eventsRead ?? 0 == whole, "cut at \(cut)")
      if let kept {
        #expect(kept.records[0].normalisation.hasSuffix("; salvaged"))
        #expect(kept.warnings.count == 1)
      }
    }
    // Only the newline after the root is missing.
    _ = try readText(String(decoding: bytes[..<end], as: UTF8.self))
  }

  static func save(_ bytes: ArraySlice<UInt8>, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    try #require(fclose(file) == 0 && written == bytes.count)
  }

  @Test("gzip cut at any byte, its trailer too, is refused; with salvage whole events are kept")
  func gzip() throws {
    let folder = TemporaryFolder()
    let plain = try folder.write(SmallFile().text)
    let packed = run("gzip", ["-c", plain]).output
    try #require(packed.count > 100)
    let path = folder.file("cut.lhe.gz")
    let input = [SampleInput(role: .benchmark("sm"), file: path)]
    var salvage = ReadingOptions()
    salvage.salvage = true
    var mostKept = 0
    for cut in 3..<packed.count {
      try Self.save(packed[..<cut], path)
      let problem = #expect(throws: Problem.self, "cut at \(cut)") {
        try readSamples(input, setup: smallSetup())
      }
      #expect(problem?.kind == .data && problem?.file == path && problem?.remedy != nil)
      if let kept = try? readSamples(input, setup: smallSetup(), options: salvage) {
        #expect(kept.records[0].eventsRead >= mostKept && kept.warnings.count == 1)
        mostKept = kept.records[0].eventsRead
      }
    }
    // The last cuts take only the trailer.
    #expect(mostKept == 5)
    // One flipped bit of the checksum.
    var spoiled = packed
    spoiled[packed.count - 6] ^= 1
    try Self.save(spoiled[...], path)
    #expect(throws: Problem.self) { try readSamples(input, setup: smallSetup()) }
  }

  @Test("gzip members one after the other are one text, wherever the border is")
  func members() throws {
    let folder = TemporaryFolder()
    let text = Array(SmallFile().text.utf8)
    let plain = try readText(SmallFile().text).weights
    for border in [1, 500, SmallFile().offset(ofEvent: 2), SmallFile().offset(ofEvent: 3) + 20] {
      let members =
        run("gzip", ["-c"], input: Array(text.prefix(border))).output
        + run("gzip", ["-c"], input: Array(text.dropFirst(border))).output
      let path = try folder.write(members, "members.lhe.gz")
      let input = [SampleInput(role: .benchmark("sm"), file: path)]
      #expect(try readSamples(input, setup: smallSetup()).weights == plain)
    }
  }

  @Test(
    "files that are something else",
    arguments: [
      ("", "the file is empty"), ("  \n", "the file is empty"),
      ("hello\n", "not a Les Houches event file"), ("HepMC::Version 3\n", "a HepMC file"),
      ("root\u{0}\u{0}", "a ROOT file"),
    ])
  func other(text: String, fact: String) throws {
    let problem = try #require(Self.problem(text))
    #expect(problem.kind == .data && problem.fact.contains(fact) && problem.remedy != nil)
  }

  @Test("binary files that are something else")
  func binary() throws {
    let folder = TemporaryFolder()
    for (bytes, fact) in [
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0], "HDF5 file"),
      ([0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], "an Arrow stream"),
    ] as [([UInt8], String)] {
      let path = try folder.write(bytes, "other")
      let problem = #expect(throws: Problem.self) {
        try readSamples([SampleInput(role: .background, file: path)], setup: smallSetup())
      }
      #expect(problem?.fact.contains(fact) == true)
    }
  }

  @Test("files as a whole: no event, no event kept, two documents, read twice")
  func whole() throws {
    var file = SmallFile()
    file.events = []
    #expect(Self.problem(file.text)?.fact == "there is no event in the file")
    file = SmallFile()
    let two = Self.problem(file.text + file.text)
    #expect(two?.fact.contains("another LHE document") == true)
    #expect(two?.remedy?.contains("--concatenated") == true)
    let folder = TemporaryFolder()
    let input = SampleInput(role: .benchmark("sm"), file: try folder.write(file.text))
    let cut = #expect(throws: Problem.self) {
      try readSamples([input], setup: smallSetup()) { _, _, _, _ in nil }
    }
    #expect(cut?.fact == "no event passes the cuts" && cut?.kind == .data)
    let copy = SampleInput(role: .background, file: try folder.write(file.text, "copy.lhe"))
    let twice = #expect(throws: Problem.self) {
      try readSamples([input, copy], setup: smallSetup())
    }
    #expect(twice?.fact.contains("the same sample as") == true && twice?.kind == .data)
  }

  @Test("a problem of the selection gets the event and its byte")
  func selection() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(SmallFile().text)
    let problem = #expect(throws: Problem.self) {
      try readSamples([SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup()) {
        _, number, _, _ in
        if number == 4 { throw Problem(.data, "undefined", place: "event 4") }
        return 1
      }
    }
    let byte = SmallFile().offset(ofEvent: 3)
    let line = SmallFile().text.utf8.prefix(byte).filter { $0 == 10 }.count + 1
    #expect(problem?.place == "event 4 (byte \(byte), line \(line))")
  }

  @Test("an event that never ends is an error, not a full memory")
  func endless() throws {
    #expect(LHEReader.largestPiece <= 1 << 28)
    var file = SmallFile()
    file.events = [SmallFile.event(0), "<event>\n 1 1 1 1 1 1\n"]
    file.tail = String(repeating: "x y z\n", count: 500_000)
    let problem = try #require(Self.problem(file.text))
    #expect(problem.fact == "the file ends inside an event")
    #expect(problem.place?.hasPrefix("event 2 (byte ") == true)
  }
}
