import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// What the texts and ids of declared weights say, in every spelling that was met.
@Suite("Texts and ids of weights")
struct DeclaredTextTests {
  static func scales(_ text: String, id: String = "1") -> WeightScales {
    WeightDeclaration(id: id, text: text).scales
  }

  @Test(
    "scales, whatever parts them",
    arguments: [
      "muR=0.5_muF=2.0", "MUR=0.5MUF=2.0", "muR : 0.5 , muF : 2.0", "muR=0.5 muF=2.0",
      "MUR=0.5/MUF=2.0",
      "muR=0.5,muF=2.0", "muR = 0.50000E+00 muF = 2d0", "muf=2.0;mur=.5", "dyn=HT_muR=0.5_muF=2",
      "renscfact=0.5d0facscfact=2d0", "lhapdf=10800_muR=0.5muF=2.",
    ])
  func parted(text: String) {
    let found = Self.scales(text)
    #expect(found.muR == 0.5 && found.muF == 2 && found.unreadable == nil, "\(text): \(found)")
  }

  @Test(
    "ids with equals signs and underscores",
    arguments: [
      "MUR=0.5__MUF=2.0__LHAPDF=303400", "MUR0.5_MUF2.0_PDF303400", "mur0.5muf2pdf303400",
      "MUR=0.5,MUF=2,PDF=303400",
    ])
  func ids(id: String) {
    let found = Self.scales("", id: id)
    #expect(found.muR == 0.5 && found.muF == 2 && found.pdf == 303400, "\(id): \(found)")
  }

  @Test(
    "no factor is 0, negative, or a number with something behind it",
    arguments: [
      "muR=0.0 muF=1", "muR=0.5x muF=1", "muR=-1 muF=1", "muR=0.5_up muF=1", "muR= muF=1",
    ])
  func refused(text: String) {
    let found = Self.scales(text)
    #expect(found.muR == nil && found.muF == 1 && found.unreadable?.hasPrefix("mur=") == true)
    let head = LHEHead(weights: [
      WeightDeclaration(id: "7", text: text), WeightDeclaration(id: "8", text: "muR=2 muF=1"),
    ])
    let variations = DeclaredVariations(head, file: "f")
    // It stands for no variation and no central scale, and who asks for it is told.
    #expect(variations.entries.map(\.weight.id) == ["8"])
    #expect(variations.scaleList.contains("(id 7) is no scale factor"), "\(variations.scaleList)")
  }

  @Test("an id that is no XML text in the event, or a tab in it: head and event mean the same")
  func entities() throws {
    var file = SmallFile()
    file.head = file.head.replacing("id='rwgt_2'", by: "id='a&amp;b\tc&#60;'")
    file.events = file.events.map {
      $0.replacing("id=\"rwgt_2\"", by: "id='a&amp;b\tc&lt;'")
    }
    let read = try readText(file.text)
    #expect(read.weights == (try readText(SmallFile().text)).weights)
    let head = LHEHead(text: file.head)
    #expect(head.weights.map(\.id) == ["sm", "a&b c<", "both"])
    #expect(EventFormat.weight("a&b'c", "1") == "<wgt id='a&amp;b&apos;c'> 1 </wgt>\n")
    // A copy that keeps one weight finds it too.
    var edit = HeadEdit(Array(file.head.utf8))
    edit.keepWeights { $0 == "a&b c<" }
    #expect(LHEHead(text: String(decoding: edit.text, as: UTF8.self)).weights.count == 1)
  }

  @Test("an empty or self-closing text contradicts no benchmark of its name")
  func emptyTexts() throws {
    for declaration in ["<weight id='plus'></weight>", "<weight id='plus'/>"] {
      let head = BenchmarkWeightsTests.head {
        $0.replacing(
          "<weight id='rwgt_2'>set param_card smeft 7 1.0 # orig: 0.0\n</weight>", by: declaration)
      }
      let weights = try BenchmarkWeightsTests.match(head, nil)
      #expect(weights.origins == [.id("sm"), .id("plus"), .id("both")])
      // Without a weight of the card's point nothing else is taken for it.
      let bare = BenchmarkWeightsTests.head {
        $0.replacing(
          "<weight id='rwgt_2'>set param_card smeft 7 1.0 # orig: 0.0\n</weight>", by: declaration
        ).replacing("<weight id='sm'></weight>\n", by: "")
      }
      #expect(try BenchmarkWeightsTests.match(bare, 0).origins[0] == .event(orID: "sm"))
    }
  }

  @Test("a group that stands twice in one <initrwgt>: alike is a remark, different an error")
  func repeated() throws {
    let group = "<weightgroup name='g'>\n<weight id='1'>a</weight>\n<weight id='2'>b</weight>\n"
    let twice = "<initrwgt>\n\(group)</weightgroup>\n\(group)</weightgroup>\n</initrwgt>"
    let head = LHEHead(text: twice)
    try head.checkDeclarations(file: "f")
    #expect(head.weights.map(\.id) == ["1", "2"])
    #expect(
      head.remarks == [
        "weight '1' and 1 more are declared twice in one <initrwgt>, alike: taken once (line 7)"
      ])
    let other = twice.replacing(
      "<weight id='2'>b</weight>\n</weightgroup>\n</initrwgt>",
      by: "<weight id='2'>c</weight>\n</weightgroup>\n</initrwgt>")
    let problem = #expect(throws: Problem.self) {
      try LHEHead(text: other).checkDeclarations(file: "f")
    }
    #expect(problem?.fact == "weight id '2' is declared twice in <initrwgt>")
  }
}
