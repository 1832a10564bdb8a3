/// One program run in the history of a file.
public struct ProvenanceRecord: Sendable, Equatable {
  /// A file that the run read, with the content digest it had.
  public struct Input: Sendable, Equatable {
    public var name: String
    public var digest: String
    public init(name: String, digest: String) {
      self.name = name
      self.digest = digest
    }
  }
  public var program: String
  public var version: String
  public var commandLine: String
  public var seed: UInt64?
  public var inputs: [Input]

  public init(
    program: String, version: String, commandLine: String, seed: UInt64? = nil,
    inputs: [Input] = []
  ) {
    self.program = program
    self.version = version
    self.commandLine = commandLine
    self.seed = seed
    self.inputs = inputs
  }
}

/// The version of the toolkit, the one place it is written.
public enum ToolkitVersion {
  public static let current = "0.1.0"
}
