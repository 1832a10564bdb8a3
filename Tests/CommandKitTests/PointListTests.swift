import CommandKit
import Diagnostics
import EventModel
import TestSupport
import Testing

@Suite struct PointListTests {
  private let folder = TemporaryFolder()

  private func file(_ text: String) -> String {
    let path = folder.file("points.txt")
    _ = run("tee", [path], input: Array(text.utf8))
    return "@" + path
  }

  @Test func filesHoldOnePointALine() throws {
    let list = file("# points\nsm\n\ncHW = 0.3, cHq3=-0.1   # bsm\r\ncHW=1")
    #expect(
      try PointList.expand(["a", list, "b"]) == ["a", "sm", "cHW=0.3,cHq3=-0.1", "cHW=1", "b"])
  }

  @Test func emptyAndAbsentFilesAreNamed() {
    let empty = file("# nothing\n")
    let error = #expect(throws: Problem.self) { try PointList.expand([empty]) }
    #expect(error?.kind == .data && error?.file == folder.file("points.txt"))
    let absent = #expect(throws: Problem.self) { try PointList.expand(["@/no/such/file"]) }
    #expect(absent?.kind == .noInput)
  }

  @Test func pointsKnowTheirLine() throws {
    let setup = Setup(parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: -1...1)])
    let points = try PointList.points([file("# head\na=0.5\nb=1\n"), "a=0.2"])
    #expect(try points[0].resolve(setup) == [0.5] && points[2].resolve(setup) == [0.2])
    #expect(points[0].description == "a=0.5" && points[1].names == ["b"])
    let unknown = #expect(throws: Problem.self) { try points[1].resolve(setup) }
    #expect(unknown?.kind == .data && unknown?.file == folder.file("points.txt"))
    #expect(unknown?.place == "line 3")
    let table = file("a b\n0.1 0.2\n")
    let head = #expect(throws: Problem.self) { try PointList.points([table]) }
    #expect(head?.place == "line 1" && head?.fact == "'a b' is no parameter point")
  }
}
