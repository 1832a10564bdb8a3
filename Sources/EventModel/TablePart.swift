import Diagnostics

/// Which part of a whole a table is: `sluice/part` in the document of its header.
///
/// Written by `augment --shard` and `events split`; `events merge` puts the parts together again and takes it away.
/// Everything else in the header of a part is that of the whole: its weights, its sample table and its sums.
public struct TablePart: Sendable, Equatable {
  /// From 1; more than one where some parts were merged already.
  public var numbers: [Int]
  /// Parts of the whole.
  public var count: Int
  /// What the parts of one whole have in common and no other table has.
  public var whole: String
  /// Of the random numbers of the whole, where it has any: what tells wholes of one command line apart.
  public var seed: UInt64?

  public init(numbers: [Int], count: Int, whole: String, seed: UInt64? = nil) {
    self.numbers = numbers
    self.count = count
    self.whole = whole
    self.seed = seed
  }

  public static let path = "sluice/part"

  /// Nil where the table is whole. Throws `.data` for a record that makes no sense.
  public static func read(_ document: Document) throws -> TablePart? {
    guard document[path] != nil else { return nil }
    guard let numbers = document.integers(path + "/numbers"),
      let count = document.integer(path + "/count"), let whole = document.text(path + "/whole"),
      !numbers.isEmpty, Set(numbers).count == numbers.count,
      numbers.allSatisfy({ $0 >= 1 && $0 <= count })
    else {
      throw Problem(
        .data, "the record of which part this is, is not whole", remedy: "write the file again",
        place: "group \(path)")
    }
    return TablePart(
      numbers: numbers, count: count, whole: whole,
      seed: document.text(path + "/seed").flatMap { UInt64($0) })
  }

  public func write(to document: inout Document) {
    document.set(Self.path + "/numbers", numbers)
    document.set(Self.path + "/count", count)
    document.set(Self.path + "/whole", whole)
    // As text: HDF5 readers take integers to be signed.
    if let seed { document.set(Self.path + "/seed", String(seed)) }
  }

  /// `part 2 of 5`, `parts 1, 3 of 5`.
  public var description: String {
    "part\(numbers.count == 1 ? "" : "s") \(Self.list(numbers)) of \(count)"
  }

  /// Numbers, few of them.
  public static func list(_ numbers: [Int]) -> String {
    numbers.prefix(20).map(String.init).joined(separator: ", ")
      + (numbers.count > 20 ? ", and \(numbers.count - 20) more" : "")
  }
}
