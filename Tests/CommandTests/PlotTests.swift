import EventIO
import EventModel
import Glibc
import TestSupport
import Testing

@Suite struct PlotTests {
  private let folder = TemporaryFolder()

  private func plot(_ line: String) -> Outcome { shell("plot " + line, in: folder.path) }

  /// Rows of `-O tsv` without the header, split at tabs.
  private func rows(_ outcome: Outcome) -> [[String]] {
    outcome.text.split(separator: "\n").dropFirst()
      .map { $0.split(separator: "\t").map(String.init) }
  }

  @Test func contoursLieOnTheLevelOfTheLikelihood() throws {
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("l.h5"))
    let outcome = plot("l.h5 -O tsv")
    #expect(outcome.status == 0 && outcome.error == "")
    for (label, level) in [("68 %", 0.68), ("95 %", 0.95)] {
      let points = rows(outcome).filter { $0[1] == label }
      #expect(points.count > 30)
      for p in points {
        let q = PlotFixtures.q(Double(p[3]) ?? .nan, Double(p[4]) ?? .nan)
        // A parabola between points 0.05 apart: off by at most 0.05²/8 · q'' = 0.05²/8 · 2/0.0064.
        #expect(abs(q + 2 * log(1 - level)) < 0.1)
      }
    }
  }

  /// Numbers along an axis whose range is narrow beside its values differ from each other.
  @Test func axesOfNarrowRangesHaveDigitsEnough() throws {
    var limits = PlotFixtures.limits()
    limits.axes[0].lower = 999.999
    limits.axes[0].upper = 1000.001
    for i in limits.q.indices { limits.points[2 * i] = 1000 + 0.001 * limits.points[2 * i] }
    limits.bestFit[0] = 1000
    limits.thetaTrue[0] = 1000
    try PlotFixtures.write(.limits, limits.document, to: folder.file("l.h5"))
    let script = try PlotScript(plot("l.h5 --script"))
    // Six digits of the ratio of value and width, and three of the range.
    #expect(
      script.text.contains("set format x '%.10g'") || script.text.contains("set format x '%.9g'"))
    #expect(script.text.contains("set format y '%h'"))
  }

  @Test func axesInAnotherOrderGiveTheSameContours() throws {
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("a.h5"))
    try PlotFixtures.write(
      .limits, PlotFixtures.limits(isTurned: true).document, to: folder.file("b.h5"))
    let outcome = plot("a.h5 b.h5 -O tsv")
    #expect(outcome.status == 0, "\(outcome.error)")
    let outer = rows(outcome).filter { $0[1] == "a" || $0[1] == "b" }
    let points = { (label: String) in
      Set(outer.filter { $0[1] == label }.map { "\($0[3]) \($0[4])" })
    }
    #expect(points("a") == points("b") && points("a").count > 30)
  }

  /// Every format opens with its own mark, and a name that gnuplot's markup would eat comes through.
  @Test(arguments: [("svg", "<?xml"), ("pdf", "%PDF"), ("png", "\u{89}PNG")])
  func pictures(suffix: String, mark: String) throws {
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("l.h5"))
    let outcome = plot("l.h5 -o p.\(suffix)")
    #expect(outcome.status == 0 && outcome.error == "" && outcome.output.isEmpty)
    let bytes = try ByteReader(path: folder.file("p.\(suffix)")).readAll()
    #expect(bytes.starts(with: mark.unicodeScalars.map { UInt8($0.value) }))
    if suffix == "svg" {
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.contains("c_HW ["))
      #expect(text.contains("c{Hq}^3 &amp; 'x' ["))
    }
    #expect(folder.contents == ["l.h5", "p.\(suffix)"])
  }

  @Test func ellipsesSatisfyTheirEquationAfterProfiling() throws {
    try PlotFixtures.write(
      .information, PlotFixtures.information().document, to: folder.file("i.h5"))
    let outcome = plot("i.h5 -O tsv --level 0.95")
    #expect(outcome.status == 0, "\(outcome.error)")
    let truth = rows(outcome).filter { $0[1] == "truth" }
    #expect(truth.count > 100)
    // cHB profiled: I_11 − 0.5²/2.
    for p in truth {
      let (x, y) = (Double(p[3]) ?? .nan, Double(p[4]) ?? .nan)
      let d2 = 3.875 * x * x + 2 * x * y + 9 * y * y
      #expect(abs(d2 + 2 * log(0.05)) < 1e-9)
    }
    // The rate alone fixes Δc_1 + 2Δc_2: two straight lines.
    let rate = rows(outcome).filter { $0[1] == "rate" }
    #expect(rate.count == 4)
    for p in rate {
      let (x, y) = (Double(p[3]) ?? .nan, Double(p[4]) ?? .nan)
      #expect(abs(abs(x + 2 * y) - (-2 * log(0.05)).squareRoot()) < 1e-9)
    }
  }

  /// Of several files the first matrix of each, called as the file is; any by name.
  @Test func ellipsesOfSeveralFilesAreOneEach() throws {
    for name in ["a.h5", "b.h5"] {
      try PlotFixtures.write(
        .information, PlotFixtures.information().document, to: folder.file(name))
    }
    func labels(_ options: String) -> Set<String> {
      Set(rows(plot("a.h5 b.h5 -O tsv " + options)).map { $0[1] })
    }
    #expect(labels("").isSuperset(of: ["a", "b"]))
    #expect(!labels("").contains("a: rate"))
    #expect(labels("--matrix truth --matrix rate").isSuperset(of: ["a: truth", "b: rate"]))
    let outcome = plot("a.h5 b.h5 -O tsv --matrix nosuch")
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("there is no matrix 'nosuch'; there are truth, "))
  }

  @Test func distributionsHoldTheCrossSectionsOfTheirBins() throws {
    try PlotFixtures.writeEvents(to: folder.file("e.h5"))
    let outcome = plot("e.h5 --observable pt_w --theta sm --theta c_a=0.5 --bins 0:400:8 -O tsv")
    #expect(outcome.status == 0, "\(outcome.error)")
    let (_, batch) = PlotFixtures.events()
    let x = batch.columns[0].doubles
    for (label, slope) in [("sm", 0.0), ("c_a=0.5", 0.005)] {
      let steps = rows(outcome).filter { $0[0] == "1" && $0[1] == label }
      #expect(steps.count == 16)
      for (k, step) in steps.enumerated() where k % 2 == 0 {
        let low = 25.0 * Double(k)
        let sum = x.filter { $0 >= low && $0 < low + 50 }.reduce(0) { $0 + 1e-3 * (1 + slope * $1) }
        #expect(relativeError(Double(step[4]) ?? .nan, sum / 50) < 1e-12)
      }
    }
  }

  @Test func lossHistory() throws {
    try PlotFixtures.write(.model, PlotFixtures.model().document, to: folder.file("m.h5"))
    let outcome = plot("m.h5 -O tsv")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(rows(outcome).filter { $0[1] == "training" }.count == 20)
    #expect(rows(outcome).first { $0[1] == "best epoch" }?[3] == "15.0")
  }

  // MARK: Bad input

  @Test func badInput() throws {
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("l.h5"))
    try PlotFixtures.write(
      .information, PlotFixtures.information().document, to: folder.file("i.h5"))
    try PlotFixtures.writeEvents(to: folder.file("e.h5"))
    let cases: [(line: String, status: Int32, says: String)] = [
      ("l.h5 i.h5", 65, "i.h5: this is of kind information, the first is limits"),
      ("absent.h5", 66, "absent.h5: cannot open"),
      ("l.h5 -o picture.jpg", 64, "does not say what to draw"),
      ("l.h5 -o picture", 64, "does not say what to draw"),
      ("l.h5 --label a --label b", 64, "one --label for each input"),
      ("i.h5 --parameters cHW,cXX", 65, "no parameter 'cXX'; the file has cHW, cHq3, cHB"),
      ("i.h5 --level 1.5", 64, "between 0 and 1"),
      ("e.h5", 64, "--observable"),
      ("e.h5 --observable nothing", 64, "nothing"),
      ("e.h5 --observable pt_w --theta c_x=1", 64, "no parameter 'c_x'"),
      ("l.h5 -o no/such/folder.svg", 73, "cannot create"),
      ("l.h5 -O tsv > /dev/full", 74, "no space left"),
      ("l.h5 -O tsv -o l.h5", 64, "also an input"),
    ]
    for (line, status, says) in cases {
      let outcome = plot(line)
      #expect(outcome.status == status, "plot \(line): \(outcome.error)")
      #expect(outcome.error.hasPrefix("plot: error: "), "plot \(line): \(outcome.error)")
      #expect(outcome.error.contains(says), "plot \(line): \(outcome.error)")
    }
    #expect(folder.contents == ["e.h5", "i.h5", "l.h5"])
  }

  @Test func gnuplotAbsentOrFailing() throws {
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("l.h5"))
    let absent = run(
      Place.products + "/plot", ["l.h5"], in: folder.path, environment: ["PATH": "/nowhere"])
    // `run` finds its shell by a fixed search where PATH leads nowhere.
    #expect(absent.status == 69 && absent.error.contains("install gnuplot"), "\(absent)")
    let failing = shell(
      "mkdir bin && printf '#!/bin/sh\\necho \"line 3: no terminal\" >&2\\nexit 1\\n' > bin/gnuplot"
        + " && chmod +x bin/gnuplot && PATH=$PWD/bin:$PATH plot l.h5 -o p.svg", in: folder.path)
    #expect(failing.status == 70 && failing.error.contains("line 3: no terminal"))
    #expect(!folder.contents.contains("p.svg"))
  }
}
