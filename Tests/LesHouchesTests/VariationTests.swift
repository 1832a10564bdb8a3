import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// Heads of files as generators write them, cut to a few weights.
private enum Heads {
  static func head(_ groups: String, pdf: Int = 247000) -> LHEHead {
    LHEHead(
      text: """
        <LesHouchesEvents version="3.0">
        <header>
        <initrwgt>
        \(groups)
        </initrwgt>
        </header>
        <init>
        2212 2212 6500 6500 0 0 \(pdf) \(pdf) -4 1
        2.0 0.01 2.0 1
        </init>

        """)
  }

  static let madGraph = """
    <weightgroup name="Central scale variation" combine="envelope">
    <weight id="1" MUR="0.5"  MUF="0.5"  PDF="247000" > MUR=0.5 MUF=0.5  </weight>
    <weight id="2" MUR="0.5"  MUF="0.5"  DYN_SCALE="3"  PDF="247000" > MUR=0.5 MUF=0.5 dyn_scale_choice=HT/2  </weight>
    <weight id="6" MUR="0.5"  MUF="1.0"  PDF="247000" > MUR=0.5  </weight>
    <weight id="11" MUR="0.5"  MUF="2.0"  PDF="247000" > MUR=0.5 MUF=2.0  </weight>
    <weight id="16" MUR="1.0"  MUF="0.5"  PDF="247000" > MUF=0.5  </weight>
    <weight id="21" MUR="1.0"  MUF="2.0"  PDF="247000" > MUF=2.0  </weight>
    <weight id="22" MUR="1.0"  MUF="1.0"  DYN_SCALE="3"  PDF="247000" > dyn_scale_choice=HT/2 </weight>
    <weight id="26" MUR="2.0"  MUF="0.5"  PDF="247000" > MUR=2.0 MUF=0.5  </weight>
    <weight id="31" MUR="2.0"  MUF="1.0"  PDF="247000" > MUR=2.0  </weight>
    <weight id="40" MUR="2.0"  MUF="2.0"  PDF="247000" > MUR=2.0 MUF=2.0  </weight>
    <weight id="41" MUR="2.0"  MUF="2.0"  DYN_SCALE="3"  PDF="247000" > MUR=2.0 MUF=2.0 dyn_scale_choice=HT/2  </weight>
    </weightgroup> # scale
    """
  static let replicas = """
    <weightgroup name="NNPDF23_lo_as_0130_qed" combine="replicas"> # 247000: mem=0 ; average on replicas
    <weight id="45" MUR="1.0"  MUF="1.0"  PDF="247000" >  </weight>
    <weight id="46" MUR="1.0"  MUF="1.0"  PDF="247001" > PDF=247000 MemberID=1 </weight>
    <weight id="47" MUR="1.0"  MUF="1.0"  PDF="247002" > PDF=247000 MemberID=2 </weight>
    <weight id="48" MUR="1.0"  MUF="1.0"  PDF="247003" > PDF=247000 MemberID=3 </weight>
    </weightgroup>
    """
  /// madminer#219: the lines that close and open groups are swapped.
  static let swapped = """
    <weightgroup name="NNPDF23_lo_as_0130_qed" combine="replicas">
    <weight id="1" MUR="0.5" MUF="0.5" PDF="247000" > MUR=0.5 MUF=0.5 </weight>
    <weight id="40" MUR="2.0" MUF="2.0" PDF="247000" > MUR=2.0 MUF=2.0 </weight>
    <weightgroup name="Central scale variation" combine="envelope">
    </weightgroup> # scale
    <weight id="46" MUR="1.0" MUF="1.0" PDF="247001" > PDF=247000 MemberID=1 </weight>
    <weight id="47" MUR="1.0" MUF="1.0" PDF="247002" > PDF=247000 MemberID=2 </weight>
    </weightgroup>
    """
  static let emission = """
    <weightgroup name="Emission scale variation" combine="envelope">
    <weight id="e1" MUR="0.5" MUF="0.5" ALPSFACT="0.5" PDF="247000"> alpsfact=0.5</weight>
    <weight id="e2" MUR="2.0" MUF="2.0" ALPSFACT="2.0" PDF="247000"> alpsfact=2.0</weight>
    </weightgroup>
    """
  static let nextToLeading = """
    <weightgroup name="scale_variation   -1 " combine="envelope">
    <weight id="1001"> dyn=  -1 muR=0.10000E+01 muF=0.10000E+01 </weight>
    <weight id="1002"> dyn=  -1 muR=0.20000E+01 muF=0.10000E+01 </weight>
    <weight id="1005"> dyn=  -1 muR=0.20000E+01 muF=0.20000E+01 </weight>
    <weight id="1009"> dyn=  -1 muR=0.50000E+00 muF=0.50000E+00 </weight>
    </weightgroup>
    <weightgroup name="scale_variation   3 " combine="envelope">
    <weight id="1011"> dyn=   3 muR=0.10000E+01 muF=0.10000E+01 </weight>
    <weight id="1015"> dyn=   3 muR=0.20000E+01 muF=0.20000E+01 </weight>
    <weight id="1019"> dyn=   3 muR=0.50000E+00 muF=0.50000E+00 </weight>
    </weightgroup>
    <weightgroup name="PDF_variation 90900 PDF4LHC15_nlo_30" combine="symmhessian">
    <weight id="2001"> PDF=  90900 PDF4LHC15_nlo_30 </weight>
    <weight id="2002"> PDF=  90901 PDF4LHC15_nlo_30 </weight>
    <weight id="2003"> PDF=  90902 PDF4LHC15_nlo_30 </weight>
    </weightgroup>
    """
  /// Dynamical scales of the run card's list only: the first is that of the events.
  static let numbered = """
    <weightgroup name="scale_variation" combine="envelope">
    <weight id="1"> dyn= 3 muR=0.2E+01 muF=0.2E+01 </weight>
    <weight id="2"> dyn= 3 muR=0.5E+00 muF=0.5E+00 </weight>
    <weight id="3"> dyn= 2 muR=0.2E+01 muF=0.2E+01 </weight>
    </weightgroup>
    """
  static let oldNextToLeading = """
    <weightgroup type="scale_variation" combine="envelope">
    <weight id="1001"> muR=0.10000E+01 muF=0.10000E+01 </weight>
    <weight id="1005"> muR=0.20000E+01 muF=0.20000E+01 </weight>
    <weight id="1009"> muR=0.50000E+00 muF=0.50000E+00 </weight>
    </weightgroup>
    <weightgroup type="PDF_variation" combine="gaussian">
    <weight id="2001"> PDF set = 260001 </weight>
    <weight id="2002"> PDF set = 260002 </weight>
    </weightgroup>
    """
  static let powheg = """
    <weightgroup name='nominal' combine='None' >
    <weight id='0' >default</weight>
    </weightgroup>
    <weightgroup name='scale_variations' combine='None' >
    <weight id='1' > renscfact=2d0 facscfact=2d0 </weight>
    <weight id='2' > renscfact=0.5d0 facscfact=0.5d0 </weight>
    <weight id='5' > renscfact=2d0 facscfact=1d0 </weight>
    </weightgroup>
    <weightgroup name='pdf' combine='hessian'>
    <weight id='11'> lhapdf=13100 </weight>
    <weight id='12'> lhapdf=13101 </weight>
    <weight id='13'> lhapdf=13102 </weight>
    </weightgroup>
    """
  static let powhegIDs = """
    <weightgroup name='nominal' combine='None' >
    <weight id='MUR1.0_MUF1.0_PDF99208082' >default</weight>
    </weightgroup>
    <weightgroup name='scale_variations' combine='None' >
    <weight id='MUR2.0_MUF2.0_PDF99208082' > renscfact=2d0 facscfact=2d0 </weight>
    <weight id='MUR0.5_MUF0.5_PDF99208082' > renscfact=0.5d0 facscfact=0.5d0 </weight>
    </weightgroup>
    <weightgroup name='pdf_variations' combine='None' >
    <weight id='MUR1.0_MUF1.0_PDF99208083' > lhapdf1=27100 lhapdf2=99208083</weight>
    <weight id='MUR1.0_MUF1.0_PDF99208084' > lhapdf1=27100 lhapdf2=99208084</weight>
    </weightgroup>
    """
}

