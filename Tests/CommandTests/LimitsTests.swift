import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
private let grid = "--grid t0=-1:1:5 --grid t1=-1:1:5"
private let histogram = "--observable x --bins=-2,-1,0,1,2"

/// limits on the toy file of the reference numbers.
@Suite struct LimitsCommandTests {
  private func golden() throws -> ResultJSON {
    try ResultJSON(file: Place.shared + "/golden/inference/results.json")
  }

  private func difference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  /// 3e-4 is what 280 nodes of quadrature leave; 3.8e-4 without the rate, by the reference itself.
  @Test(
    .needsShared,
    arguments: [
      (histogram, "A.limits.histo6.xsec.p", 3e-4),
      (histogram + " --no-rate", "A.limits.histo6.noxsec.p", 4e-4), ("", "A.limits.rate.p", 3e-4),
    ])
  func expected(_ job: (String, String, Double)) throws {
    let result = try ResultJSON(
      shell("limits expected \(toy) --luminosity 10/fb \(grid) \(job.0) --json"))
    let p = try result.numbers("limits", "p")
    #expect(difference(p, try golden().numbers("results", job.1, "analytic")) < job.2)
  }

  @Test(.needsShared) func fileHoldsWhatJSONPrints() throws {
    let folder = TemporaryFolder()
    let command =
      "limits expected \(toy) --luminosity 10/fb \(grid) \(histogram) --no-provenance"
    let outcome = shell(
      command + " -o a.h5 && \(command) -o b.h5 && cmp a.h5 b.h5", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let text = shell(command + " --points").text
    let lines = text.split(separator: "\n")
    let header = try #require(lines.firstIndex { $0.contains("ln_L_kinematic") })
    #expect(lines.count - header - 1 == 25)
    for table in ["# region", "# interval", "# expected_area", "# expected_interval", "# fit"] {
      #expect(lines.contains { $0.hasPrefix(table) })
    }
    #expect(text.contains("# best fit: t0=0,t1=0"))
  }

  @Test(.needsShared) func observedEvents() throws {
    let result = try ResultJSON(
      shell(
        "limits observed \(toy) --data \(toy) --luminosity 1400/fb \(grid) \(histogram) --json"
      ))
    #expect(try result.numbers("limits", "event_count") == [1400])
    // The nodes of the quadrature are flat in x, which no point of the model is: but some point is the best.
    #expect(try result.numbers("limits", "q").allSatisfy { $0 >= 0 })
  }

  @Test(
    .needsShared,
    arguments: [
      ("expected \(toy) --luminosity 10", 64, "300/fb"),
      ("expected \(toy) --luminosity 10/fb --grid t0=1", 64, "LOW:HIGH:POINTS"),
      ("expected \(toy) --luminosity 10/fb --grid t2=0:1:3", 64, "parameter 't2'"),
      ("expected \(toy) --luminosity 10/fb --observable y", 65, "there are x, x2"),
      ("expected \(toy) --luminosity 10/fb --no-rate", 64, "nothing left"),
      ("expected \(toy) --luminosity 10/fb --fix t7", 64, "parameter 't7'"),
      ("observed \(toy) --luminosity 10/fb", 64, "--data"),
      ("expected \(toy) --luminosity 10/fb --grid t0=0:1:3 --poi t0", 64, "--grid or --poi"),
      ("expected \(toy) --luminosity 10/fb --poi t7", 64, "parameter 't7'"),
      ("expected \(toy) --luminosity 10/fb --statistic sally", 64, "--model"),
      ("expected \(toy) --luminosity 10/fb --constraint nu", 64, "NAME=CONSTRAINT"),
      ("expected \(toy) --luminosity 10/fb --free-norm ggf", 64, "process 'ggf'"),
      (
        "expected \(toy) --luminosity 10/fb --no-rate --mc-statistics \(histogram) \(grid)", 64,
        "shapes"
      ),
      (
        "expected \(toy) --luminosity 10/fb --observable x --observable x2 --bins 3 --bins 3 --bins 3",
        64, "3 --bins for 2 --observable"
      ),
      ("observed \(toy) --data \(toy) --luminosity 10/fb --weights w", 65, "there are x, x2"),
      ("observed \(toy) --data \(toy) --luminosity 10/fb --n-observed=-1", 64, "--n-observed"),
      ("combine \(toy)", 64, "two files"), ("combine \(toy) \(toy)", 65, "kind events"),
      ("observed \(toy) --data missing.h5 --luminosity 10/fb", 66, "missing.h5"),
      ("expected \(toy) --luminosity 10/fb --model \(toy)", 65, "kind events"),
    ])
  func badInput(_ job: (String, Int32, String)) {
    let folder = TemporaryFolder()
    let outcome = shell("limits \(job.0) -o out.h5", in: folder.path)
    #expect(outcome.status == job.1, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("limits: error: "))
    #expect(outcome.error.contains(job.2), "\(outcome.error)")
    #expect(folder.contents == [])
  }

  @Test(.needsShared) func oneParameter() throws {
    let result = try ResultJSON(
      shell(
        "limits expected \(toy) --luminosity 10/fb --grid t0=-1:1:21 --fix t1 \(histogram) --json"
      ))
    #expect(try result.numbers("limits", "degrees_of_freedom") == [1])
    #expect(try result.texts("limits", "fixed_parameters") == ["t1"])
    // Symmetric in t0: the even part of the amplitude does not depend on it at t1 = 0.
    let lower = try result.numbers("limits", "intervals", "lower")
    let upper = try result.numbers("limits", "intervals", "upper")
    #expect(zip(lower, upper).allSatisfy { abs($0 + $1) < 1e-6 })
  }

  /// Nuisance parameters of the file are profiled, and the tables of the fit hold their pulls and impacts.
  @Test(.needsShared) func nuisanceParameters() throws {
    let file = Place.shared + "/golden/inference/toy_mc.h5"
    let command =
      "limits expected \(file) --luminosity 100/fb --poi t0 --impacts --constraint nu_norm=lognormal:0.1 \(histogram)"
    let result = try ResultJSON(shell(command + " --json"))
    #expect(
      try result.texts("limits", "profiled_parameters") == ["t1", "nu_norm", "nu_shape"])
    #expect(try result.texts("limits", "nuisance", "constraint") == ["lognormal:0.1", "gauss"])
    #expect(try result.numbers("limits", "fit", "error").allSatisfy { $0 > 0 })
    #expect(try result.texts("limits", "impacts", "parameter").count == 4)
    let without = try ResultJSON(shell(command + " --nuisance none --json"))
    let (a, b) = (
      try result.numbers("limits", "fit", "error"), try without.numbers("limits", "fit", "error")
    )
    #expect(b.count == 2 && a[0] > b[0])
    let text = shell(command).text
    #expect(text.contains("# impact_of"))
    #expect(text.contains("lognormal:0.1"))
  }

  @Test(.needsShared) func combination() throws {
    let folder = TemporaryFolder()
    let one = "limits expected \(toy) --luminosity 10/fb \(grid) \(histogram)"
    let outcome = shell(
      "\(one) -o a.h5 && \(one) -o b.h5 && limits combine a.h5 b.h5 --json", in: folder.path)
    let both = try ResultJSON(outcome)
    let q = try ResultJSON(shell(one + " --json")).numbers("limits", "q")
    let sum = try both.numbers("limits", "q")
    // Grids add exactly; the best fit between their points is that of parabolas, which is good to 1e-3 here.
    let (a, b) = (try #require(sum.min()), try #require(q.min()))
    for (x, y) in zip(sum, q) { #expect(abs((x - a) - 2 * (y - b)) < 1e-6) }
    #expect(abs(a - 2 * b) < 1e-3)
  }
}
