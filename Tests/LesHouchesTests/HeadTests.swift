import Diagnostics
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
    // The pdf group is empty where it stands: what comes after it is its own.
    #expect(tolerated.map(\.group) == ["scale variation", "scale variation", "pdf"])
    #expect(tolerated[0].text == "HT<1 & more")
    #expect(tolerated.map(\.line) == [3, 4, 7])
  }

  @Test("settings of lines that were joined, comments between them")
  func joined() {
    let text =
      "set param_card dim62f 22 1.0 # orig: 1e-05 set param_card dim62f 15 -2d0 # orig: 1e-05"
    #expect(
      ParameterCard.settings(in: text) == [
        CardEntry(block: "dim62f", indices: [22], value: CardValue(1)),
        CardEntry(block: "dim62f", indices: [15], value: CardValue(-2)),
      ])
  }

  /// Spellings of MadGraph LO, aMC@NLO, POWHEG-BOX: muR, muF, dynamical scale, PDF of beams 1 and 2.
  static let spellings: [(String, Double?, Double?, String?, Int?, Int?)] = [
    (
      "<weight id='2' MUR='0.5' MUF='2.0' DYN_SCALE='1' PDF='247000'> MUR=0.5 dyn_scale_choice=sum pt",
      0.5, 2, "1", 247_000, nil
    ),
    ("<weight id='7'> MUR=0.5 MUF=2.0 dyn_scale_choice=sum pt", 0.5, 2, "sum pt", nil, nil),
    ("<weight id='1'> dyn=  -1 muR=0.20000E+01 muF=0.50000E+00", 2, 0.5, nil, nil, nil),
    ("<weight id='2001'> PDF set = 260001", nil, nil, nil, 260_001, nil),
    (
      "<weight id='145' MUR=\"1.0\" MUF=\"1.0\" PDF=\"247100\"> PDF=247000 MemberID=100", 1, 1, nil,
      247_100, nil
    ),
    ("<weight id='9'> PDF=247000 MemberID=88", nil, nil, nil, 247_088, nil),
    ("<weight id='1'> renscfact=2d0 facscfact=0.5d0", 2, 0.5, nil, nil, nil),
    ("<weight id='3'> lhapdf=10801 renscfact=1d0", 1, nil, nil, 10_801, nil),
    ("<weight id='5'> lhans1=21100 lhans2=21101", nil, nil, nil, 21_100, 21_101),
    ("<weight id='6'> lhapdf1=27100 lhapdf2=27100", nil, nil, nil, 27_100, nil),
    ("<weight id='MUR0.5_MUF1.0_PDF99208082'> default", 0.5, 1, nil, 99_208_082, nil),
    ("<weight id='x'> set param_card smeft 7 0.3", nil, nil, nil, nil, nil),
  ]

  @Test("scales and PDF of a weight", arguments: spellings)
  func scales(
    text: String, muR: Double?, muF: Double?, dynamic: String?, pdf: Int?, second: Int?
  ) throws {
    let weights = Self.head("<initrwgt>\(text)</weight></initrwgt>").weights
    let scales = try #require(weights.first).scales
    #expect(scales.muR == muR && scales.muF == muF && scales.dynamicScale == dynamic)
    #expect(scales.pdf == pdf && scales.secondPDF == second)
    #expect(scales.areVaried == [muR ?? 1, muF ?? 1].contains { $0 != 1 } || dynamic != nil)
  }

  @Test("groups whose tags MadGraph has swapped (madminer#219)")
  func swapped() {
    let weights = Self.head(
      """
      <initrwgt>
      <weightgroup name="PDFSET" combine="symmhessian"> # 90900: PDFSET. mem=1-30
      <weight id="1" MUR="1.0" MUF="1.0" PDF="90900" > </weight>
      <weight id="2" MUR="1.0" MUF="1.0" PDF="90901" > PDF=90900 MemberID=1 </weight>
      <weightgroup name="Central scale variation" combine="envelope">
      </weightgroup> PDF
      <weight id="3" MUR="0.5" MUF="1.0" PDF="90900" > MUR=0.5 </weight>
      <weight id="4" MUR="1.0" MUF="1.0" DYN_SCALE="1" PDF="90900" > dyn_scale_choice=sum pt </weight>
      </weightgroup>
      </initrwgt>
      """
    ).weights
    let scale = "Central scale variation"
    #expect(weights.map(\.group) == ["PDFSET", "PDFSET", scale, scale])
    #expect(weights.map { $0.groupAttributes["combine"] ?? "" }.last == "envelope")
    #expect(weights[0].groupText.hasPrefix("# 90900: PDFSET. mem=1-30"))
    // The other way round: the scale weights came first.
    let reversed = Self.head(
      """
      <initrwgt>
      <weightgroup name="PDFSET">
      <weight id="1" MUR="0.5" MUF="1.0" PDF="90900" > MUR=0.5 </weight>
      <weightgroup type="scale_variation">
      </weightgroup>
      </weightgroup>
      <weightgroup name="PDFSET"><weight id="2" PDF="90901"/></weightgroup>
      </initrwgt>
      """
    ).weights
    #expect(reversed.map(\.group) == ["scale_variation", "PDFSET"])
  }

  @Test("a weight id twice and a second <init> name their line; the same <initrwgt> twice is fine")
  func twice() throws {
    func place(_ text: String) -> Problem? {
      do {
        try Self.head(text).checkDeclarations(file: "f")
        return nil
      } catch { return error as? Problem }
    }
    let block = "<initrwgt>\n<weight id='a'>x</weight>\n</initrwgt>\n"
    #expect(place(block + block) == nil)
    #expect(Self.head(block + block).weights.count == 1)
    let other = place("\n" + block + block.replacing(">x<", by: ">y<"))
    #expect(other?.place == "line 6" && other?.fact.contains("'a' is declared twice") == true)
    let inOne = place("<initrwgt>\n<weight id='a'/>\n<weight id='a'>x</weight></initrwgt>")
    #expect(inOne?.place == "line 3" && inOne?.kind == .data && inOne?.remedy != nil)
    let initBlock = "<init>\n1 2 1 2 3 4 5 6 3 1\n2 0.1 1 1\n</init>\n"
    #expect(place(initBlock + initBlock) == nil)
    #expect(place(initBlock + initBlock.replacing("2 0.1", by: "3 0.1"))?.place == "line 5")
  }

  @Test("who wrote the file")
  func generator() {
    func name(_ text: String) -> String? { Self.head(text).generator }
    #expect(name("<MGVersion>\n 3.5.8\n</MGVersion>") == "MadGraph5_aMC@NLO 3.5.8")
    #expect(
      name("<init>\n<generator name='MadGraph5_aMC@NLO' version='3.5.8'>x</generator></init>")
        == "MadGraph5_aMC@NLO 3.5.8")
    #expect(name("<generator version=\"3.1.4\">WHIZARD</generator>") == "WHIZARD 3.1.4")
    #expect(Self.head("<LesHouchesEvents version = \"2.0\" >").version == "2.0")
  }

  @Test("what stands in comments and CDATA is not a block")
  func hidden() {
    let head = Self.head("<!-- <slha>\nBLOCK X\n 1 2\n</slha> --><![CDATA[<init>1</init>]]>")
    #expect(head.parameterCard == nil)
    #expect(head.initBlock == nil)
  }
}
