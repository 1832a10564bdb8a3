import ArgumentParser
import CommandKit

/// Looks into, checks and converts any file or stream of the toolkit.
@main struct Events: ToolGroup {
  static var configuration: CommandConfiguration {
    .tool(
      "events",
      abstract:
        "Look into, check, convert, compare, merge and split any file or stream of the toolkit.",
      subcommands: [
        Info.self, Head.self, Check.self, Convert.self, Diff.self, Merge.self, Split.self, Sum.self,
      ])
  }
}
