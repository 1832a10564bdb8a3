import EventModel

/// What is known about sets of parton densities by name or LHAPDF id, since LHAPDF's own data are not at hand.
struct PDFSet: Equatable {
  var name: String
  /// LHAPDF id of member 0.
  var firstID: Int
  /// Members with the central one.
  var count: Int

  var ids: Range<Int> { firstID..<firstID + count }

  init(_ firstID: Int, _ name: String, _ count: Int) {
    self.name = name
    self.firstID = firstID
    self.count = count
  }

  static func named(_ name: String) -> PDFSet? {
    known.first { $0.name.lowercased() == name.lowercased() }
  }
  static func containing(_ id: Int) -> PDFSet? { known.first { $0.ids.contains(id) } }

  /// Sets that generators' error sets are commonly taken from (the index of LHAPDF 6).
  private static let known: [PDFSet] = [
    PDFSet(10550, "cteq66", 45), PDFSet(10800, "CT10", 53), PDFSet(11000, "CT10nlo", 53),
    PDFSet(11200, "CT10nnlo", 51), PDFSet(13000, "CT14nnlo", 57), PDFSet(13100, "CT14nlo", 57),
    PDFSet(14000, "CT18NNLO", 59), PDFSet(14100, "CT18ZNNLO", 59),
    PDFSet(14200, "CT18ANNLO", 59), PDFSet(14300, "CT18XNNLO", 59),
    PDFSet(14400, "CT18NLO", 59),
    PDFSet(21000, "MSTW2008lo68cl", 41), PDFSet(21050, "MSTW2008lo90cl", 41),
    PDFSet(21100, "MSTW2008nlo68cl", 41), PDFSet(21150, "MSTW2008nlo90cl", 41),
    PDFSet(21200, "MSTW2008nnlo68cl", 41), PDFSet(21250, "MSTW2008nnlo90cl", 41),
    PDFSet(25000, "MMHT2014lo68cl", 51), PDFSet(25100, "MMHT2014nlo68cl", 51),
    PDFSet(25200, "MMHT2014nlo68clas118", 51), PDFSet(25300, "MMHT2014nnlo68cl", 51),
    PDFSet(27100, "MSHT20nlo_as118", 65), PDFSet(27400, "MSHT20nnlo_as118", 65),
    PDFSet(42560, "ABMP16_5_nnlo", 30), PDFSet(42780, "ABMP16als118_5_nnlo", 30),
    PDFSet(61100, "HERAPDF20_NLO_EIG", 29), PDFSet(61200, "HERAPDF20_NNLO_EIG", 29),
    PDFSet(90000, "PDF4LHC15_nlo_mc_pdfas", 103),
    PDFSet(90200, "PDF4LHC15_nlo_100_pdfas", 103),
    PDFSet(90400, "PDF4LHC15_nlo_30_pdfas", 33), PDFSet(90500, "PDF4LHC15_nlo_mc", 101),
    PDFSet(90700, "PDF4LHC15_nlo_100", 101), PDFSet(90900, "PDF4LHC15_nlo_30", 31),
    PDFSet(91000, "PDF4LHC15_nnlo_mc_pdfas", 103),
    PDFSet(91200, "PDF4LHC15_nnlo_100_pdfas", 103),
    PDFSet(91400, "PDF4LHC15_nnlo_30_pdfas", 33), PDFSet(91500, "PDF4LHC15_nnlo_mc", 101),
    PDFSet(91700, "PDF4LHC15_nnlo_100", 101), PDFSet(91900, "PDF4LHC15_nnlo_30", 31),
    PDFSet(93300, "PDF4LHC21_40_pdfas", 43),
    PDFSet(229800, "NNPDF23_nlo_as_0118", 101), PDFSet(230000, "NNPDF23_nlo_as_0119", 101),
    PDFSet(232000, "NNPDF23_nnlo_as_0118", 101),
    PDFSet(244600, "NNPDF23_nlo_as_0118_qed", 101),
    PDFSet(244800, "NNPDF23_nlo_as_0119_qed", 101),
    PDFSet(246800, "NNPDF23_lo_as_0119_qed", 101),
    PDFSet(247000, "NNPDF23_lo_as_0130_qed", 101),
    PDFSet(260000, "NNPDF30_nlo_as_0118", 101), PDFSet(261000, "NNPDF30_nnlo_as_0118", 101),
    PDFSet(262000, "NNPDF30_lo_as_0118", 101), PDFSet(263000, "NNPDF30_lo_as_0130", 101),
    PDFSet(292200, "NNPDF30_nlo_nf_5_pdfas", 103),
    PDFSet(292600, "NNPDF30_nnlo_nf_5_pdfas", 103),
    PDFSet(303000, "NNPDF30_nlo_as_0118_hessian", 101),
    PDFSet(303200, "NNPDF30_nnlo_as_0118_hessian", 101),
    PDFSet(303400, "NNPDF31_nlo_as_0118", 101), PDFSet(303600, "NNPDF31_nnlo_as_0118", 101),
    PDFSet(304200, "NNPDF31_nlo_as_0118_hessian", 101),
    PDFSet(304400, "NNPDF31_nnlo_as_0118_hessian", 101),
    PDFSet(305000, "NNPDF31_nlo_pdfas", 103), PDFSet(305200, "NNPDF31_nnlo_pdfas", 103),
    PDFSet(305800, "NNPDF31_nlo_hessian_pdfas", 103),
    PDFSet(306000, "NNPDF31_nnlo_hessian_pdfas", 103),
    PDFSet(315000, "NNPDF31_lo_as_0118", 101), PDFSet(315200, "NNPDF31_lo_as_0130", 101),
    PDFSet(331100, "NNPDF40_nnlo_as_01180", 101),
    PDFSet(331700, "NNPDF40_nlo_as_01180", 101),
  ]

