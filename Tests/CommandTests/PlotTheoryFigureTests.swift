import EventModel
import Glibc
import TestSupport
import Testing

/// Figures of information, its geometry, of setups and of events, by the script that gnuplot gets.
@Suite struct PlotTheoryFigureTests {
  private let folder = TemporaryFolder()

  private func write(_ kind: Kind, _ document: Document, _ name: String = "r.h5") throws {
    try PlotFixtures.write(kind, document, to: folder.file(name))
  }

  private func script(_ line: String = "r.h5") throws -> PlotScript {
    try PlotScript(shell("plot --script " + line, in: folder.path))
  }

  // MARK: Information

  /// Of [[4, 1], [1, 9]] after cHB is profiled: [[3.875, 1], [1, 9]].
  @Test func barsAreEigenvaluesAndTheRootOfTheDeterminant() throws {
    try write(.information, PlotFixtures.information().document)
    let script = try script("r.h5 --figure bars --parameters cHW,cHq3")
    #expect(script.titles == ["cHW", "cHq3"])
    let (a, b, c) = (3.875, 1.0, 9.0)
    let spread = ((a - c) * (a - c) / 4 + b * b).squareRoot()
    let values = [(a + c) / 2 + spread, (a + c) / 2 - spread]
    // Rectangles of the first matrix around 1; on a logarithmic axis the eigenvalue is the geometric middle of each.
    for name in ["cHW", "cHq3"] {
      let corners = try script.curve(name).filter { $0[0] < 1.4 }
      #expect(corners.count == 10)
      for k in 0..<2 {
        let y = corners[5 * k..<5 * k + 5].map { $0[1] }
        let middle = ((y.min() ?? 0) * (y.max() ?? 0)).squareRoot()
        #expect(relativeError(middle, values[k]) < 1e-12)
      }
      // The widths of a parameter over all eigenvectors are one bar, 0.7.
      let width = (0..<2).reduce(0.0) { sum, k in
        let x = corners[5 * k..<5 * k + 5].map { $0[0] }
        return sum + (x.max() ?? 0) - (x.min() ?? 0)
      }
      #expect(abs(width - 0.7) < 1e-12)
    }
    let sizes = try script.block(1, 0)
    #expect(relativeError(sizes[2][1], (a * c - b * b).squareRoot()) < 1e-12)
    // The rate knows one direction of two.
    #expect(sizes[12][1] == 0)
    #expect(script.says("set ylabel 'eigenvalues [TeV^{4}]'"))
    #expect(script.says("set ylabel '√det(I) [TeV^{4}]'"))
    #expect(script.says("set xtics ('truth' 1.0, 'full' 2.0, 'rate' 3.0)"))
    // Units differ: TeV^-2 and none.
    #expect(try self.script("r.h5 --figure bars").says("set ylabel 'eigenvalues [mixed]'"))
  }

  @Test func distributionOfInformation() throws {
    try write(.information, PlotFixtures.distributed().document)
    let script = try script()
    let steps = try script.curve("truth")
    // Open ends are as wide as their neighbours.
    #expect(steps.map { $0[0] } == [-100, 0, 0, 100, 100, 300, 300, 500])
    #expect(steps.map { $0[1] } == [1, 1, 2, 2, 3, 3, 4, 4])
    #expect(try script.block(1, 0).map { $0[1] } == [2, 2, 4, 4, 6, 6, 8, 8])
    #expect(try script.block(2, 0).map { $0[1] } == [0, 0, 2, 2, 1, 1, 0.5, 0.5])
    #expect(script.says("set xlabel 'pt\\_w [GeV]'"))
    #expect(script.says("set ylabel 'I(cHW) [TeV^{4}]'"))
    #expect(script.says("set ylabel 'σ [fb]'"))
    // The ellipses of the same file.
    #expect(try self.script("r.h5 --figure ellipses").titles == ["truth"])
  }

