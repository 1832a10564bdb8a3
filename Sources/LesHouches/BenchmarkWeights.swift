import Diagnostics
import EventModel

/// Where the weight at each benchmark of a setup comes from in one file: by id, or else by the parameter values that the
/// weight's text and the file's parameter card give.
public struct BenchmarkWeights: Sendable, Equatable {
  public enum Origin: Sendable, Equatable {
    /// The weight with this id, in every event.
    case id(String)
    /// XWGTUP, or the weight with this id if the first event has one (the sampling benchmark, not declared in the head).
    case event(orID: String)
  }
  /// One per benchmark of the setup.
  public var origins: [Origin]
  /// Index of the benchmark that the events were drawn from.
  public var samplingBenchmark: Int

  /// `sampling` is the index of the benchmark the user named; nil takes the one at the values of the file's card.
  public init(setup: Setup, head: LHEHead, sampling: Int?, file: String) throws {
    let matcher = PointMatcher(setup: setup, head: head)
    do {
      samplingBenchmark = try sampling ?? matcher.benchmarkOfCard()
      try matcher.checkSampling(samplingBenchmark)
      origins = []
      for b in setup.benchmarks.indices {
        origins.append(try matcher.origin(of: b, isSampling: b == samplingBenchmark))
      }
    } catch let problem as Problem {
      throw problem.inFile(file)
    }
  }

  /// `chw_pos from rwgt_2`, for benchmarks whose weight has another id.
  public func mapping(_ setup: Setup) -> [String] {
    zip(setup.benchmarks, origins).compactMap { benchmark, origin in
      guard case .id(let id) = origin, id != benchmark.name else { return nil }
      return "\(benchmark.name) from \(id)"
    }
  }
}

/// Compares the points of a file's weights with benchmarks.
private struct PointMatcher {
  let setup: Setup
  let head: LHEHead
  /// The file's own values, nil where the card has no such entry or a transformation stands between card and parameter.
  let card: [CardValue?]

  init(setup: Setup, head: LHEHead) {
    self.setup = setup
    self.head = head
    card = setup.parameters.map { parameter in
      guard parameter.transform == nil, !parameter.lhaBlock.isEmpty else { return nil }
      return head.parameterCard?.value(block: parameter.lhaBlock, id: parameter.lhaID)
    }
  }

  /// The file's point with a weight's settings in place of the card's values.
  private func point(_ settings: [CardEntry]) -> [CardValue?] {
    var point = card
    for (p, parameter) in setup.parameters.enumerated() where parameter.transform == nil {
      let block = parameter.lhaBlock.lowercased()
      if let entry = settings.last(where: { $0.block == block && $0.indices == [parameter.lhaID] })
      {
        point[p] = entry.value
      }
    }
    return point
  }

  /// True if a weight also changes entries that are no parameters of the setup (a mass, say).
  private func changesMore(_ settings: [CardEntry]) -> Bool {
    settings.contains { entry in
      let isParameter = setup.parameters.contains {
        $0.lhaBlock.lowercased() == entry.block && [$0.lhaID] == entry.indices
      }
      if isParameter { return false }
      guard entry.indices.count == 1,
        let own = head.parameterCard?.value(block: entry.block, id: entry.indices[0])
      else { return true }
      return own.value != entry.value.value
    }
  }

  private func agrees(_ p: Int, _ value: CardValue, _ benchmark: Double) -> Bool {
    let range = setup.parameters[p].range
    let width = range.upperBound - range.lowerBound
    return abs(value.value - benchmark) <= max(1e-9 * width, 1.001 * value.resolution)
  }
  /// True if every parameter is known and equal.
  private func isAt(_ point: [CardValue?], _ benchmark: Benchmark) -> Bool {
    point.indices.allSatisfy { p in
      point[p].map { agrees(p, $0, benchmark.values[p]) } ?? false
    }
  }
  /// True if a known parameter differs.
  private func contradicts(_ point: [CardValue?], _ benchmark: Benchmark) -> Bool {
    point.indices.contains { p in
      point[p].map { !agrees(p, $0, benchmark.values[p]) } ?? false
    }
  }

  private func text(_ point: [CardValue?]) -> String {
    zip(setup.parameters, point).map { parameter, value in
      "\(parameter.name)=\(value.map { "\($0.value)" } ?? "?")"
    }.joined(separator: ",")
  }
  private func text(_ benchmark: Benchmark) -> String {
    text(benchmark.values.map { CardValue($0) })
  }

