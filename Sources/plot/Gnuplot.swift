import CommandKit
import Diagnostics

/// The program that draws.
enum Gnuplot {
  /// The picture's bytes. Throws `.unavailable` where gnuplot is absent, `.software` where it refuses our script.
  static func draw(_ script: GnuplotScript) throws -> [UInt8] {
    let outcome: ChildProcess.Outcome
    do {
      outcome = try ChildProcess.run("gnuplot", ["-"], input: Array(script.text.utf8))
    } catch let problem as Problem where problem.kind == .unavailable {
      throw Problem(
        .unavailable, "gnuplot is not here",
        remedy: "install gnuplot, or use -O tsv for the numbers")
    }
    guard outcome.status == 0, !outcome.output.isEmpty else {
      let message =
        outcome.error.split(whereSeparator: \.isNewline)
        .first { $0.contains("line ") } ?? Substring(outcome.error)
      throw Problem(
        .software, "gnuplot failed: " + (message.isEmpty ? "no picture came" : message),
        remedy: "try another format with -O")
    }
    return outcome.output
  }
}
