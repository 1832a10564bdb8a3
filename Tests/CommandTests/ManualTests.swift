import Foundation
import TestSupport
import Testing

/// Pages and completions are those that the options give, and their examples work.
@Suite struct ManualTests {
  private func read(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  @Test(arguments: commandNames + ["docgen"])
  func generatedFilesAreUpToDate(name: String) throws {
    let folder = TemporaryFolder()
    _ = shell(
      "mkdir -p man/man1 Completions/bash Completions/zsh Completions/fish", in: folder.path)
    let outcome = run(
      Place.products + "/docgen",
      ["--commands", Place.products, "--root", Place.root, "--into", folder.path, name])
    try #require(outcome.status == 0, "\(outcome.error)")
    for path in [
      "man/man1/\(name).1", "Completions/bash/\(name)", "Completions/zsh/_\(name)",
      "Completions/fish/\(name).fish",
    ] {
      #expect(
        read(folder.file(path)) == read(Place.root + "/" + path), "\(path): run 'make docs'")
    }
  }

  /// Pages look right in 80 columns: no line of an example is cut or folded there.
  @Test(arguments: commandNames + ["docgen"])
  func examplesFitThePage(name: String) {
    for line in read("\(Place.root)/man/src/\(name).examples").split(separator: "\n") {
      let isCommand = line.hasPrefix("$ ") || line.hasPrefix("  ")
      #expect(!isCommand || line.count <= 76, "\(name): \(line)")
    }
  }
}