  func benchmarkOfCard() throws -> Int {
    guard !card.isEmpty, !card.contains(nil) else {
      throw Problem(
        .data, "the head does not say which point the events were drawn from",
        remedy: "name the benchmark with --sample BENCHMARK:FILE")
    }
    guard let index = setup.benchmarks.firstIndex(where: { isAt(card, $0) }) else {
      throw Problem(
        .data, "the events were drawn at \(text(card)), where the setup has no benchmark",
        remedy: "add this benchmark to the setup")
    }
    return index
  }

  func checkSampling(_ index: Int) throws {
    let benchmark = setup.benchmarks[index]
    guard contradicts(card, benchmark) else { return }
    let other = setup.benchmarks.first { isAt(card, $0) }?.name
    throw Problem(
      .data,
      "the parameter card is at \(text(card)), but benchmark \(benchmark.name) is at \(text(benchmark))",
      remedy: other.map { "read it as --sample \($0):FILE" }
        ?? "name the benchmark that the events were drawn from")
  }

  /// The point of a weight as its text has it; nil where the text says nothing about parameters.
  ///
  /// An empty text in a reweighting group is the file's own point, unless the weight has the name of a benchmark that is
  /// elsewhere: then the program that wrote the file left the texts out.
  private func point(of weight: WeightDeclaration) -> [CardValue?]? {
    let settings = weight.settings
    if !settings.isEmpty { return point(settings) }
    guard weight.isReweighting, weight.isWithoutInstructions else { return nil }
    let isElsewhere = setup.benchmarks.contains {
      WeightName.isOf(weight.id, $0.name) && contradicts(card, $0)
    }
    return isElsewhere ? nil : card
  }

  /// By values, else by id, else by an id that adds to the name what generators add.
  func origin(of index: Int, isSampling: Bool) throws -> BenchmarkWeights.Origin {
    let benchmark = setup.benchmarks[index]
    let named = head.weights.filter { $0.id == benchmark.name }
    guard named.count <= 1 else {
      throw Problem(
        .data, "weight id '\(benchmark.name)' is declared \(named.count) times in <initrwgt>",
        remedy: "give each weight an id of its own")
    }
    if let weight = named.first, let point = point(of: weight), contradicts(point, benchmark) {
      throw Problem(
        .data,
        "weight '\(weight.id)' is at \(text(point)), but benchmark \(benchmark.name) is at \(text(benchmark))",
        remedy: "correct the setup or the reweight card")
    }
    let found = head.weights.filter { weight in
      guard let point = point(of: weight) else { return false }
      return !changesMore(weight.settings) && isAt(point, benchmark)
    }
    if let own = found.first(where: { $0.id == benchmark.name }) { return .id(own.id) }
    if let id = WeightName.best(of: found.map(\.id), for: benchmark.name) { return .id(id) }
    if found.count > 1 {
      let ids = found.map(\.id).joined(separator: ", ")
      throw Problem(
        .data, "weights \(ids) are all at benchmark \(benchmark.name)",
        remedy: "name one of them \(benchmark.name)")
    }
    if let weight = named.first { return .id(weight.id) }
    // Ids alone: not those whose text puts them at another point.
    let others =
      head.weights.filter { weight in
        point(of: weight).map { !contradicts($0, benchmark) && !changesMore(weight.settings) }
          ?? true
      }.map(\.id) + head.undeclaredWeights
    if !others.contains(benchmark.name),
      let id = WeightName.best(
        of: others.filter { WeightName.isOf($0, benchmark.name) }, for: benchmark.name)
    {
      return .id(id)
    }
    return isSampling ? .event(orID: benchmark.name) : .id(benchmark.name)
  }
}

/// What generators and their versions make of a name: `rwgt_NAME`, `NAME_nlo`, `NAME_lo`, `NAME_tree`, other case.
enum WeightName {
  /// Next-to-leading order first: it is what `change mode NLO` was asked for.
  private static let endings = ["_nlo", "_lo", "_tree"]

  static func stem(_ id: String) -> String {
    var stem = id.lowercased()
    for start in ["mg_reweighting_", "rwgt_"] where stem.hasPrefix(start) {
      stem.removeFirst(start.count)
    }
    for ending in endings where stem.hasSuffix(ending) { stem.removeLast(ending.count) }
    return stem
  }

  static func isOf(_ id: String, _ name: String) -> Bool { stem(id) == stem(name) }

  /// The id to take of several that are at one point; nil where that cannot be said.
  static func best(of ids: [String], for name: String) -> String? {
    if ids.count == 1 { return ids[0] }
    let own = ids.filter { isOf($0, name) }
    let rest = own.isEmpty ? ids : own
    guard let first = rest.first, Set(rest.map(stem)).count == 1 else { return nil }
    if rest.count == 1 { return first }
    for ending in endings {
      let found = rest.filter { $0.lowercased().hasSuffix(ending) }
      if found.count == 1 { return found[0] }
    }
    return nil
  }
}
