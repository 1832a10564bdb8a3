import EventModel
import Testing

@Suite struct IdentityTests {
  /// Known answers of xxHash's own test programs.
  @Test(arguments: [
    ("", 0, "ef46db3751d8e999"), ("a", 0, "d24ec4f1a98c6e5b"), ("abc", 0, "44bc2cf5ad770999"),
    ("Nobody inspects the spammish repetition", 0, "fbcea83c8a378bf1"),
    ("xxhash", 20_141_025, "b559b98d844e0635"),
  ])
  func knownAnswersOfXXH64(_ text: String, _ seed: UInt64, _ digest: String) {
    var hash = XXH64(seed: seed)
    hash.update(text)
    #expect(hash.hex == digest)
  }

  /// Whatever the pieces: the buffer of 32 bytes is met before, at and after its border.
  @Test(arguments: [1, 3, 7, 31, 32, 33, 64, 100])
  func piecesDoNotChangeTheDigest(_ size: Int) {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var whole = XXH64()
    bytes.withUnsafeBytes { whole.update($0) }
    var pieces = XXH64()
    for start in stride(from: 0, to: bytes.count, by: size) {
      Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { pieces.update($0) }
    }
    #expect(pieces.value == whole.value)
    #expect(pieces.hex.count == 16)
  }

  @Test func eventIDsDifferByEventAndBySample() {
    var seen = Set<Int64>()
    for key in [0, 1, UInt64.max] {
      for index in 0..<10_000 { seen.insert(EventIdentity.id(sampleKey: key, index: index)) }
    }
    #expect(seen.count == 30_000)
  }

  /// 10⁵ ids: a fraction p is met within 4 √(p(1−p)/n).
  @Test func partsHaveTheirFractions() {
    let definition = PartitionDefinition()
    let n = 100_000
    var counts: [Partition: Int] = [:]
    for i in 0..<n {
      counts[definition.part(of: EventIdentity.id(sampleKey: 42, index: i)), default: 0] += 1
    }
    for (part, p) in [(Partition.train, 0.6), (.validation, 0.2), (.test, 0.2)] {
      let error = (p * (1 - p) / Double(n)).squareRoot()
      #expect(abs(Double(counts[part, default: 0]) / Double(n) - p) < 4 * error, "\(part)")
    }
    #expect(counts[.all] == nil)
  }

  @Test func anotherSaltIsAnotherPartition() {
    let (one, other) = (PartitionDefinition(), PartitionDefinition(salt: 5))
    let ids = (0..<10_000).map { EventIdentity.id(sampleKey: 42, index: $0) }
    let same = ids.count { one.part(of: $0) == other.part(of: $0) }
    // Independent: 0.36 + 0.04 + 0.04 agree by chance.
    #expect(abs(Double(same) / 10_000 - 0.44) < 0.03)
  }

  @Test(arguments: [0, 1, 2, 3, 5, 10, 2421])
  func rowsWithoutIDsAreCutIntoContiguousPartsThatCoverAll(_ count: Int) {
    let definition = PartitionDefinition()
    let parts = (0..<count).map { definition.part(row: $0, of: count) }
    let order: [Partition] = [.train, .validation, .test]
    let ranks = parts.compactMap { order.firstIndex(of: $0) }
    #expect(ranks.count == count && ranks == ranks.sorted())
    if count == 10 { #expect(ranks == [0, 0, 0, 0, 0, 0, 1, 1, 2, 2]) }
  }

  @Test func theDefinitionIsKeptInDocuments() {
    let definition = PartitionDefinition(
      salt: .max, trainFraction: 0.5, validationFraction: 0.25)
    var document = Document()
    definition.write(to: &document, at: "sluice/partition")
    #expect(PartitionDefinition(document, at: "sluice/partition") == definition)
    #expect(PartitionDefinition(Document(), at: "x") == PartitionDefinition())
  }
}