  /// The errors of bins stand in their middle.
  @Test func distributionOfInformationHasErrors() throws {
    try write(.information, PlotFixtures.distributed(hasErrors: true).document)
    let script = try script()
    #expect(try script.curve("truth").map { $0[1] } == [1, 1, 2, 2, 3, 3, 4, 4])
    for (panel, factor) in [(0, 1.0), (1, 2)] {
      let bars = try script.block(panel, 1)
      #expect(bars.count == 8)
      for bin in 0..<4 {
        let (k, x) = (Double(bin + 1), [-50.0, 50, 200, 400][bin])
        let ends = bars[2 * bin..<2 * bin + 2]
        #expect(ends.allSatisfy { $0[0] == x })
        #expect(abs(ends.map { $0[1] }.min()! - (factor * k - 0.1 * k)) < 1e-12)
        #expect(abs(ends.map { $0[1] }.max()! - (factor * k + 0.1 * k)) < 1e-12)
      }
    }
  }

  // MARK: Geometry

  @Test func distancesAreAMapWithLines() throws {
    try write(.geometry, PlotFixtures.geometry(hasDistances: true).document)
    let script = try script()
    let map = try script.map()
    #expect(map.count == 41 * 21)
    for cell in map {
      let d = (4 * (cell[0] - 0.25) * (cell[0] - 0.25) + 25 * cell[1] * cell[1]).squareRoot()
      #expect(abs(cell[2] - d) < 1e-12)
    }
    // Chords of a circle over cells of 0.05 × 0.04: 25 · 0.04²/8 of d² at most.
    for point in try script.curve("distance 1, 2, 3") {
      let d = (4 * (point[0] - 0.25) * (point[0] - 0.25) + 25 * point[1] * point[1]).squareRoot()
      #expect(abs(d - d.rounded()) < 0.01)
    }
    for point in try script.curve("metric at the origin, 1") {
      let d2 = 4 * (point[0] - 0.25) * (point[0] - 0.25) + 25 * point[1] * point[1]
      #expect(abs(d2 - 1) < 1e-12)
    }
    #expect(script.says("set xlabel 'c\\_a [TeV^{-2}]'") && script.says("set ylabel 'c\\_b'"))
    #expect(
      script.says(
        "set label 1 'information of histogram, from c\\_a=0.25, c\\_b=0, 300/fb' at screen 0.5,0.975 center"
      ))
  }

  @Test func pathsHaveMarksAtWholeDistances() throws {
    try write(.geometry, PlotFixtures.geometry(hasDistances: true).document, "d.h5")
    try write(
      .geometry, PlotFixtures.geometry(hasDistances: false, hasPath: true).document, "p.h5")
    let both = try script("d.h5 p.h5")
    #expect(try both.map().count == 41 * 21)
    let marks = try both.curve("every distance 1")
    #expect(marks.count == 1 && abs(marks[0][0] - 0.75) < 1e-9)
    #expect(try both.curve("p").count == 13)
    // A path alone.
    #expect(try script("p.h5").curve("geodesic").count == 13)
  }

  /// A metric without an origin: circles of one round size around grid points.
  @Test func metricIsDrawnAsCircles() throws {
    try write(.geometry, PlotFixtures.geometry(hasDistances: false).document)
    let script = try script()
    let title = try #require(script.titles.first)
    // Half axes d/2 and d/5 stay within half the distance of neighbours, 0.125 and 0.04: d ≤ 0.2.
    #expect(title == "distance 0.1")
    let circles = try script.curve(title)
    #expect(circles.count % 721 == 0)
    let first = circles.prefix(721)
    let centre = (
      ((first.map { $0[0] }.max() ?? 0) + (first.map { $0[0] }.min() ?? 0)) / 2,
      ((first.map { $0[1] }.max() ?? 0) + (first.map { $0[1] }.min() ?? 0)) / 2
    )
    for p in first {
      let d2 =
        4 * (p[0] - centre.0) * (p[0] - centre.0) + 25 * (p[1] - centre.1) * (p[1] - centre.1)
      // The centre is known to the step of 0.5° of the drawing.
      #expect(abs(d2 - 0.01) < 1e-4)
    }
  }

  // MARK: Morphing and events

  /// w = (1 − a − b, a, b) of the setup's three benchmarks.
  @Test func setupIsTheVarianceOfMorphing() throws {
    try write(.setup, PlotFixtures.setup().document())
    let script = try script()
    let map = try script.map()
    #expect(map.count == 81 * 81)
    for cell in map {
      let (a, b) = (cell[0], cell[1])
      let w = ((1 - a - b) * (1 - a - b) + a * a + b * b).squareRoot()
      #expect(abs(cell[2] - w) < 1e-12)
    }
    #expect(script.says("set cblabel '√Σw² of the morphing weights' offset 0.5,0"))
    #expect(try script.curve("benchmarks") == [[0, 0], [1, 0], [0, 1]])
    let along = try self.script("r.h5 --parameters c_b")
    for point in try along.block(0, 0) {
      let b = point[0]
      #expect(abs(point[1] - ((1 - b) * (1 - b) + b * b).squareRoot()) < 1e-12)
    }
    #expect(try along.curve("benchmarks") == [[0, 1], [1, 1]])
  }

  @Test func effectiveEventsOverThePlane() throws {
    try PlotFixtures.writeEvents(to: folder.file("e.h5"))
    let script = try script("e.h5 --figure effective-events")
    let x = PlotFixtures.events().1.columns[0].doubles
    for cell in try script.map().enumerated().filter({ $0.offset % 997 == 0 }).map(\.element) {
      let w = x.map { 1 + cell[0] * $0 / 100 - cell[1] * $0 / 400 }
      let sum = w.reduce(0, +)
      let exact = sum * sum / w.reduce(0) { $0 + $1 * $1 }
      // Values below a thousandth of the largest have the colour of the end.
      #expect(relativeError(cell[2], max(exact, 2)) < 1e-6)
    }
    #expect(script.says("set label 1 '2000 events, average' at screen 0.5,0.975 center"))
  }

  /// ±1 of each parameter, in quadrature, around the first point; as large relative to it below.
  @Test func bandOfSystematics() throws {
    try PlotFixtures.writeEvents(to: folder.file("e.h5"), hasSystematics: true)
    let line = "e.h5 --observable pt_w --theta sm --theta c_a=0.5 --bins 0:400:8"
    let script = try script(line)
    let up = (0.1 * 0.1 + 0.2 * 0.2).squareRoot()
    let down = (0.05 * 0.05 + (1 - 1 / 1.2) * (1 - 1 / 1.2)).squareRoot()
    func check(_ band: [[Double]], _ up: Double, _ down: Double) {
      #expect(band.count == 40)
      for k in stride(from: 0, to: band.count, by: 5) {
        #expect(abs((band[k + 2][1] - 1) - up) < 1e-9 && abs((1 - band[k][1]) - down) < 1e-9)
      }
    }
    check(try script.block(1, 0), up, down)
    // The nominal histogram in the middle of the upper band.
    let band = try script.curve("systematics")
    let sm = try script.curve("sm")
    #expect(relativeError(band[2][1], sm[0][1] * (1 + up)) < 1e-9)
    check(try self.script(line + " --systematic scale").block(1, 0), 0.1, 0.05)
    check(try self.script(line + " --systematic nu_pdf").block(1, 0), 0.2, 1 - 1 / 1.2)
    #expect(try !self.script(line + " --systematic none").titles.contains("systematics"))
    // A factor that is the same everywhere changes no shape: what is left is rounding.
    for point in try self.script(line + " --normalise").block(1, 0) {
      #expect(abs(point[1] - 1) < 1e-9)
    }
  }

  // MARK: Bad input

  @Test func badInput() throws {
    try write(.limits, PlotFixtures.limits().document, "l.h5")
    try write(.limits, PlotFixtures.strength(), "c.h5")
    try write(.limits, PlotFixtures.posterior(), "post.h5")
    try write(.information, PlotFixtures.information().document, "i.h5")
    try write(.information, PlotFixtures.distributed().document, "d.h5")
    try write(.geometry, PlotFixtures.geometry(hasDistances: true).document, "g.h5")
    try write(.setup, PlotFixtures.setup().document(), "s.h5")
    try write(.setup, Setup(parameters: PlotFixtures.setup().parameters).document(), "bare.h5")
    try PlotFixtures.writeEvents(to: folder.file("e.h5"))
    var empty = Document()
    empty.set("points/luminosity", 1.0)
    try write(.limits, empty, "none.h5")
    var broken = PlotFixtures.strength()
    broken["cls/expected"] = nil
    try write(.limits, broken, "broken.h5")
    var other = PlotFixtures.strength()
    other.set("cls/parameter", "c_x")
    other.set("cls/unit", "TeV^-2")
    try write(.limits, other, "other.h5")
    var part = PlotFixtures.coverage()
    part.set("coverage/fraction", [0.5])
    try write(.limits, part, "part.h5")
    var space = PlotFixtures.geometry(hasDistances: false)
    space.axes += [GridAxis(parameter: "c_c", lower: 0, upper: 1, count: 2)]
    space.metric = [Double](repeating: 1, count: space.pointCount * 9)
    try write(.geometry, space.document, "space.h5")
    let cases: [(line: String, status: Int32, says: String)] = [
      ("none.h5", 65, "none.h5: there are no limits; make them with limits"),
      ("broken.h5", 65, "the scan of CLs is not whole; make it again with limits cls"),
      ("part.h5", 65, "the coverage is not whole; put its shards together: events merge"),
      ("l.h5 c.h5", 65, "l.h5: there is no scan of CLs; draw results of one kind together"),
      ("c.h5 l.h5", 65, "l.h5: there is no scan of CLs; draw results of one kind together"),
      ("c.h5 other.h5", 65, "other: the scan is of c_x in TeV^-2, that of c of mu_wh; draw scans"),
      ("c.h5 broken.h5", 65, "broken.h5: group cls: the scan of CLs is not whole"),
      ("c.h5 --figure regions", 64, "no figure 'regions'; leave --figure away"),
      ("l.h5 --figure bars", 64, "no figure 'bars'; there are regions, p-values, impacts"),
      ("l.h5 --figure impacts", 65, "hold no impacts of nuisance parameters; make them with"),
      ("l.h5 l.h5 --figure p-values", 64, "a map of p-values is of one file"),
      ("post.h5 --parameters c_x", 64, "no parameter 'c_x' in the posterior; there are c_a, c_b"),
      ("i.h5 --figure distribution", 65, "no distribution of information; make it with fisher"),
      ("d.h5 --matrix nosuch", 64, "there is no matrix 'nosuch'; there are truth"),
      ("i.h5 --figure bars --parameters c_x", 65, "no parameter 'c_x'; the file has cHW"),
      ("space.h5", 65, "a metric on 3 grid axes cannot be drawn in a plane; make it with one"),
      ("s.h5 --parameters c_x", 64, "no parameter 'c_x'; there are c_a, c_b"),
      ("s.h5 --parameters c_a,c_a", 64, "one or two parameters make a drawing; write a,b"),
      ("bare.h5", 65, "no morphing basis; make one with 'morph setup'"),
      ("s.h5 s.h5", 64, "a setup is drawn of one file at a time"),
      ("e.h5 --figure effective-events --combine closest", 64, "takes other events at each point"),
      ("e.h5 --observable pt_w --systematic scale", 64, "no systematic 'scale'; they have none"),
      ("g.h5 --figure regions", 64, "of this geometry file there is no figure 'regions'"),
      ("l.h5 --script -O tsv", 64, "--script is of a picture"),
      ("l.h5 --figure pie", 64, "pie"),
    ]
    for (line, status, says) in cases {
      let outcome = shell("plot " + line, in: folder.path)
      #expect(outcome.status == status, "plot \(line): \(outcome.error)")
      #expect(outcome.error.hasPrefix("plot: error: "), "plot \(line): \(outcome.error)")
      #expect(outcome.error.contains(says), "plot \(line): \(outcome.error)")
      #expect(outcome.output.isEmpty)
      // Wrong use has a hint at the help below it.
      #expect(outcome.error.split(separator: "\n").count <= (status == 64 ? 2 : 1))
    }
  }
}