@Suite("Declared variations")
struct VariationTests {
  private func ids(
    _ groups: String, _ kind: ScaleVariation.Kind, pdf: Int = 247000, factors: [Double] = [0.5, 2],
    dynamic: Int? = nil
  ) throws -> [String] {
    try scaleWeights(groups, kind, pdf: pdf, factors: factors, dynamic: dynamic).map(\.id)
  }
  private func scaleWeights(
    _ groups: String, _ kind: ScaleVariation.Kind, pdf: Int = 247000, factors: [Double] = [0.5, 2],
    dynamic: Int? = nil
  ) throws -> [VariedWeight] {
    try ScaleVariation(kind: kind, factors: factors, dynamicScale: dynamic).weights(
      of: "s", in: DeclaredVariations(Heads.head(groups, pdf: pdf), file: "f.lhe"))
  }
  private func members(
    _ groups: String, _ pdf: PDFVariation, nominal: Int = 247000
  ) throws -> PDFMembers {
    try PDFMembers(
      pdf, of: "p", in: DeclaredVariations(Heads.head(groups, pdf: nominal), file: "f.lhe"))
  }

  @Test(
    "MadGraph's systematics module, alone, with emission scales before it, and with swapped tags")
  func madGraph() throws {
    for groups in [Heads.madGraph + Heads.replicas, Heads.emission + Heads.madGraph] {
      #expect(try ids(groups, .mu) == ["40", "1"])
      #expect(try ids(groups, .mur) == ["31", "6"])
      #expect(try ids(groups, .muf, factors: [0.5, 1, 2]) == ["21", "16"])
      #expect(try ids(groups, .mu, factors: [2]) == ["40"])
      #expect(try ids(groups, .sevenPoint) == ["1", "40", "6", "31", "16", "21"])
      #expect(
        try ids(groups, .ninePoint) == ["1", "40", "6", "31", "16", "21", "11", "26"])
      // Another dynamical scale only where it is asked for.
      #expect(try ids(groups, .mu, dynamic: 3) == ["41", "2"])
      #expect(try ids(groups, .mu, factors: [1], dynamic: 3) == ["22"])
    }
    #expect(try ids(Heads.swapped, .mu) == ["40", "1"])
    #expect(try members(Heads.swapped, PDFVariation()).members.map(\.id) == ["46", "47"])
    // The central member of the nominal set is what its weights vary.
    let scales = try scaleWeights(Heads.madGraph + Heads.replicas, .mu)
    #expect(scales.map(\.central) == ["45", "45"])
    #expect(try scaleWeights(Heads.madGraph, .mu).map(\.central) == [nil, nil])
  }

  @Test("emission scales are not the scales of the hard process")
  func emission() throws {
    let problem = #expect(throws: Problem.self) { try ids(Heads.emission, .mu) }
    #expect(problem?.kind == .data)
    #expect(problem?.line.contains("the file declares none") == true)
  }

  @Test("aMC@NLO, new and old; lists of dynamical scales")
  func nextToLeading() throws {
    #expect(try ids(Heads.nextToLeading, .mu, pdf: 90900) == ["1005", "1009"])
    #expect(try ids(Heads.nextToLeading, .mu, pdf: 90900, dynamic: 3) == ["1015", "1019"])
    #expect(try scaleWeights(Heads.nextToLeading, .mu, pdf: 90900)[0].central == "1001")
    #expect(try ids(Heads.oldNextToLeading, .mu, pdf: 260000) == ["1005", "1009"])
    #expect(try ids(Heads.numbered, .mu) == ["1", "2"])
    #expect(try ids(Heads.numbered, .mu, factors: [2], dynamic: 2) == ["3"])
    let members = try members(Heads.nextToLeading, PDFVariation(), nominal: 90900)
    #expect(members.members.map(\.id) == ["2002", "2003"])
    #expect(members.members[0].central == "2001")
    #expect(members.combination == .symmetricHessian && members.scale == 1)
    #expect(members.warning?.contains("only 2 of the 30 members") == true)
    let old = try self.members(
      Heads.oldNextToLeading, PDFVariation(set: "NNPDF30_nlo_as_0118"), nominal: 260000)
    #expect(old.members.map(\.id) == ["2001", "2002"] && old.combination == .replicas)
    // The nominal set's central member is the event's own weight.
    #expect(old.members[0].central == nil)
  }

  @Test("POWHEG: factors in texts with Fortran numbers, in ids, and densities by id")
  func powheg() throws {
    #expect(try ids(Heads.powheg, .mu, pdf: 13100) == ["1", "2"])
    #expect(try ids(Heads.powheg, .mur, pdf: 13100, factors: [2]) == ["5"])
    let ct = try members(Heads.powheg, PDFVariation(set: "CT14nlo"), nominal: 13100)
    #expect(ct.members.map(\.id) == ["12", "13"] && ct.members[0].central == "11")
    #expect(ct.combination == .asymmetricHessian)
    // CTEQ's members are at 90 %.
    #expect(abs(ct.scale - 1 / 1.6448536269514722) < 1e-15)
    let chosen = try members(
      Heads.powheg, PDFVariation(set: "13100", confidenceLevel: 68), nominal: 13100)
    #expect(chosen.scale == 1 && chosen.members == ct.members)

    #expect(
      try ids(Heads.powhegIDs, .mu, pdf: -1)
        == ["MUR2.0_MUF2.0_PDF99208082", "MUR0.5_MUF0.5_PDF99208082"])
    #expect(
      try scaleWeights(Heads.powhegIDs, .mu, pdf: -1)[0].central == "MUR1.0_MUF1.0_PDF99208082")
    let set = try members(
      Heads.powhegIDs,
      PDFVariation(ids: Array(99_208_082...99_208_084), combination: .symmetricHessian), nominal: -1
    )
    #expect(
      set.members.map(\.id) == ["MUR1.0_MUF1.0_PDF99208083", "MUR1.0_MUF1.0_PDF99208084"])
    #expect(set.members[0].central == "MUR1.0_MUF1.0_PDF99208082")
  }

  @Test("members, central one, combination and level of a set")
  func sets() throws {
    // By the name of the group, whatever the table says about the name.
    let toy = """
      <weightgroup name="CT10" combine="hessian">
      <weight id="100" MUR="1.0" MUF="1.0" PDF="11000" >  </weight>
      <weight id="101" MUR="1.0" MUF="1.0" PDF="11001" >  </weight>
      <weight id="102" MUR="1.0" MUF="1.0" PDF="11002" >  </weight>
      </weightgroup>
      """
    let ct = try members(Heads.madGraph + toy, PDFVariation(set: "CT10"))
    #expect(ct.members.map(\.id) == ["101", "102"] && ct.members[0].central == "100")
    #expect(ct.combination == .asymmetricHessian && ct.scale < 0.61)

    let replicas = try members(Heads.madGraph + Heads.replicas, PDFVariation())
    #expect(replicas.setName == "NNPDF23_lo_as_0130_qed" && replicas.combination == .replicas)
    #expect(replicas.members.map(\.id) == ["46", "47", "48"])

    // α_s down and up are the last two members.
    let weights = (0...32).map { "<weight id='w\($0)'> lhapdf=\(90400 + $0) </weight>" }
    let pdfas = try members(weights.joined(separator: "\n"), PDFVariation(), nominal: 90400)
    #expect(pdfas.members.count == 30 && pdfas.alphaS.map(\.id) == ["w31", "w32"])
    #expect(pdfas.combination == .symmetricHessian && pdfas.warning == nil)

    // Members of different sets.
    let mixed = """
      <weight id="9" PDF="247000"></weight><weight id="10" PDF="246800"></weight>
      <weight id="11" PDF="21000"></weight>
      """
    let envelope = try members(
      mixed, PDFVariation(ids: [21000, 247000, 246800], combination: .envelope))
    #expect(envelope.members.map(\.id) == ["11", "10"] && envelope.members[0].central == "9")
  }

  @Test("families of sets")
  func families() {
    let rules: [(String, PDFVariation.Combination?, Double)] = [
      ("NNPDF31_nlo_as_0118", .replicas, 68), ("NNPDF31_nnlo_hessian_pdfas", .symmetricHessian, 68),
      ("CT18NNLO", .asymmetricHessian, 90), ("cteq66", .asymmetricHessian, 90),
      ("MSTW2008nlo90cl", .asymmetricHessian, 90), ("MMHT2014nlo68cl", .asymmetricHessian, 68),
      ("MSHT20nnlo_as118", .asymmetricHessian, 68), ("HERAPDF20_NLO_EIG", .asymmetricHessian, 68),
      ("PDF4LHC15_nlo_mc", .replicas, 68), ("PDF4LHC15_nnlo_30_pdfas", .symmetricHessian, 68),
      ("PDF4LHC21_40_pdfas", .symmetricHessian, 68), ("ABMP16_5_nnlo", .symmetricHessian, 68),
      ("CT14MC1nlo", .replicas, 68), ("somebodys_pdf", nil, 68),
    ]
    for (name, combination, level) in rules {
      #expect(PDFSet.combination(ofName: name) == combination, "\(name)")
      #expect(PDFSet.confidenceLevel(ofName: name) == level, "\(name)")
    }
    #expect(PDFSet.combination(ofAttribute: "symmhessian+as") == (.symmetricHessian, true))
    #expect(PDFSet.combination(ofAttribute: "hessian") == (.asymmetricHessian, false))
    #expect(PDFSet.combination(ofAttribute: "Gaussian").0 == .replicas)
    #expect(PDFSet.combination(ofAttribute: "replicas") == (.replicas, false))
    #expect(PDFSet.combination(ofAttribute: "None").0 == nil)
  }

  @Test("what cannot be found is said with what there is")
  func refusals() throws {
    func refuses(_ says: String, _ body: () throws -> Void) {
      let problem = #expect(throws: Problem.self, performing: body)
      #expect(
        problem?.kind == .data && problem?.line.contains(says) == true, "\(problem?.line ?? "")")
    }
    refuses("needs a weight with muR=4.0 muF=4.0; the file has muR=0.5 muF=0.5 (id 1)") {
      _ = try ids(Heads.madGraph, .mu, factors: [0.25, 4])
    }
    refuses("needs the weights of CT18NLO; the file has LHAPDF 247000 (id 45)") {
      _ = try members(Heads.replicas, PDFVariation(set: "CT18NLO"))
    }
    refuses("the file declares none") { _ = try members("", PDFVariation()) }
    refuses("is not known") {
      _ = try members(
        "<weightgroup name='mine'><weight id='1'>lhapdf=5000</weight><weight id='2'>lhapdf=5001</weight></weightgroup>",
        PDFVariation(set: "mine"))
    }
    refuses("1 members of CT14nlo are no asymmetric-hessian set") {
      _ = try members(
        "<weight id='1'>lhapdf=13100</weight><weight id='2'>lhapdf=13101</weight>",
        PDFVariation(set: "CT14nlo"))
    }
    refuses("no weight of the central member of NNPDF31_nlo_as_0118") {
      _ = try members(
        "<weight id='1'>lhapdf=303401</weight><weight id='2'>lhapdf=303402</weight>",
        PDFVariation(set: "NNPDF31_nlo_as_0118"))
    }
    refuses("needs the weights of LHAPDF 13103") {
      _ = try members(Heads.powheg, PDFVariation(ids: [13100, 13101, 13103]), nominal: 13100)
    }
  }

  @Test("real heads: MadGraph 3.5.8, aMC@NLO, POWHEG", .needsShared)
  func zoo() throws {
    func head(_ name: String) throws -> DeclaredVariations {
      let reader = try LHEReader(ByteReader(path: Place.shared + "/lhe-zoo/" + name))
      return DeclaredVariations(reader.head, file: name)
    }
    let mu = ScaleVariation(kind: .mu)
    let jets = try head("pylhe-testfile-madgraph5-3.5.8-pp_to_jj.lhe.gz")
    #expect(try mu.weights(of: "s", in: jets).map(\.id) == ["40", "1"])
    let replicas = try PDFMembers(PDFVariation(), of: "p", in: jets)
    #expect(replicas.members.count == 100 && replicas.combination == .replicas)
    #expect(replicas.members[0] == VariedWeight(id: "46", central: "45", what: "LHAPDF 247001"))
    #expect(replicas.warning == nil)
    let nlo = try head("pylhe-testlhef3.lhe")
    #expect(try mu.weights(of: "s", in: nlo).map(\.id) == ["1005", "1009"])
    #expect(
      try ScaleVariation(kind: .ninePoint).weights(of: "s", in: nlo).map(\.id).count == 8)
    let photon = try head("pylhe-testfile-powheg-box-v2-directphoton.lhe")
    #expect(try mu.weights(of: "s", in: photon).map(\.id) == ["1", "2"])
    let hvq = try head("pylhe-testfile-powheg-box-v2-hvq.lhe")
    #expect(
      try ScaleVariation(kind: .muf).weights(of: "s", in: hvq).map(\.id)
        == ["MUR1.0_MUF2.0_PDF99208082", "MUR1.0_MUF0.5_PDF99208082"])
    let beta = try head("pylhe-testfile-madgraph-2.0.0-wbj.lhe")
    #expect(try mu.weights(of: "s", in: beta).map(\.id) == ["1005", "1009"])
  }
}
