import Foundation
import TestSupport
import Testing

/// The examples of the manuals, run as they stand on small samples.
@Suite struct ExampleTests {
  /// Every file that the examples name, made by the commands themselves.
  private func makeFixture(in folder: TemporaryFolder) -> Outcome {
    shell(
      """
      set -e
      cp "$ROOT/Examples/wh/analysis.yaml" .
      cp "$ROOT"/Examples/wh/*.lhe.gz .
      ln -s wh_smeft_sm.lhe.gz sm.lhe.gz
      ln -s wh_smeft_bsm.lhe.gz bsm.lhe.gz
      morph setup analysis.yaml -o setup.h5
      lhe-read --setup setup.h5 --sample sm:sm.lhe.gz \
        --sample chw_pos_chq3_pos:bsm.lhe.gz -o events.h5
      augment score events.h5 --theta sm -n 2000 -o score.h5
      augment ratio events.h5 --theta0 prior --theta1 sm -n 2000 -o ratio.h5
      augment score events.h5 --theta prior -n 2000 -o density.h5
      train-score score.h5 --hidden 10 --epochs 2 -o sally.h5
      train-ratio ratio.h5 --hidden 10 --epochs 2 -o alices.h5
      train-density density.h5 --observables pt_w,mt_w --hidden 10 --epochs 2 -o scandal.h5
      fisher histogram events.h5 --observable pt_w --bins 6 --luminosity 300/fb -o information.h5
      limits expected events.h5 --theta sm --observable pt_w --bins 6 --luminosity 3/fb \
        --grid cHW=-1:1:7 --grid cHq3=-0.3:0.3:7 -o histogram.h5
      cp histogram.h5 limits.h5
      cp -r "$ROOT/man" "$ROOT/Completions" .
      mkdir .build
      ln -s "$PRODUCTS" .build/release
      """, in: folder.path, environment: ["ROOT": Place.root, "PRODUCTS": Place.products])
  }

  struct Example {
    var command: String
    var output: [String]
  }

  /// `$ ` begins a command, which goes on while a line ends in `\` or `|`; `> ` is what it prints; `% s/A/B/` makes it
  /// small enough for a test.
  static func read(_ name: String) -> [Example] {
    let bytes = FileManager.default.contents(atPath: "\(Place.root)/man/src/\(name).examples")
    var examples: [Example] = []
    var smaller: [(String, String)] = []
    var isContinued = false
    for line in String(decoding: bytes ?? Data(), as: UTF8.self).split(separator: "\n") {
      if isContinued {
        examples[examples.count - 1].command += "\n" + line
      } else if line.hasPrefix("$ ") {
        examples.append(Example(command: String(line.dropFirst(2)), output: []))
      } else if line.hasPrefix("> ") {
        examples[examples.count - 1].output.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("% s/") {
        let parts = line.split(separator: "/", omittingEmptySubsequences: false)
        smaller.append((String(parts[1]), String(parts[2])))
      }
      isContinued =
        (isContinued || line.hasPrefix("$ ")) && (line.hasSuffix("\\") || line.hasSuffix("|"))
    }
    return examples.map { example in
      let command = smaller.reduce(example.command) {
        $0.replacingOccurrences(of: $1.0, with: $1.1)
      }
      return Example(command: command, output: example.output)
    }
  }

  @Test func examplesWork() throws {
    let fixture = TemporaryFolder()
    let made = makeFixture(in: fixture)
    try #require(made.status == 0, "\(made.error)")
    for name in commandNames + ["docgen"] {
      let folder = TemporaryFolder()
      _ = run("cp", ["-r", fixture.path + "/.", folder.path])
      let examples = Self.read(name)
      #expect(!examples.isEmpty, "\(name) has no examples")
      for example in examples {
        let outcome = shell("set -e -o pipefail; " + example.command, in: folder.path)
        #expect(outcome.status == 0, "\(example.command): \(outcome.error)")
        if !example.output.isEmpty {
          #expect(outcome.text == example.output.joined(separator: "\n") + "\n", "\(name)")
        }
      }
    }
  }
}
