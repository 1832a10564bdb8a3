import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// The reader event by event: bytes, attributes, ids.
@Suite("Reader of LHE events")
struct ReaderTests {
  static func reader(
    _ text: String, _ options: LHEReader.Options = .init(), chunk: Int = 1 << 18
  ) throws -> LHEReader {
    let folder = TemporaryFolder()
    let reader = try ByteReader(path: folder.write(text))
    return try LHEReader(ByteWindow(reader, chunkSize: chunk), options)
  }

  /// Everything that an event says about itself.
  struct Seen: Equatable {
    var weight: Double
    var px: Double?
    var ids: [String]
  }

  static func events(_ reader: LHEReader, ids: [String] = []) throws -> [Seen] {
    let slots = ids.map { reader.want($0) }
    var event = ParticleEvent()
    var seen: [Seen] = []
    while try reader.next(into: &event) {
      let values = zip(ids, slots).map { "\($0)=\(reader.weight($1).map { "\($0)" } ?? "-")" }
      seen.append(
        Seen(
          weight: event.weight, px: event.particles.last?.momentum.px,
          ids: ids.isEmpty ? reader.currentIDs : values))
    }
    return seen
  }

  @Test("head, events and what is between and after them give the file back, byte for byte")
  func bytes() throws {
    var file = SmallFile()
    file.events[1] = "<!-- between -->\r\n# more\r\n<eventgroup nreal='1'>\n" + file.events[1]
    file.events[2] = file.events[2].replacing("</event>\n", by: "</event >")
    file.events[4] += "</eventgroup>\n\n"
    file.tail += " #Random number generator exit values: 1 2 3\n"
    for chunk in [1, 7, 100, 1 << 18] {
      for isThreaded in [false, true] {
        let reader = try Self.reader(file.text, .init(keepsText: true), chunk: chunk)
        if isThreaded { try reader.startThread() }
        var bytes = reader.headBytes
        var event = ParticleEvent()
        while try reader.next(into: &event) {
          bytes += reader.bytesBeforeEvent
          bytes += reader.eventBytes
          #expect(reader.eventBytes.starts(with: "<event>\n 3".utf8))
        }
        #expect(reader.eventCount == 5)
        #expect(String(decoding: bytes + reader.tailBytes, as: UTF8.self) == file.text)
      }
    }
    #expect(try Self.reader(file.text).headBytes.isEmpty)
  }

