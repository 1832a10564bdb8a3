import CommandKit
import Diagnostics
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
}
