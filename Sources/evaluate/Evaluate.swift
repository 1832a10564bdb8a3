// What a trained model says: of events, and of itself. See evaluate(1).
import ArgumentParser
import CommandKit

@main
struct Evaluate: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "evaluate", abstract: "Evaluate a trained model for events, or draw from it.",
    subcommands: [
      Estimates.self, Calibrate.self, Diagnose.self, Importance.self, Draw.self,
    ], defaultSubcommand: Estimates.self)

  static var citations: [Citation] { [.toolkit, .guide] }
}
