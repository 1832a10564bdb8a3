import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// Options and reports of the commands on Les Houches files.
@Suite("events on Les Houches files: checks by choice, JSON, ranges, what a format drops")
struct LHEToolTests {
  @Test("what lhe-read refuses is a finding; a head that is no XML is a note")
  func unreadable() {
    let f = LHEFixture()
    let text = f.text()
    for weight in ["1.25 2.5", "abc", "1.25x"] {
      f.write(text.replacing("<wgt id='up'> 1.25 ", with: "<wgt id='up'> \(weight) "))
      let outcome = f("events check a.lhe")
      #expect(outcome.status == 1)
      #expect(
        outcome.text.contains("event 3 (byte ")
          && outcome.text.contains("weight 'up' is '\(weight)', not a number"), "\(outcome.text)")
      #expect(f("lhe-read a.lhe -o x.h5").status == 65)
    }
    // Without a number a weight is missing, which is another thing.
    f.write(text.replacing("<wgt id='up'> 1.25 ", with: "<wgt id='up'> "))
    #expect(f("lhe-read a.lhe -o x.h5").status == 0)
    f.write(text.replacing("21 = iseed", with: "21 = iseed ! < 2 & more"))
    let outcome = f("events check a.lhe")
    #expect(outcome.status == 0 && outcome.text.isEmpty)
    #expect(outcome.error.contains("the head is no well-formed XML"), "\(outcome.error)")
  }

  @Test("kinds of findings are left out, and the mass shell has tolerances of its own")
  func chosen() {
    let f = LHEFixture()
    f.write(f.text().replacing("62.0 0. 0. 62.0", with: "62.0 0. 30.0 62.0"))
    let all = f("events check a.lhe").text
    #expect(all.contains("E^2-p^2-m^2") && all.contains("pz is not conserved"), "\(all)")
    let momentum = f("events check --skip mass a.lhe").text
    #expect(!momentum.contains("E^2-p^2-m^2") && momentum.contains("pz is not conserved"))
    let mass = f("events check --skip momentum a.lhe").text
    #expect(mass.contains("E^2-p^2-m^2") && !mass.contains("pz is not conserved"))
    #expect(f("events check --skip momentum,mass a.lhe").status == 0)
    let loose = f("events check --mass-relative 1 a.lhe").text
    #expect(!loose.contains("E^2-p^2-m^2") && loose.contains("pz is not conserved"))
    #expect(!f("events check --relative 1 --mass-relative 0 a.lhe").text.contains("conserved"))
    #expect(f("events check --skip masses a.lhe").status == 64)
  }

  @Test("events info --json has numbers, whole, with their units")
  func numbers() throws {
    var f = LHEFixture()
    f.crossSection = 2.000000125
    f.write(f.text())
    let text = f("events info --json a.lhe").text
    let document = try Document(json: text)
    #expect(document.real("cross_section_by_init/value") == 2.000000125)
    #expect(document.real("cross_section_by_init/error") == 0.01)
    #expect(document.text("cross_section_by_init/unit") == "pb")
    // Weights are (i - 1.5) sigma, whose mean is sigma; a few roundings.
    let sigma = try #require(document.real("cross_section_by_weights/value"))
    #expect(relativeError(sigma, 2.000000125) < 1e-14)
    #expect(try relativeError(#require(document.real("sum_of_weights")), 12.00000075) < 1e-14)
    #expect(document.integer("negative_weights/events") == 2)
    #expect(document.real("beams/energy1") == 6500 && document.integer("beams/id1") == 2212)
    #expect(document.integers("processes/id") == [7])
    #expect(document.reals("processes/sigma_init") == [2.000000125])
    #expect(document.reals("channels/share") == [1])
    #expect(f("events info a.lhe").text.contains("cross section by init: 2 +- 0.01 pb"))
  }

  @Test("an event as tables of particles and weights")
  func pretty() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f("events convert --events 3 a.lhe | events head --pretty -n 1")
    #expect(outcome.status == 0, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n").map(String.init)
    #expect(lines.count == 12, "\(outcome.text)")
    #expect(lines[0].hasPrefix("# event 1: process 7, weight 1, scale 91 GeV"))
    #expect(lines[1] == "# npLO -1, npNLO 1")
    #expect(lines[5].split(separator: " ").prefix(6) == ["3", "a", "22", "1", "1-2", "0-0"])
    #expect(lines[10].split(separator: " ") == ["up", "1.25", "1.25"])
    #expect(f("events head --pretty --json a.lhe").status == 64)
  }

  @Test("ranges open below, lists of processes")
  func ranges() {
    let f = LHEFixture()
    f.write(f.text())
    #expect(f("events convert --events=-2 a.lhe").text.lheEvents.count == 2)
    #expect(
      f("events convert --events=-2,5- a.lhe").text.lheEvents
        == [0, 1, 4, 5].map { f.event($0).lheEvents[0] })
    #expect(f("events convert --events=- a.lhe").status == 64)
    #expect(f("events convert --process 5,7 a.lhe").text.lheEvents.count == 6)
    #expect(f("events convert --process 5,x a.lhe").status == 64)
  }

  @Test("LHEH5 has no place for attributes of events and most scales: they are named once")
  func dropped() {
    let f = LHEFixture()
    f.write(
      f.text().replacing("<scales muf=\"90.1\"/>", with: "<scales muf=\"9\" pt_clust_1=\"3\"/>"))
    let outcome = f("events convert a.lhe -o a.lheh5")
    #expect(outcome.status == 0)
    let lines = outcome.error.split(separator: "\n")
    #expect(lines.count == 2, "\(outcome.error)")
    #expect(lines.contains { $0.contains("attributes of events: npLO, npNLO dropped") })
    #expect(lines.contains { $0.contains("muf and mur of <scales>; dropped: pt_clust_1") })
    let table = f("events convert a.lhe -O hdf5 -o a.h5")
    #expect(!table.error.contains("npLO"), "\(table.error)")
  }

  @Test("a name with a tab or a newline in it is one name of a line of text")
  func names() {
    let f = LHEFixture()
    f.write(
      f.text().replacing("id=\"up\"", with: "id=\"u&#9;p&#10;&amp;q\"").replacing(
        "id='up'", with: "id='u&#9;p&#10;&amp;q'"))
    let outcome = f("lhe-read --observable n=n_particles a.lhe -O tsv")
    #expect(outcome.status == 0, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 7 && lines[0].contains("weights.u p &q"), "\(lines[0])")
    #expect(Set(lines.map { $0.split(separator: "\t").count }).count == 1)
  }

  @Test("an Arrow file is the stream in it")
  func arrowFile() {
    let f = LHEFixture()
    f.write(f.text())
    let made = f(
      """
      set -e
      lhe-read --observable n=n_particles a.lhe -O stream -o s.arrows
      printf 'ARROW1\\000\\000' > file.arrow
      cat s.arrows >> file.arrow
      printf 'an index that nobody needs\\020\\000\\000\\000ARROW1' >> file.arrow
      events diff s.arrows file.arrow
      """)
    #expect(made.status == 0, "\(made.error)")
  }
}
