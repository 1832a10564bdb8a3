import Diagnostics
import EventIO
import EventModel
import Observables
import TestSupport
import Testing

@testable import LesHouches

@Suite("Reading samples")
struct SampleSetTests {
  @Test("a good small file: weights in pb, observables, record; no warning")
  func small() throws {
    let result = try readText(SmallFile().text)
    #expect(result.warnings == [])
    #expect(result.observations == [0.5, 1.5, 2.5, 3.5, 4.5])
    // Weights divide by the five events; products of one division are exact to the last bit.
    for i in 0..<5 {
      #expect(Array(result.weights[3 * i..<3 * i + 2]) == [2 * 0.2, (Double(i) + 3) * 0.2])
      #expect(result.weights[3 * i + 2] == 1e-101 * 0.2)
    }
    let record = try #require(result.records.first)
    #expect(record.normalisation == "average (event_norm average, IDWTUP -4)")
    #expect(record.weightDigits == 8)
    #expect(record.eventsRead == 5 && record.eventsKept == 5)
    #expect(record.declaredCrossSection == 2 && record.declaredError == 0.01)
    #expect(abs(record.sumWeights - 2) < 1e-15)
    #expect(Set(result.ids).count == 5)
    #expect(result.ids[3] == EventIdentity.id(sampleKey: record.key, index: 3))
  }

