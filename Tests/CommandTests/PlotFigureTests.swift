import EventModel
import Glibc
import TestSupport
import Testing

/// Every figure by the script that gnuplot gets: the numbers, and what axes and key say.
@Suite struct PlotFigureTests {
  private let folder = TemporaryFolder()

  private func write(_ kind: Kind, _ document: Document, _ name: String = "r.h5") throws {
    try PlotFixtures.write(kind, document, to: folder.file(name))
  }

  private func script(_ line: String = "r.h5") throws -> PlotScript {
    try PlotScript(shell("plot --script " + line, in: folder.path))
  }

  // MARK: Limits

  @Test func scriptIsThatOfThePicture() throws {
    try write(.limits, PlotFixtures.limits().document)
    let script = try script("r.h5 -O pdf")
    #expect(script.text.contains("set terminal pdfcairo"))
    #expect(script.says("set xlabel 'c\\_HW [TeV^{-2}]'"))
    #expect(script.says("set title 'expected, 3/fb'"))
    let fed = shell(
      "plot --script r.h5 | gnuplot - > direct.svg; plot r.h5 -o p.svg", in: folder.path)
    #expect(fed.status == 0, "\(fed.error)")
    #expect(shell("cmp direct.svg p.svg", in: folder.path).status == 0)
    // The name after -o is that of a script.
    #expect(shell("plot --script r.h5 -o figure.gp", in: folder.path).status == 0)
  }

  /// Results of different luminosities say each; channels put together have none of their own, nor has their sum.
  @Test func captionsHaveTheLuminositiesOfTheirResults() throws {
    var other = PlotFixtures.limits()
    other.luminosity = 3e5
    other.isExpected = false
    try write(.limits, PlotFixtures.limits().document, "a.h5")
    try write(.limits, other.document, "b.h5")
    #expect(try script("a.h5 b.h5").says("set title 'expected and observed, 3/fb, 300/fb'"))
    #expect(try script("a.h5 a.h5").says("set title 'expected, 3/fb'"))
    other.notes = ["channel: a.h5 (ratio)", "channel: b.h5 (histogram)"]
    try write(.limits, other.document, "c.h5")
    #expect(try script("c.h5").says("set title 'observed, 2 channels'"))
    #expect(try script("a.h5 c.h5").says("set title 'expected and observed, 3/fb'"))
    var sum = PlotFixtures.information()
    sum.luminosity = .nan
    try write(.information, sum.document, "sum.h5")
    #expect(try script("sum.h5").says("set title '68 % region (2 degrees of freedom)'"))
    #expect(try !script("sum.h5 --figure bars").text.contains("nan/fb"))
  }

  @Test func pValuesAreAMapWithTheBordersOfRegions() throws {
    try write(.limits, PlotFixtures.limits().document)
    let script = try script("r.h5 --figure p-values")
    let map = try script.map()
    #expect(map.count == 41 * 21)
    for cell in map {
      // Below 1e-3 colours are not told apart.
      let p = max(1e-3, exp(-PlotFixtures.q(cell[0], cell[1]) / 2))
      #expect(relativeError(cell[2], p) < 1e-12)
    }
    #expect(script.says("set cblabel 'p-value' offset 0.5,0"))
    #expect(script.says("set cbrange [0.001:1.0]"))
    #expect(script.titles == ["68 %", "95 %", "assumed truth", "best fit"])
    #expect(try script.curve("best fit") == [[0.02, 0.01]])
  }

