import Foundation
import TestSupport
import Testing

/// The CP-odd coefficient of Examples/vbf, from Les Houches text to information.
@Suite struct CPOddTests {
  private let folder = TemporaryFolder()

  /// Information on cHWtil and its error, of one matrix that `fisher` prints.
  private func information(
    _ command: String, _ matrix: String
  ) throws -> (value: Double, error: Double) {
    let outcome = shell("fisher \(command) --luminosity 300/fb -q", in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
    for line in outcome.text.split(separator: "\n") {
      let cells = line.split(separator: " ").map(String.init)
      if cells.prefix(3) == [matrix, "cHWtil", "cHWtil"], let value = Double(cells[3]) {
        return (value, Double(cells[4]) ?? .nan)
      }
    }
    Issue.record("no matrix \(matrix): \(outcome.text)")
    return (.nan, .nan)
  }

  /// 74 of the matrix elements, 31 of the signed azimuth, nothing of its size; networks see twice what the azimuth shows.
  ///
  /// The first three are of the events alone: bounds are the rounding of the figures. Retained information of small
  /// trainings on the 4,000 test events has an error of 4 (6 %), of which most is common to both networks.
  @Test(.needsShared) func networksSeeMoreThanTheSignedAngle() throws {
    let seen = "log_pt_j1,log_pt_j2,deta_jj,eta_star,y_jjh,log_m_jj,log_pt_h,dphi_jj"
    let network = "--observables \(seen) --hidden 30,30 --epochs 8 --rate 2e-3:5e-5"
    let made = shell(
      """
      set -e -o pipefail
      morph setup "$ROOT/Examples/vbf/analysis.yaml" -o setup.h5
      lhe-read --setup setup.h5 --sample "sm:$SHARED/data/vbf_smeft.lhe.gz" -o events.h5
      augment score events.h5 --theta sm -n 60000 | train-score \(network) -o sally.h5
      augment ratio events.h5 --theta0 flat:cHW=-.6:.6,cHWtil=-.6:.6 --theta1 sm -n 60000 |
        train-ratio --method alices --alpha 1 \(network) -o alices.h5
      """, in: folder.path, environment: ["ROOT": Place.root, "SHARED": Place.shared])
    try #require(made.status == 0, "\(made.error)")
    let truth = try information("truth events.h5", "truth")
    let bins = "--bins 12"
    let signed = try information("histogram events.h5 --observable dphi_jj \(bins)", "histogram")
    let size = try information(
      "histogram events.h5 --observable abs_dphi_jj \(bins)", "histogram")
    #expect(abs(truth.value - 74) < 0.5)
    #expect(abs(signed.value - 31) < 0.5)
    #expect(abs(size.value - 0.07) < 0.02)
    let networks = try ["sally", "alices"].map {
      try information("full events.h5 --model \($0).h5 --theta sm", "kinematic_retained")
    }
    for network in networks {
      #expect(network.value > signed.value + 4 * network.error, "\(network)")
      #expect(network.value < truth.value)
    }
    #expect(abs(networks[0].value / networks[1].value - 1) < 0.1)
  }
}
