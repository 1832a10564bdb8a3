import FuzzTargets
import Glibc
import TestSupport
import Testing

/// Every input that a fuzzer found worth keeping, once more: crashes that were mended stay mended.
@Suite(.serialized) struct CorpusTests {
  @Test(arguments: FuzzTarget.allCases)
  func corpusIsReadWithoutHarm(_ target: FuzzTarget) throws {
    let folder = Place.root + "/Tests/FuzzTests/Corpus/" + target.rawValue
    let names = files(folder)
    #expect(!names.isEmpty, "no corpus in \(folder)")
    for name in names {
      let bytes = try read(folder + "/" + name)
      bytes.withUnsafeBytes { target($0) }
      // Cut short, it must do no harm either.
      for cut in [bytes.count / 2, max(0, bytes.count - 1)] {
        bytes[..<cut].withUnsafeBytes { target($0) }
      }
    }
  }

  private func files(_ folder: String) -> [String] {
    String(decoding: run("ls", [folder]).output, as: UTF8.self).split(separator: "\n")
      .map(String.init)
  }

  private func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let n = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<n])
  }
}
