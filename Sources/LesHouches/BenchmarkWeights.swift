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
      guard parameter.transform == nil else { return nil }
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

  func origin(of index: Int, isSampling: Bool) throws -> BenchmarkWeights.Origin {
    let benchmark = setup.benchmarks[index]
    let named = head.weights.filter { $0.id == benchmark.name }
    guard named.count <= 1 else {
      throw Problem(
        .data, "weight id '\(benchmark.name)' is declared \(named.count) times in <initrwgt>",
        remedy: "give each weight an id of its own")
    }
    if let weight = named.first {
      if weight.isReweighting, contradicts(point(weight.settings), benchmark) {
        throw Problem(
          .data,
          "weight '\(weight.id)' is at \(text(point(weight.settings))), but benchmark \(benchmark.name) is at \(text(benchmark))",
          remedy: "correct the setup or the reweight card")
      }
      return .id(weight.id)
    }
    let found = head.weights.filter { weight in
      guard weight.isReweighting else { return false }
      let settings = weight.settings
      return !changesMore(settings) && isAt(point(settings), benchmark)
    }
    if found.count > 1 {
      let ids = found.map(\.id).joined(separator: ", ")
      throw Problem(
        .data, "weights \(ids) are all at benchmark \(benchmark.name)",
        remedy: "name one of them \(benchmark.name)")
    }
    if let weight = found.first { return .id(weight.id) }
    return isSampling ? .event(orID: benchmark.name) : .id(benchmark.name)
  }
}
