import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"

/// --order: the toy's amplitude is 1 + theta a(x) with E[a] = 0, so at linear order sigma is that of theta = 0, and the
/// information at theta = 0 that of the whole polynomial.
@Suite struct OrderTests {
  @Test(.needsShared, arguments: [("linear", 1e-3), ("quadratic", nil), ("", nil)])
  func crossSection(_ job: (String, Double?)) throws {
    let point = "--theta t0=0.5,t1=-0.7"
    let order = job.0.isEmpty ? "" : "--order \(job.0)"
    let sigma = try ResultJSON(shell("morph cross-section \(toy) \(point) \(order) --json"))
      .numbers("cross_section", "sigma")[0]
    let whole = 1e-3 * (1 + 0.25 * 0.25 + 2 * 0.09 * 0.49)
    // The quadrature leaves 1e-9.
    #expect(relativeError(sigma, job.1 ?? whole) < 1e-8)
  }

  @Test(.needsShared) func information() throws {
    let command = "fisher truth \(toy) --theta t0=0,t1=0 --luminosity 300/fb --json"
    let matrix = try ResultJSON(shell(command + " --order linear"))
      .numbers("information", "matrices", "truth", "matrix")
    for (a, b) in zip(matrix, [300.0, 0, 0, 216]) { #expect(abs(a - b) < 1e-5) }
    let refused = shell(
      "fisher truth \(toy) --theta t0=0.8,t1=0.3 --luminosity 300/fb --order linear --negative refuse"
    )
    #expect(refused.status == 65 && refused.error.contains("have a negative weight"))
    let kept = shell(
      "fisher truth \(toy) --theta t0=0.8,t1=0.3 --luminosity 300/fb --order linear")
    #expect(kept.status == 0 && kept.error.contains("events of negative weight"))
  }

  @Test(.needsShared) func weightsAndSamples() throws {
    let folder = TemporaryFolder()
    let weights = shell(
      "morph weights \(toy) --theta t0=0.8,t1=0.3 --order linear -O tsv | awk '!/^#/ && $NF < 0' | wc -l",
      in: folder.path)
    #expect(weights.status == 0)
    #expect((Int(weights.text.filter(\.isNumber)) ?? 0) > 100)
    let sample = shell(
      "augment score \(toy) --theta t0=0.1 --order linear --partition all -n 200 -o s.h5",
      in: folder.path)
    #expect(sample.status == 0, "\(sample.error)")
  }
}