  @Test func pValuesAlongOneParameter() throws {
    var limits = PlotFixtures.limits()
    limits.axes.removeLast()
    limits.points = limits.axes[0].values.flatMap { [$0, 0] }
    limits.q = limits.axes[0].values.map { $0 * $0 / 0.04 }
    limits.p = limits.q.map { exp(-$0 / 2) }
    (limits.kinematic, limits.rate, limits.constraint) = (limits.q, limits.q, limits.q)
    try write(.limits, limits.document, "a.h5")
    try write(.limits, limits.document, "b.h5")
    let script = try script("a.h5 b.h5 --figure p-values")
    for name in ["a", "b"] {
      for point in try script.curve(name) {
        #expect(abs(point[1] - exp(-point[0] * point[0] / 0.08)) < 1e-12)
      }
    }
    for row in try script.curve("95 %") { #expect(abs(row[1] - 0.05) < 1e-12) }
    #expect(script.says("set ylabel 'p-value'"))
  }

  /// Ranked by what they move the chosen parameter; pulls in units of the constraint.
  @Test func impactsAreRanked() throws {
    try write(.limits, PlotFixtures.impacts().document)
    let script = try script("r.h5 --figure impacts")
    #expect(script.says("set ytics ('nu\\_pdf' 3.0, 'nu\\_scale' 2.0, 'nu\\_lumi' 1.0)"))
    #expect(script.says("set xlabel 'Δc\\_HW [TeV^{-2}]'"))
    #expect(try script.curve("pull") == [[-0.4, 3], [0.3, 2], [1, 1]])
    #expect(script.titles.contains("+1σ post-fit") && script.titles.contains("−1σ pre-fit"))
    // The second panel: a line at zero, then post-fit up, three rectangles of five corners.
    let up = try script.block(1, 1)
    #expect(up.count == 15)
    #expect(up.map { $0[0] }.max() == 0.05 && up[0][1] > 2.5)
    let down = try script.block(1, 2)
    #expect(down.map { $0[0] }.min() == -0.9 * 0.05)
    // Of the other parameter, fits that failed are left out.
    let other = try self.script("r.h5 --figure impacts --parameters \"c{Hq}^3 & 'x'\"")
    #expect(try other.block(1, 2).allSatisfy { $0[0].isNaN })
  }

  @Test func strengthScanHasBands() throws {
    try write(.limits, PlotFixtures.strength())
    let script = try script()
    #expect(
      script.titles == [
        "95 % limit", "expected median", "expected ±1σ", "expected ±2σ", "observed",
      ]
    )
    let observed = try script.curve("observed")
    #expect(observed.count == 5 && observed[0] == [0, 1])
    for row in observed { #expect(abs(row[1] - exp(-1.5 * row[0])) < 1e-12) }
    for row in try script.curve("expected median") {
      #expect(abs(row[1] - exp(-2 * row[0])) < 1e-12)
    }
    // The band is closed: there and back and the first point again.
    let band = try script.curve("expected ±1σ")
    #expect(band.count == 11 && band.first == band.last)
    for (k, row) in band.enumerated() {
      let rate = k < 5 || k == 10 ? 3.0 : 1.0
      #expect(abs(row[1] - exp(-rate * row[0])) < 1e-12)
    }
    for row in try script.curve("95 % limit") { #expect(abs(row[1] - 0.05) < 1e-12) }
    #expect(script.says("set title 'observed limit 2, expected limit 1.5, 3/fb'"))
    #expect(script.says("set xlabel 'mu\\_wh'"))
    try write(.limits, PlotFixtures.strength(isObserved: false), "e.h5")
    #expect(try !self.script("e.h5").titles.contains("observed"))
  }

  /// Several scans have a colour each, the median dashed, without bands; what is solid stands in the key once.
  @Test func strengthScansOverEachOther() throws {
    try write(.limits, PlotFixtures.strength(), "a.h5")
    var expected = PlotFixtures.strength(isObserved: false)
    expected.set("cls/luminosity", 3e5)
    expected.set("cls/level", 0.9)
    try write(.limits, expected, "b.h5")
    let script = try script("a.h5 b.h5 --label first --label second")
    #expect(
      script.titles == [
        "90 % limit", "95 % limit", "expected median", "first", "observed", "second",
      ])
    for row in try script.curve("first") { #expect(abs(row[1] - exp(-1.5 * row[0])) < 1e-12) }
    for row in try script.curve("second") { #expect(abs(row[1] - exp(-2 * row[0])) < 1e-12) }
    for row in try script.curve("90 % limit") { #expect(abs(row[1] - 0.1) < 1e-12) }
    // The median of the first scan, in its colour, is not in the key.
    #expect(try script.block(0, 0).last?[1] == exp(-4.0))
    #expect(!script.text.contains("filledcurves"))
    #expect(script.says("set title '3/fb, 300/fb'"))
    // A picture is made of it.
    let drawn = shell("plot a.h5 b.h5 -o p.svg", in: folder.path)
    #expect(drawn.status == 0 && drawn.error.isEmpty, "\(drawn.error)")
  }

  @Test func coverageOfAFewPointsIsRows() throws {
    try write(.limits, PlotFixtures.coverage())
    let script = try script()
    #expect(script.says("set ytics ('c\\_a=0, c\\_b=0' 2.0, 'c\\_a=0.5, c\\_b=-0.2' 1.0)"))
    let rows = try script.curve("asymptotic")
    #expect(rows.map { $0[0] } == [0.64, 0.954, 0.74, 0.954])
    #expect(rows[0][1] == rows[1][1] && rows[0][1] > 2 && rows[2][1] < 2)
    #expect(script.titles == ["asymptotic", "neyman", "nominal"])
    #expect(script.says("set xlabel 'coverage'"))
  }

  @Test func coverageAlongAParameterIsACurve() throws {
    try write(.limits, PlotFixtures.coverage(points: [[1, 0], [0, 0], [0.5, 0], [-1, 0]]))
    let script = try script()
    let low = try script.curve("asymptotic")
    #expect(low.map { $0[0] } == [-1, 0, 0.5, 1])
    #expect(zip(low, [0.94, 0.74, 0.84, 0.64]).allSatisfy { abs($0[1] - $1) < 1e-12 })
    #expect(script.says("set xlabel 'c\\_a [TeV^{-2}]'") && script.says("set ylabel 'coverage'"))
  }

  // MARK: Posterior

  /// The border of a region of a Gaussian in two dimensions: (Δ/σ)² = −2 ln(1 − level).
  @Test(arguments: [true, false])
  func posteriorRegionsAreThoseOfTheGaussian(isGrid: Bool) throws {
    try write(.limits, isGrid ? PlotFixtures.posterior() : PlotFixtures.chains())
    let script = try script()
    for (label, level) in [("68 %", 0.68), ("95 %", 0.95)] {
      // The first curves are of the key: of marginals there are areas, of the plane lines.
      let points = try #require(script.plane(label))
      #expect(points.count > 20)
      for p in points {
        let d2 = PlotFixtures.square(p[0], p[1])
        // On the grid the cells of 0.025 × 0.0125 leave 0.1 of d²; 3600 samples in 30 bins, smoothed by one bin of 0.05,
        // widen σ² by (0.05/0.2)² = 6 % and the tail by noise.
        #expect(abs(d2 + 2 * log(1 - level)) < (isGrid ? 0.25 : level > 0.9 ? 2.5 : 0.8), "\(p)")
      }
    }
    #expect(script.titles.contains("best point") && script.titles.contains("assumed truth"))
    #expect(script.says("set xlabel 'c\\_b [TeV^{-2}]'"))
  }

  /// Names are as long as their panels at most, two lines of them with the unit below; the picture grows from four
  /// parameters on, and there are numbers at two marks at least.
  @Test(arguments: [2, 4, 7]) func trianglesHaveRoomForTheirNames(_ count: Int) throws {
    let names = [
      "coefficient_cHWtilde", "c_Hq3_second_family", "nuisance_scale_muR_muF",
      "cHBtilde_over_Lambda_squared", "pdf_eigenvector_17", "cHWB", "aNameWithoutAnyDashBelowIt",
    ]
    try write(.limits, PlotFixtures.chains(Array(names.prefix(count))))
    let script = try script("r.h5 -O png")
    let pixels = max(1200, 300 * count)
    #expect(script.text.contains("set terminal pngcairo size \(pixels),\(pixels) "))
    // Of a usual picture 78 letters are as wide as it is.
    let letters = 78 * Double(pixels) / 1200
    let labels = try script.labels()
    #expect(labels.count { $0.axis == "x" } == count)
    #expect(labels.count { $0.axis == "y" } == count - 1)
    for label in labels {
      #expect(label.lines.count <= 3)
      for line in label.lines {
        #expect(
          label.size * Double(line.count) <= letters * label.length + 0.5, "\(label.lines)")
      }
    }
    let whole = labels.filter { $0.axis == "x" }.map {
      $0.lines.joined().replacing(" [TeV^-2]", with: "").replacing("[TeV^-2]", with: "")
    }
    #expect(whole == Array(names.prefix(count)))
    let drawn = shell("plot r.h5 -o p.png", in: folder.path)
    #expect(drawn.status == 0 && drawn.error.isEmpty, "\(drawn.error)")
  }

  @Test func trianglesOfTooManyParametersAreRefused() throws {
    try write(.limits, PlotFixtures.chains((0..<9).map { "c\($0)" }))
    let outcome = shell("plot r.h5", in: folder.path)
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("9 parameters are too many for one drawing; name up to 8"))
  }

  @Test func marginalOfOneParameterIsShaded() throws {
    try write(.limits, PlotFixtures.posterior())
    let script = try script("r.h5 --parameters c_b")
    // 68 % of a Gaussian are within 0.9945 σ of its middle; cells are 0.0125 wide.
    let area = try script.curve("68 %")
    let x = area.map { $0[0] }
    #expect(abs((x.min() ?? 0) + 0.05 + 0.09945) < 0.0125)
    #expect(abs((x.max() ?? 0) + 0.05 - 0.09945) < 0.0125)
    #expect(script.says("set ylabel 'posterior density / maximum'"))
  }
}

extension PlotScript {
  /// A name at an axis as it will be seen, its letters' size, and the length of the axis as a share of the picture.
  struct Label {
    var axis: String
    var lines: [String]
    var size: Double
    var length: Double
  }

  /// The labels of panels at fixed places, in their order.
  func labels() throws -> [Label] {
    var margins: [Substring: Double] = [:]
    var labels: [Label] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2, words[0] == "set" else { continue }
      if words[1].hasSuffix("margin") {
        margins[words[1].prefix(1)] = Double(words[words.count - 1])
      }
      guard words[1] == "xlabel" || words[1] == "ylabel" else { continue }
      let axis = String(words[1].prefix(1))
      let (low, high) =
        try axis == "x"
        ? (#require(margins["l"]), #require(margins["r"]))
        : (#require(margins["b"]), #require(margins["t"]))
      let quote = try #require(words[2].first)
      let body = line.drop { $0 != quote }.dropFirst().prefix { $0 != quote }
      var size = 1.0
      let lines = String(body).replacing("\\n", with: "\n").replacing("\\", with: "")
        .split(separator: "\n").map { line -> String in
          var line = String(line)
          if line.hasPrefix("{/*"), let end = line.firstIndex(of: " ") {
            size = Double(line[line.index(line.startIndex, offsetBy: 3)..<end]) ?? .nan
            line = String(line[line.index(after: end)...].dropLast())
          }
          return line.replacing("^{-2}", with: "^-2")
        }
      labels.append(Label(axis: axis, lines: lines, size: size, length: high - low))
    }
    return labels
  }

  /// The line of a level in the plane of two parameters, which is the last panel but one of a triangle of three.
  fileprivate func plane(_ label: String) -> [[Double]]? {
    try? block(1, label == "68 %" ? 0 : 1)
  }
}