  @Test("attributes by name, as text and as numbers; blanks and both quotes; absent ones are NaN")
  func attributes() throws {
    var file = SmallFile()
    file.events[0] = file.events[0].replacing(
      "<event>", by: "<event npLO=\" -1 \" npNLO=' 1 ' trials = '8' muf2='1.936D+03' name='a b'>")
    file.events[2] = file.events[2].replacing("<event>", by: "<event\tnpLO='2' npNLO=''  >")
    let reader = try Self.reader(file.text)
    #expect(reader.attributeNames == ["npLO", "npNLO", "trials", "muf2", "name"])
    let slots = ["npLO", "npNLO", "muf2", "name"].map { reader.wantAttribute($0) }
    #expect(reader.wantAttribute("npLO") == slots[0])
    var event = ParticleEvent()
    var values: [[Double]] = []
    var trials: [Double] = []
    while try reader.next(into: &event) {
      values.append(slots.map { reader.attributeValue($0) })
      trials.append(reader.trials)
      if reader.eventCount == 1 {
        #expect(reader.attribute("npNLO") == "1" && reader.attribute("name") == "a b")
        #expect(reader.attributes.map(\.value) == ["-1", "1", "8", "1.936D+03", "a b"])
      }
      if reader.eventCount == 2 { #expect(reader.attributes.isEmpty) }
    }
    #expect(Array(values[0][..<3]) == [-1, 1, 1936] && values[0][3].isNaN)
    #expect(values[1].allSatisfy { $0.isNaN })
    #expect(values[2][0] == 2 && values[2][1...].allSatisfy { $0.isNaN })
    #expect(values[3].allSatisfy { $0.isNaN })
    #expect(trials == [8, 1, 1, 1, 1])
  }

  @Test("attributes of <scales>")
  func scales() throws {
    var file = SmallFile()
    file.events[0] = file.events[0].replacing(
      "</event>", by: "<scales muf='90.1' uborns=' 0.2E+04'> text </scales>\n</event>")
    let reader = try Self.reader(file.text)
    var event = ParticleEvent()
    #expect(try reader.next(into: &event))
    #expect(reader.scales.map(\.name) == ["muf", "uborns"])
    #expect(reader.scales.map(\.value) == ["90.1", "0.2E+04"])
    #expect(try reader.next(into: &event))
    #expect(reader.scales.isEmpty)
  }

  /// Five events with seven weights each, as POWHEG's.
  static func positional(_ values: [String], more: String = "") -> SmallFile {
    var file = SmallFile()
    file.head = file.head.replacing(
      "<weight id='sm'>",
      by: "<weight id='MUR1.0_MUF1.0_PDF99208082' >default</weight>\n<weight id='sm'>")
    file.events = values.map { values in
      SmallFile.event(0).replacing(
        "<rwgt>\n<wgt id='sm'> +2.0000000e+00 </wgt>\n<wgt id=\"rwgt_2\">3.0</wgt>\n<wgt id='both'> 1.0-101 </wgt>\n</rwgt>\n",
        by: "#rwgt 1 97 3.1E-2 28582 27 0\n<weights>\n\(values)\n</weights>\n\(more)")
    }
    return file
  }

  static let ids = ["MUR1.0_MUF1.0_PDF99208082", "rwgt_2", "weights.2"]

  @Test("positional weights belong to the declared ids in order where their number fits")
  func positionalFits() throws {
    let file = Self.positional(["1. 2 .3E+01\n4d0", "1 2 3", "1 2 3 4 5", "1 ***** 3 4", ""])
    let ids = [Self.ids[0], "rwgt_2"]
    let events = try Self.events(Self.reader(file.text), ids: ids)
    #expect(events.map { $0.ids[0] } == ["1.0", "-", "-", "1.0", "-"].map { "\(ids[0])=\($0)" })
    #expect(events.map { $0.ids[1] } == ["3.0", "-", "-", "3.0", "-"].map { "rwgt_2=\($0)" })
    // What does not fit is kept by its position.
    let expected = [["2.0", "-"], ["2.0", "-"], ["2.0", "5.0"]]
    let first = try Self.reader(file.text)
    let slots = ["weights.2", "weights.5"].map { first.want($0) }
    var event = ParticleEvent()
    for i in 0..<3 {
      #expect(try first.next(into: &event))
      #expect(slots.map { first.weight($0).map { "\($0)" } ?? "-" } == expected[i])
      #expect(first.positionalCount == [4, 3, 5][i])
    }
  }

  @Test("a positional value that is no number is an error only where its weight is wanted")
  func positionalNumber() throws {
    let file = Self.positional(["1 2 3 4", "1 ***** 3 4"])
    let problem = #expect(throws: Problem.self) {
      try Self.events(Self.reader(file.text), ids: ["sm"])
    }
    #expect(problem?.fact == "weight 'sm' is '*****' in <weights>")
    #expect(problem?.place?.hasPrefix("event 2 (byte ") == true)
    #expect(try Self.events(Self.reader(file.text), ids: ["both"]).count == 2)
  }

  @Test("<weights> and <rwgt> in one event, in either order: both are kept")
  func both() throws {
    for isFirst in [true, false] {
      var file = SmallFile()
      file.events = file.events.map {
        isFirst
          ? $0.replacing("<rwgt>", by: "<weights> 1.5 0.204e+00 </weights>\n<rwgt>")
          : $0.replacing("</rwgt>", by: "</rwgt>\n<weights> 1.5 0.204e+00 </weights>")
      }
      let reader = try Self.reader(file.text)
      #expect(reader.head.undeclaredWeights == ["weights.1", "weights.2"])
      let events = try Self.events(reader, ids: ["sm", "rwgt_2", "weights.1", "weights.2"])
      for (i, event) in events.enumerated() {
        #expect(
          event.ids == ["sm=2.0", "rwgt_2=\(Double(i) + 3)", "weights.1=1.5", "weights.2=0.204"])
      }
      // As many as declared, and a <wgt> of the same id: the id's own value stays.
      file.events = file.events.map { $0.replacing("0.204e+00 <", by: "7 8 <") }
      let three = try Self.events(Self.reader(file.text), ids: ["sm", "weights.3"])
      #expect(three.allSatisfy { $0.ids == ["sm=2.0", "weights.3=8.0"] })
    }
  }

  @Test("LHEF 2.0: <weight name=…> inside an event is a weight of that id")
  func named() throws {
    var file = SmallFile()
    file.events = file.events.map {
      $0.replacing(
        "<rwgt>",
        by:
          "<weight name=\"sqme_prc\">  0.123D-02</weight><weight>1</weight><weight name='y'/>\n<rwgt>"
      )
    }
    let reader = try Self.reader(file.text)
    #expect(reader.head.undeclaredWeights == ["sqme_prc"])
    let events = try Self.events(reader, ids: ["sqme_prc", "both"])
    #expect(events.allSatisfy { $0.ids == ["sqme_prc=0.00123", "both=1e-101"] })
  }
}
