import EventModel
import TestSupport
import Testing

@testable import EventIO

/// MadMiner 0.9.6 opens our events file, as written and as exported, and gives our numbers.
@Suite struct MadMinerTests {
  let folder = TemporaryFolder()

  @Test(.needsPeers, .needsShared) func crossSectionAndInformationAgree() throws {
    let ours = shell(
      """
      set -e
      morph setup \(Place.root)/Examples/wh/analysis.yaml -o s.h5
      lhe-read --setup s.h5 --sample sm:\(Place.shared)/data/wh_smeft_tiny.lhe -o plain.h5
      events convert --for-madminer plain.h5 -o export.h5
      fisher truth plain.h5 --theta sm --luminosity 300/fb --json
      """, in: folder.path)
    #expect(ours.status == 0, "\(ours.error)")
    let report = try #require(try Document(json: ours.text).group("document/information"))
    let sigma = try #require(report.real("cross_section"))
    let matrix = try #require(report.reals("matrices/truth/matrix"))
    let theirs = Peers.run(
      script: """
        import logging, sys, numpy as np
        logging.disable(logging.CRITICAL)
        from madminer.sampling import SampleAugmenter, benchmark
        from madminer.fisherinformation import FisherInformation
        for name in ('plain.h5', 'export.h5'):
            _, sigma, _ = SampleAugmenter(name).cross_sections(benchmark('sm'))
            information, _ = FisherInformation(name).truth_information(np.zeros(2), luminosity=300000.)
            print(repr(float(sigma[0])), *(repr(float(x)) for x in information.ravel()))
        """, in: folder.path)
    #expect(theirs.status == 0, "\(theirs.error)")
    let lines = theirs.text.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let values = line.split(separator: " ").compactMap { Double(String($0)) }
      #expect(values.count == 5)
      // The same sums in another order.
      for (value, own) in zip(values, [sigma] + matrix) {
        #expect(relativeError(value, own) < 1e-10)
      }
    }
  }
}
