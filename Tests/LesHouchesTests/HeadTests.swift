import Testing

@testable import LesHouches

@Suite("Head of an LHE file")
struct HeadTests {
  static func head(_ text: String) -> LHEHead { LHEHead(text: text) }

  @Test("run card: the last '=' parts value and name, comments of any kind")
  func runCard() {
    let head = Self.head(SmallFile.goodHead)
    #expect(head.runCard?.eventNorm == "average")
    #expect(head.runCard?.requestedEvents == 5)
    #expect(RunCard(text: "'Sum' = event_norm").eventNorm == "sum")
    #expect(
      RunCard(text: "average = event_norm # a ! b\n# sum = event_norm").eventNorm == "average")
    #expect(RunCard(text: "nothing").eventNorm == nil)
  }

  @Test("parameter card: blocks in any case, branching ratios are not parameters")
  func card() throws {
    let card = try #require(Self.head(SmallFile.goodHead).parameterCard)
    #expect(card.value(block: "smeft", id: 7)?.value == 0)
    #expect(card.value(block: "SMEFT", id: 25)?.value == 0)
    #expect(card.value(block: "decay", id: 25)?.value == 4.07e-3)
    #expect(card.entries.count == 3)
  }

  @Test("a value printed with seven digits may be half a unit off, a short one is exact")
  func resolution() throws {
    func value(_ text: String) -> CardValue? { CardValue(text: text, reader: NumberReader()) }
    let rounded = try #require(value("-1.773075e-01"))
    // Half of 10^-7; the tolerance is that of the divisions by ten.
    #expect(abs(rounded.resolution - 5e-8) < 1e-20)
    #expect(value("0.3")?.resolution == 0)
    #expect(value("np.float64(-0.1773075022369992)")?.resolution == 0)
  }

  @Test("settings in a weight's text")
  func settings() {
    let text = """
      set param_card dim62f 22 1.0 # orig: 1e-05
      set param_card smeft 7 np.float64(-0.25) # orig: 0.0
      set NPmix 1 2 3d-1
      change helicity False
      """
    let found = ParameterCard.settings(in: text)
    #expect(
      found == [
        CardEntry(block: "dim62f", indices: [22], value: CardValue(1)),
        CardEntry(block: "smeft", indices: [7], value: CardValue(-0.25)),
        CardEntry(block: "npmix", indices: [1, 2], value: CardValue(0.3)),
      ])
  }

  @Test("init: numbers, missing process lines, negative placeholder")
  func initBlock() throws {
    let good = try #require(
      InitBlock(text: "\n2212 2212 6.5E+03 6500. 0 0 247000 247000 -4 2\n1. 0.3 1 1\n2 .4D0 1 2\n"))
    #expect(good.crossSection?.value == 3)
    // Errors add in quadrature: 0.3² + 0.4² = 0.5², exact to rounding.
    #expect(abs((good.crossSection?.error ?? 0) - 0.5) < 1e-15)
    #expect(good.weightStrategy == -4)
    let missing = try #require(InitBlock(text: "1 2 1.2 2.3 3 4 5 6 7 8\n"))
    #expect(missing.crossSection == nil)
    let placeholder = try #require(InitBlock(text: "1 2 1 2 3 4 5 6 -4 1\n-1. -1. 1. 1\n"))
    #expect(placeholder.crossSection == nil)
    #expect(InitBlock(text: "1 2 3") == nil)
  }

  @Test("weights of well-formed and of interleaved groups")
  func weights() {
    let good =
      "<initrwgt><weightgroup name='g'><weight id='1' MUR=\"2.0\"> a &lt; b </weight>"
      + "</weightgroup> # text\n<weight id='2'/></initrwgt>"
    let weights = Self.head(good).weights
    #expect(weights.map(\.id) == ["1", "2"])
    #expect(weights.map(\.group) == ["g", nil])
    #expect(weights.map(\.text) == ["a < b", ""])
    #expect(weights[0].attributes["MUR"] == "2.0")
    // Closing and opening tags swapped, a weight that is not closed, `&` and `<` as they stand.
    let broken = """
      <initrwgt>
      <weightgroup name="scale variation">
      <weight id="1" MUR="0.5"> HT<1 & more </weight>
      <weight id="2">
      <weightgroup name="pdf">
      </weightgroup>
      <weight id='3' > x </weight>
      </initrwgt>
      """
    let tolerated = Self.head(broken).weights
    #expect(tolerated.map(\.id) == ["1", "2", "3"])
    #expect(tolerated[2].group == "scale variation")
  }

  @Test("what stands in comments and CDATA is not a block")
  func hidden() {
    let head = Self.head("<!-- <slha>\nBLOCK X\n 1 2\n</slha> --><![CDATA[<init>1</init>]]>")
    #expect(head.parameterCard == nil)
    #expect(head.initBlock == nil)
  }
}
