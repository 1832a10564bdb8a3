import Foundation
import TestSupport
import Testing

/// `make install` puts everything in its place, under prefixed names where asked.
@Suite struct InstallTests {
  @Test func prefixedInstallation() {
    let folder = TemporaryFolder()
    // The commands of this build stand for those that `make build` would make.
    let made = run(
      "make",
      [
        "-C", Place.root, "-o", "build", "RELEASE=" + Place.products, "DESTDIR=" + folder.path,
        "PREFIX=/opt", "PROGRAM_PREFIX=sluice-", "install",
      ])
    #expect(made.status == 0, "\(made.error)")
    for path in [
      "bin/sluice-fisher", "share/man/man1/sluice-fisher.1", "share/man/man5/sluice-events.5",
      "share/man/man7/observables.7", "share/bash-completion/completions/sluice-fisher",
      "share/zsh/site-functions/_sluice-fisher",
      "share/fish/vendor_completions.d/sluice-fisher.fish",
    ] {
      #expect(Place.exists(folder.file("opt/" + path)), "\(path)")
    }
    let zsh = FileManager.default.contents(
      atPath: folder.file("opt/share/zsh/site-functions/_sluice-fisher"))
    #expect(String(decoding: zsh ?? Data(), as: UTF8.self).hasPrefix("#compdef sluice-fisher\n"))
    let page = FileManager.default.contents(
      atPath: folder.file("opt/share/man/man1/sluice-fisher.1"))
    #expect(String(decoding: page ?? Data(), as: UTF8.self).contains(".Nm sluice-fisher\n"))
    let wrong = run(folder.file("opt/bin/sluice-fisher"), ["--wrong"])
    #expect(wrong.status == 64 && wrong.error.hasPrefix("sluice-fisher: error: "))
  }
}
