import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// Inputs of the normalisation that cannot be right.
@Suite("Trials and generated events")
struct TrialsTests {
  static func file(_ trials: [String?]) -> SmallFile {
    var file = SmallFile()
    file.head = file.head.replacing("average = event_norm ! average/sum = a = b ! c", by: "")
    file.initBlock = file.initBlock.replacing("-4 1", by: "3 1")
    file.events = trials.enumerated().map { i, trials in
      let tag = trials.map { "<event trials='\($0)'>" } ?? "<event>"
      return SmallFile.event(i).replacing("<event>", by: tag)
    }
    return file
  }

  @Test("every event has them, as positive integers, or none has")
  func trials() throws {
    #expect(try readText(Self.file(["1", "2", "1", "1", "0.1e1"]).text).records.count == 1)
    // Formats that want the number have 0 where there is none.
    #expect(try readText(Self.file(["0", "0"]).text).records[0].normalisation.hasPrefix("XSECUP"))
    for (trials, fact) in [
      (["1", nil, "2"], "event 2 has no trials, and others have"),
      (["1", "2", "0"], "the trials of event 3 are no positive integer"),
      (["1.5", "2", "1"], "the trials of event 1 are no positive integer"),
      (["1", "-2", "1"], "the trials of event 2 are no positive integer"),
      (["x", "x", "x"], "the trials of event 1 are no positive integer"),
    ] as [([String?], String)] {
      let text = Self.file(trials).text
      let problem = #expect(throws: Problem.self) { try readText(text) }
      #expect(problem?.kind == .data && problem?.fact.hasPrefix(fact) == true, "\(fact)")
      // Where weights are a mean, nobody needs them.
      var options = ReadingOptions()
      options.eventNorm = .average
      #expect(throws: Never.self) { try readText(text, options: options) }
      let folder = TemporaryFolder()
      let path = try folder.write(text)
      let check = try LHECheck(
        LHEReader(ByteReader.events(path: path), .init(keepsText: true)), journal: Journal())
      #expect(check.findings.first { $0.kind == "trials" }?.fact == fact)
    }
  }

  @Test("fewer generated events than the file has are an error")
  func generated() throws {
    var options = ReadingOptions()
    options.generatedEvents = 4
    let problem = #expect(throws: Problem.self) {
      try readText(SmallFile().text, options: options)
    }
    #expect(problem?.kind == .usage)
    #expect(problem?.fact == "--generated 4 is less than the 5 events in the file")
    options.generatedEvents = 5
    #expect(try abs(readText(SmallFile().text, options: options).records[0].sumWeights - 2) < 1e-14)
  }

  @Test("without a setup a factor near the number of events is named, and what removes it")
  func factor() throws {
    let journal = Journal()
    let folder = TemporaryFolder()
    var file = SmallFile()
    file.events = (0..<50).map { SmallFile.event($0) }
    file.initBlock = file.initBlock.replacing("2.0 0.01", by: "100.0 0.01")
    let reader = try LHEReader(ByteReader.events(path: try folder.write(file.text)))
    var event = ParticleEvent()
    var sums = WeightSums()
    while try reader.next(into: &event) { sums.add(event.weight) }
    let rule = try Normalisation(
      head: reader.head, sums: sums, isStrict: false, file: "f", journal: journal)
    try rule.check(sums: sums, file: "f", journal: journal, isStrict: false)
    let text = journal.warnings.first?.text ?? ""
    #expect(
      text.contains("a factor near the 50 events; give --event-norm sum if <init> is right"),
      "\(text)")
  }
}