  @Test("the same from chunks of any size and with a thread of its own")
  func chunks() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(SmallFile().text)
    var keys = Set<UInt64>()
    for size in [1, 7, 64, 1000, 1 << 18] {
      let reader = try LHEReader(
        ByteWindow(ByteReader(path: path), chunkSize: size), .init())
      keys.insert(reader.sampleKey)
      let slot = reader.want("rwgt_2")
      var event = ParticleEvent()
      var values: [Double?] = []
      while try reader.next(into: &event) {
        values.append(reader.weight(slot))
        let i = reader.eventCount
        #expect(reader.place == "event \(i) (byte \(SmallFile().offset(ofEvent: i - 1)))")
      }
      #expect(values == [3, 4, 5, 6, 7])
    }
    #expect(keys.count == 1)
    var options = ReadingOptions()
    let one = try readSamples(
      [SampleInput(role: .benchmarkOfCard, file: path)], setup: smallSetup(), options: options)
    options.threads = 3
    let three = try readSamples(
      [SampleInput(role: .benchmarkOfCard, file: path)], setup: smallSetup(), options: options)
    #expect(one == three)
  }

  @Test("CRLF, tabs, other quotes, other order, positional weights, unknown tags")
  func tolerance() throws {
    let plain = try readText(SmallFile().text)
    let crlf = try readText(SmallFile().text.split(separator: "\n").joined(separator: "\r\n"))
    #expect(crlf.weights == plain.weights && crlf.observations == plain.observations)
    var file = SmallFile()
    file.events[2] = """
      <event npLO=' -1 ' trials = "3">\r
      #before\n\t3\t1 2. 91 7.5e-03 .12 extra
       2 -1 0 0 501 0 0 0 100 100 0 0. 9. more columns\n\n  # between
       -1 -1 0 0 0 501 0 0 -100 100 0 0. 9.
       24 1 1 2 0 0 2.5 0. 0. 200.0 80.4 0. 9.
      some text of a generator
      <mgrwt><rscale> 1 2 </rscale></mgrwt><!-- <wgt id='sm'> -->
      <rwgt>
      <wgt unknown='1' id = "both" > 1.0-101 </wgt><wgt id='new'> nonsense </wgt>
      <wgt id='rwgt_2'>5</wgt>\t<wgt\tid="sm">2</wgt>
      </rwgt>
      </event >

      """
    let odd = try readText(file.text)
    #expect(odd.weights == plain.weights && odd.observations == plain.observations)
    #expect(odd.warnings == [])
    file = SmallFile()
    file.events[1] = SmallFile.event(1).replacing(
      "<wgt id='sm'> +2.0000000e+00 </wgt>\n<wgt id=\"rwgt_2\">4.0</wgt>\n<wgt id='both'> 1.0-101 </wgt>",
      by: "</rwgt><weights> 2 4 1E-101 </weights><rwgt>")
    #expect(try readText(file.text).weights == plain.weights)
  }

  @Test("text after the root is passed over")
  func tail() throws {
    var file = SmallFile()
    file.tail += " #Random number generator exit values: 1 2 3\n"
    #expect(try readText(file.text).records[0].eventsRead == 5)
  }

  @Test("k-factor, efficiency and cuts: weights carry them, the record's sums do not")
  func factors() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(SmallFile().text)
    var options = ReadingOptions()
    options.kFactors = try KFactors(parsing: ["toy=1.5"])
    let result = try readSamples(
      [SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup(), options: options
    ) { event, number, _, row in
      row.append(0)
      return number == 2 ? nil : 0.5
    }
    #expect(result.weights.count == 12)
    // 2 pb × 0.5 × 1.5 / 5, to rounding.
    #expect(abs(result.weights[0] - 0.3) < 1e-15)
    #expect(result.records[0].eventsKept == 4 && result.records[0].kFactor == 1.5)
    #expect(abs(result.records[0].sumWeights - 2) < 1e-15)
  }

  @Test("weights beyond the benchmarks: all, by id, missing ones are NaN")
  func extra() throws {
    let folder = TemporaryFolder()
    var file = SmallFile()
    file.head = file.head.replacing(
      "<weight id='both'>", by: "<weight id='muf'>x</weight><weight id='both'>")
    file.events[0] = file.events[0].replacing("</rwgt>", by: "<wgt id='muf'>10</wgt></rwgt>")
    let path = try folder.write(file.text)
    var options = ReadingOptions()
    options.extraWeights = .all
    let set = try SampleSet(
      [SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup(), options: options,
      journal: Journal())
    #expect(set.extraIDs == ["muf"])
    let sink = MemorySink()
    _ = try set.read(into: sink, select: lastPx)
    let values = sink.batches[0].columns[5].doubles
    #expect(values[0] == 2)
    #expect(values[1...].allSatisfy { $0.isNaN })
    options.extraWeights = .ids(["none such"])
    #expect(throws: Problem.self) {
      try SampleSet(
        [SampleInput(role: .benchmark("sm"), file: path)], setup: smallSetup(), options: options,
        journal: Journal())
    }
  }

  /// MadMiner's defect 14: there, an empty selection ends the run.
  @Test("a sample of which nothing is kept is a sample with no rows")
  func emptySelection() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(SmallFile().text)
    var other = SmallFile()
    other.events = (5..<10).map { SmallFile.event($0) }
    let second = try folder.write(other.text, "other.lhe")
    var files = 0
    let result = try readSamples(
      [
        SampleInput(role: .benchmark("sm"), file: path),
        SampleInput(role: .benchmark("sm"), file: second),
      ], setup: smallSetup()
    ) { event, number, id, row in
      if number == 1 { files += 1 }
      return files == 1 ? nil : try lastPx(event, number, id, &row)
    }
    #expect(result.records.map(\.eventsRead) == [5, 5])
    #expect(result.records.map(\.eventsKept) == [0, 5])
    #expect(result.ids.count == 5)
    #expect(result.records[0].sumWeights > 0)
  }

  @Test(
    "the key given to the selection is the event's content, whatever is cut away; rows have their identity"
  )
  func identities() throws {
    let folder = TemporaryFolder()
    let inputs = [
      SampleInput(role: .benchmark("sm"), file: try folder.write(SmallFile().text))
    ]
    var seen: [Int64] = []
    let all = try readSamples(inputs, setup: smallSetup()) { event, _, id, row in
      seen.append(id)
      return try lastPx(event, 0, id, &row)
    }
    #expect(Set(seen).count == 5 && Set(all.ids).count == 5)
    let some = try readSamples(inputs, setup: smallSetup()) { event, number, id, row in
      number == 3 ? nil : try lastPx(event, number, id, &row)
    }
    #expect(some.ids == [0, 1, 3, 4].map { all.ids[$0] })
    var reversed = SmallFile()
    reversed.events.reverse()
    let other = [
      SampleInput(role: .benchmark("sm"), file: try folder.write(reversed.text, "r.lhe"))
    ]
    var again: [Int64] = []
    _ = try readSamples(other, setup: smallSetup()) { event, _, key, row in
      again.append(key)
      return try lastPx(event, 0, key, &row)
    }
    #expect(again == seen.reversed())
  }

  @Test("document: sample table, partition, MadMiner's counts")
  func document() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(SmallFile().text)
    var other = SmallFile()
    other.events = (5..<10).map { SmallFile.event($0) }
    let second = try folder.write(other.text, "background.lhe")
    let set = try SampleSet(
      [
        SampleInput(role: .benchmark("sm"), file: path),
        SampleInput(process: "bkg", role: .background, file: second),
      ], setup: smallSetup(), options: ReadingOptions(), journal: Journal())
    let sink = MemorySink()
    _ = try set.read(into: sink, select: lastPx)
    let document = try #require(sink.document)
    #expect(document.integers("sample_summary/signal_events") == [5, 0, 0])
    #expect(document.integer("sample_summary/background_events") == 5)
    #expect(document.text("sluice/partition/salt") != nil)
    let samples = try #require(try SampleTable.read(document))
    #expect(samples.map(\.process) == ["toy", "bkg"])
    #expect(samples.map(\.samplingBenchmark) == [0, -1])
    let batch = sink.batches[0]
    #expect(batch.columns[2].integers == [0, 0, 0, 0, 0, -1, -1, -1, -1, -1])
    #expect(batch.columns[3].integers == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    // A background has its event weight at every benchmark.
    #expect(batch.columns[1].doubles[15...].allSatisfy { $0 == 2 * 0.2 })
  }
}

extension String {
  /// Without Foundation: every `part` replaced.
  func replacing(_ part: String, by other: String) -> String {
    var result = ""
    var rest = self[...]
    while let range = rest.firstRange(of: part) {
      result += rest[..<range.lowerBound] + other
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}
