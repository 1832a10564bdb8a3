import ArgumentParser
import Diagnostics

/// Options that every command has; declared last, so that `--help` shows them last.
public struct CommonOptions: ParsableArguments {
  @Option(
    name: [.customShort("@"), .long],
    help: ArgumentHelp(
      "Use N threads in all; 0 is every core this process may use. Results do not depend on it.",
      valueName: "n"))
  public var threads = 0

  @Flag(name: .shortAndLong, help: "Say more on standard error; at the end time and memory.")
  public var verbose = false

  @Flag(name: .shortAndLong, help: "Say nothing on standard error but errors.")
  public var quiet = false

  @Flag(help: "Write no record of this run, so that equal content is equal bytes.")
  public var noProvenance = false

  @Flag(help: "Print BibTeX of the toolkit and of the methods used, and exit.")
  public var cite = false

  public init() {}

  public func validate() throws {
    guard threads >= 0 && threads <= 4096 else {
      throw ValidationError("--threads takes a number from 0 to 4096")
    }
  }
}
