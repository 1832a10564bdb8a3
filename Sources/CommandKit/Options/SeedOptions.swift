import ArgumentParser
import Diagnostics
import Glibc

/// The seed of a command that draws random numbers.
public struct SeedOptions: ParsableArguments {
  public static let defaultSeed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "Draw from seed N; 'random' takes a fresh one. The seed used is recorded.", valueName: "n"))
  public var seed = "1"

  public init() {}

  /// The number meant; a fresh one for `random`.
  func resolve() throws -> UInt64 {
    if seed == "random" {
      var fresh: UInt64 = 0
      guard getentropy(&fresh, MemoryLayout<UInt64>.size) == 0 else {
        throw Problem(.software, "the system gave no random seed", remedy: "give --seed N")
      }
      // Positive as a signed number, so that every reader of the file can hold it.
      return fresh >> 1
    }
    guard let value = UInt64(seed) else {
      throw Problem(.usage, "--seed takes a whole number or 'random', not '\(seed)'")
    }
    return value
  }
}

/// One part of a job that is split among machines.
public struct Shard: Sendable, Equatable {
  /// From 1.
  public var index: Int
  public var count: Int

  public init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  public init(parsing text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(index)
    else {
      throw Problem(.usage, "--shard '\(text)' is not K/N with 1 <= K <= N", remedy: "write 3/8")
    }
    self.init(index: index, count: count)
  }

  /// The items of this shard, of `total` in all: contiguous, every item in exactly one shard.
  public func range(of total: Int) -> Range<Int> {
    let cut = { (k: Int) in
      let product = UInt64(total).multipliedFullWidth(by: UInt64(k))
      return Int(UInt64(count).dividingFullWidth(product).quotient)
    }
    return cut(index - 1)..<cut(index)
  }
}

public struct ShardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Do only part K of N of the job; events merge puts the parts together.", valueName: "k/n"))
  public var shard: String?

  public init() {}

  /// The part asked for; the whole is 1/1.
  public func resolve() throws -> Shard {
    try shard.map(Shard.init(parsing:)) ?? Shard(index: 1, count: 1)
  }
}
