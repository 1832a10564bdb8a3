import TestSupport
import Testing

/// Part of what information must be on the W+H samples with observables that a detector sees, and with a background.
@Suite(.serialized) struct InformationOrderTests {
  private static let data = Place.shared + "/data"
  private static let bins = "0,75,150,250,400,600"
  /// What the networks of Examples/wh see.
  private static let seen =
    "pt_l,pt_v,pt_w,mt_w,eta_l,pt_h,y_h,deta_lh,dphi_lh,dphi_lv,m_lh,mt_wh,m_wh1,m_wh2"

  private func read(_ samples: String, in folder: TemporaryFolder, to name: String) throws {
    let outcome = shell(
      "morph setup \(Place.root)/Examples/wh/analysis.yaml -o setup.h5 && lhe-read --setup setup.h5 "
        + samples + " -o \(name)", in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  /// A matrix and the standard deviations of its elements.
  private func fisher(
    _ line: String, _ matrix: String, in folder: TemporaryFolder
  ) throws -> (matrix: [Double], errors: [Double]) {
    let result = try ResultJSON(
      shell("fisher \(line) --luminosity 300/fb -q --json", in: folder.path))
    let covariance = try result.numbers("information", "matrices", matrix, "covariance")
    return (
      try result.numbers("information", "matrices", matrix, "matrix"),
      (0..<4).map { covariance[$0 * 5].squareRoot() }
    )
  }

  /// Truth ≥ full ≥ histogram ≥ rate, along both parameters and in the determinant. What a model retains is at most the
  /// truth on the same rows; against other rows, three standard deviations of both are allowed.
  @Test(.needsShared) func truthFullHistogramRate() throws {
    let folder = TemporaryFolder()
    try read(
      "--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz "
        + "--sample chw_pos_chq3_pos:\(Self.data)/wh_smeft_bsm.lhe.gz", in: folder, to: "e.h5")
    let trained = shell(
      "augment score e.h5 --theta sm -n 60000 | train-score --observables \(Self.seen) "
        + "--hidden 40,40 --epochs 8 --rate 2e-3:2e-4 -q -o m.h5", in: folder.path)
    try #require(trained.status == 0, "\(trained.error)")
    let truth = try fisher("truth e.h5", "truth", in: folder)
    let full = try fisher("full e.h5 --model m.h5", "retained", in: folder)
    let histogram = try fisher(
      "histogram e.h5 --observable pt_w --bins \(Self.bins)", "histogram", in: folder)
    let rate = try fisher("rate e.h5", "rate", in: folder)
    let steps = [("truth", truth), ("full", full), ("histogram", histogram), ("rate", rate)]
    for (more, less) in zip(steps, steps.dropFirst()) {
      for k in [0, 3] {
        let error =
          (more.1.errors[k] * more.1.errors[k] + less.1.errors[k] * less.1.errors[k]).squareRoot()
        #expect(
          more.1.matrix[k] > less.1.matrix[k] - 3 * error, "\(more.0) and \(less.0), \(k)")
      }
    }
    // Far apart where it matters: the rate knows one direction only, and half of the truth is behind the detector.
    func determinant(_ m: [Double]) -> Double { m[0] * m[3] - m[1] * m[2] }
    let areas = steps.map { determinant($0.1.matrix) }
    #expect(areas[0] > 1.1 * areas[1] && areas[1] > 1.1 * areas[2] && areas[2] > 10 * areas[3])
    // On the same rows there is no doubt: the regression of the joint score.
    let same = try fisher("full e.h5 --model m.h5", "kinematic_truth", in: folder)
    let kept = try fisher("full e.h5 --model m.h5", "kinematic_retained", in: folder)
    #expect(same.matrix[0] > kept.matrix[0] && same.matrix[3] > kept.matrix[3])
  }

  /// With b of background in a bin of σ the information of the bin is smaller by σ/(σ + b), and nothing else changes. Sums of
  /// signal and background are added in another order: 1e-9.
  @Test(.needsShared) func backgroundDilutes() throws {
    let folder = TemporaryFolder()
    let signal = "--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz"
    let background = "--background wbb:\(Self.data)/background.lhe.gz"
    try read(signal, in: folder, to: "s.h5")
    try read(signal + " " + background, in: folder, to: "sb.h5")
    let theta = "--theta cHW=0.2,cHq3=0.05"
    let axis = "--observable pt_w --bins \(Self.bins)"
    /// Per bin the information of the rate, and σ in pb.
    func distribution(_ file: String) throws -> (rate: [Double], sigma: [Double]) {
      let result = try ResultJSON(
        shell(
          "fisher distribution \(file) \(axis) \(theta) --luminosity 300/fb -q --json",
          in: folder.path))
      return (
        try result.numbers("information", "distribution", "matrices", "rate"),
        try result.numbers("information", "distribution", "cross_sections")
      )
    }
    let alone = try distribution("s.h5")
    let both = try distribution("sb.h5")
    var sum = [Double](repeating: 0, count: 4)
    for bin in alone.sigma.indices where alone.sigma[bin] > 0 {
      let b = both.sigma[bin] - alone.sigma[bin]
      #expect(b >= -1e-12)
      for k in 0..<4 {
        let diluted =
          alone.rate[4 * bin + k] * alone.sigma[bin] / (alone.sigma[bin] + max(0, b))
        sum[k] += diluted
        #expect(relativeError(both.rate[4 * bin + k], diluted) < 1e-9)
      }
    }
    let histogram = try fisher("histogram sb.h5 \(axis) \(theta)", "histogram", in: folder)
    for k in 0..<4 { #expect(relativeError(histogram.matrix[k], sum[k]) < 1e-9) }
    // Bins in which the background is small keep theirs: a shape is diluted less than the rate.
    let shape = try fisher("histogram s.h5 \(axis) \(theta)", "histogram", in: folder)
    let rates = try ["s.h5", "sb.h5"].map { try fisher("rate \($0) \(theta)", "rate", in: folder) }
    let total = (alone.sigma.reduce(0, +), both.sigma.reduce(0, +))
    #expect(relativeError(rates[1].matrix[0], rates[0].matrix[0] * total.0 / total.1) < 1e-9)
    #expect(histogram.matrix[0] < shape.matrix[0])
    #expect(
      histogram.matrix[0] / shape.matrix[0] > 1.2 * rates[1].matrix[0] / rates[0].matrix[0])
  }

  /// Errors from whole samples, by the command.
  @Test(.needsShared) func jackknifeOverSamples() throws {
    let folder = TemporaryFolder()
    try read(
      "--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz "
        + "--sample chw_pos_chq3_pos:\(Self.data)/wh_smeft_bsm.lhe.gz", in: folder, to: "e.h5")
    let line = "fisher truth e.h5 --luminosity 300/fb --jackknife samples --no-provenance --json"
    let one = shell(line + " -@ 1", in: folder.path)
    #expect(one.status == 0, "\(one.error)")
    #expect(one.output == shell(line + " -@ 3", in: folder.path).output)
    let covariance = try ResultJSON(one).numbers("information", "matrices", "truth", "covariance")
    #expect(covariance[0] > 0 && covariance.allSatisfy(\.isFinite))
    let text = shell("fisher rate e.h5 --luminosity 300/fb --jackknife samples", in: folder.path)
    #expect(text.text.contains("# errors and bias: jackknife over samples"))
    try read(
      "--sample chw_pos_chq3_pos:\(Self.data)/wh_smeft_bsm.lhe.gz", in: folder, to: "one.h5")
    let alone = shell(
      "fisher truth one.h5 --luminosity 300/fb --jackknife samples", in: folder.path)
    #expect(alone.status == 65, "\(alone.error)")
    #expect(alone.error.contains("is of one sample") && alone.error.contains("--jackknife 50"))
    #expect(alone.error.hasPrefix("fisher: error: one.h5: "))
    for wrong in ["1", "sample", "0.5"] {
      let outcome = shell(
        "fisher truth one.h5 --luminosity 300/fb --jackknife \(wrong)", in: folder.path)
      #expect(outcome.status == 64 && outcome.error.contains("jackknife"), "\(outcome.error)")
    }
  }
}
