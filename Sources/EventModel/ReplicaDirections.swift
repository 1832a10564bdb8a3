/// Which principal components of PDF replicas a table's nuisance parameters are: those of the events that were read in one
/// run. Parameters of the same name in another run are of other directions.
public struct ReplicaDirections: Equatable, Sendable {
  /// By systematic.
  public let digests: [String: String]
  /// Names and digests stand here, in alphabetical order.
  public static let root = "sluice/replica_directions"

  public init(_ directions: [(systematic: String, digest: String)]) {
    var digests: [String: String] = [:]
    // A systematic may have a segment for each group of processes.
    for (name, digest) in directions { digests[name] = (digests[name] ?? "") + digest }
    self.digests = digests
  }

  /// Tables that do not say have none, but for systematics whose setting says `replicas`.
  public init(_ setup: Setup, _ document: Document) {
    let names = document.texts(Self.root + "/names") ?? []
    let values = document.texts(Self.root + "/digests") ?? []
    var digests = Dictionary(zip(names, values)) { first, _ in first }
    for systematic in setup.systematics where digests[systematic.name] == nil {
      guard case .pdf(let pdf) = systematic.effect, pdf.combination == .replicas,
        setup.nuisanceParameters.contains(where: { $0.systematic == systematic.name })
      else { continue }
      digests[systematic.name] = ""
    }
    self.digests = digests
  }

  public func write(to document: inout Document) {
    let sorted = digests.sorted { $0.key < $1.key }
    guard !sorted.isEmpty else { return }
    document.set(Self.root + "/names", sorted.map(\.key))
    document.set(Self.root + "/digests", sorted.map(\.value))
  }

  /// A systematic whose components are not known to be the same in both.
  public func clash(with other: ReplicaDirections) -> String? {
    digests.keys.sorted().first {
      guard let theirs = other.digests[$0] else { return false }
      return theirs != digests[$0] || theirs.isEmpty
    }
  }
}
