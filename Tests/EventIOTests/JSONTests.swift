import Diagnostics
import EventModel
import Testing

@testable import EventIO

@Suite struct JSONTests {
  @Test func documentsComeBackExactly() throws {
    var d = Document()
    d.set("text", "a \"b\" \\ \n \u{1} é 𝔘")
    d.set("texts", ["x", "nan"])
    d.set("fixed", ["a"], width: 256)
    d.set("none", [String]())
    d.set("integer", 1 << 62)
    d.set("integral", 3.0)
    d.set("reals", [0.1, .nan, -0.0, 1e300, Double.leastNonzeroMagnitude, -.infinity])
    d.set("nans", [Double.nan])
    d.set("matrix", [1, 2, 3, 4, 5, 6], shape: [2, 3])
    d.set("empty", [Double](), shape: [0, 2])
    d.set("empty_integers", [Int]())
    d.set("group/deep/value", 1)
    d["@odd"] = .text("x")
    let back = try Document(json: d.exactJSON)
    #expect(back.exactJSON == d.exactJSON)
    #expect(back["fixed"] == d["fixed"] && back["none"] == d["none"] && back["@odd"] == d["@odd"])
    #expect(back["empty"] == d["empty"] && back["integral"] == d["integral"])
    #expect(back.reals("reals")?[2].sign == .minus)
    #expect(back.shape("matrix") == [2, 3])
  }

  @Test func plainFormIsForPeople() {
    var d = Document()
    d.set("a", [1.5, .nan])
    d.set("m", [1, 2], shape: [2, 1])
    d.set("n", ["x"], width: 256)
    #expect(d.json() == #"{"a":[1.5,"nan"],"m":[[1],[2]],"n":["x"]}"#)
  }

  @Test(arguments: [
    ("{", "byte 1"), ("{\"a\": }", "byte 6"), ("{\"a\": [1, [2]]}", ""), ("[1]", ""),
    ("{\"a\": 1} x", "byte 9"), ("{\"a\": \"\\ud800\"}", "byte"), ("{\"a\": null}", ""),
    (String(repeating: "[", count: 100_000), ""), ("{\"a\": 01x}", "byte"),
  ])
  func badTextIsRefused(text: String, place: String) {
    do {
      _ = try Document(json: text)
      Issue.record("\(text.prefix(20)) was read")
    } catch {
      let problem = error as? Problem
      #expect(problem?.kind == .data)
      #expect(problem?.place?.hasPrefix(place) ?? place.isEmpty)
    }
  }
}