  // MARK: - By the family's name

  /// How the members of a set of this name are combined; nil for families that are not known.
  static func combination(ofName name: String) -> PDFVariation.Combination? {
    let name = name.lowercased()
    if name.contains("hessian") { return .symmetricHessian }
    if name.hasPrefix("nnpdf") { return .replicas }
    if name.hasPrefix("pdf4lhc") {
      if name.contains("_mc") { return .replicas }
      return ["_30", "_40", "_100"].contains { name.contains($0) } ? .symmetricHessian : nil
    }
    if name.hasPrefix("abm") { return .symmetricHessian }
    // Monte Carlo versions of CT14 and of others.
    if name.contains("mc1") || name.contains("mc2") || name.hasSuffix("_mc") { return .replicas }
    let asymmetric = ["ct10", "ct14", "ct18", "cteq6", "mstw", "mmht", "msht", "herapdf"]
    return asymmetric.contains { name.hasPrefix($0) } ? .asymmetricHessian : nil
  }

  /// How the group's attribute `combine` says it, and whether the last two members vary α_s.
  static func combination(ofAttribute text: String) -> (PDFVariation.Combination?, hasAlphaS: Bool)
  {
    let words = text.lowercased()
    let hasAlphaS = words.contains("+as")
    if words.contains("symm") { return (.symmetricHessian, hasAlphaS) }
    if words.contains("hessian") { return (.asymmetricHessian, hasAlphaS) }
    if words.contains("replica") || words.contains("gaussian") { return (.replicas, hasAlphaS) }
    if words.contains("envelope") { return (.envelope, false) }
    return (nil, false)
  }

  /// Per cent; CTEQ's and MSTW's `90cl` sets are not at one standard deviation.
  static func confidenceLevel(ofName name: String) -> Double {
    let name = name.lowercased()
    if combination(ofName: name) != .asymmetricHessian { return 68 }
    return name.hasPrefix("ct") || name.contains("90cl") ? 90 : 68
  }

  /// True where the last two members are α_s down and up.
  static func hasAlphaS(name: String) -> Bool { name.lowercased().contains("pdfas") }
}
