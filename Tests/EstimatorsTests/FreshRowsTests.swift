import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Epochs that have rows of their own, and weighted rows.
@Suite struct FreshRowsTests {
  static func plan(epochs: Int, validation: Double = 0.25) throws -> TrainingPlan {
    var plan = TrainingPlan()
    plan.hidden = [8]
    plan.training.epochs = epochs
    plan.training.batchSize = 64
    plan.validationFraction = validation
    return plan
  }

  static func train(_ feed: TrainingFeed, epochs: Int, threads: Int = 1) throws -> Model {
    try EstimatorTrainer(
      plan: plan(epochs: epochs), team: ThreadTeam(threads: threads), journal: Journal()
    ).trainRatio(feed, plan: RatioPlan(method: .alices)).first
  }

  /// The toy's rows in batches of uneven sizes.
  static func source(rows: Int, seed: UInt64 = 3) throws -> MemorySource {
    let whole = GaussianToy.ratioSample(rows: rows, seed: seed)
    let batch = try #require(whole.next())
    var batches: [Batch] = []
    var start = 0
    for size in [7, 500, 0, 211, rows] where start < rows {
      let end = min(rows, start + size)
      batches.append(
        Batch(
          count: end - start,
          columns: batch.columns.map { column in
            switch column {
            case .int64(let values): .int64(Array(values[start..<end]))
            default: .float64(Array(column.doubles[start..<end]))
            }
          }))
      start = end
    }
    return MemorySource(header: whole.header, batches: batches)
  }

  static let columns = EstimatorTrainer.columns(for: .alices)

  /// An epoch of as many rows as the file has is the file again: the same bits as without fresh rows.
  @Test func anEpochOfTheWholeFileIsOrdinaryTraining() throws {
    let n = 1200
    let ordinary = try Self.train(
      TrainingFeed(try Self.source(rows: n), columns: Self.columns), epochs: 4)
    let fresh = try Self.train(
      TrainingFeed(
        try Self.source(rows: n), columns: Self.columns, epochRows: n,
        reopen: { try Self.source(rows: n) }), epochs: 4)
    #expect(fresh.parameters == ordinary.parameters)
    #expect(fresh.validationLoss == ordinary.validationLoss)
  }

  @Test func freshRowsFollowOneAnotherAndStartAgainInAFile() throws {
    let all = try TrainingRows(Self.source(rows: 1000), columns: Self.columns)
    let feed = try TrainingFeed(
      Self.source(rows: 1000), columns: Self.columns, rows: 300, epochRows: 450,
      reopen: { try Self.source(rows: 1000) })
    #expect(feed.first.x == Array(all.x[..<300]))
    let second = try feed.rows(epoch: 2)
    #expect(second.x == Array(all.x[300..<750]))
    let third = try feed.rows(epoch: 3)
    #expect(third.x == Array(all.x[750...]) + Array(all.x[..<200]))
    #expect(third.labels == Array(all.labels[750...]) + Array(all.labels[..<200]))
    let validation = Set(
      all.split(try Self.plan(epochs: 1)).validation.map { all.eventIDs[Int($0)] })
    #expect(validation.count > 200)
    let training = second.trainingRows(try Self.plan(epochs: 1))
    for row in training { #expect(!validation.contains(second.eventIDs[Int(row)])) }
    #expect(training.count > 300)
  }

  /// Hypotheses with nuisance parameters, scores profiled over them: the model is of the parameters alone.
  @Test func profiledScoresHaveTheirOwnNames() throws {
    let whole = GaussianToy.ratioSample(rows: 400, seed: 2)
    var header = whole.header
    let batch = try #require(whole.next())
    header.fields[1].components = ["theta", "nu"]
    var columns = batch.columns
    columns[1] = .float64(batch.columns[1].doubles.flatMap { [$0, 0.5] })
    let feed = try TrainingFeed(
      MemorySource(header: header, batches: [Batch(count: 400, columns: columns)]),
      columns: .scores)
    #expect(feed.first.parameterNames == ["theta"])
    let model = try EstimatorTrainer(
      plan: Self.plan(epochs: 1), team: ThreadTeam(threads: 1), journal: Journal()
    ).trainScore(feed).first
    #expect(model.parameterNames == ["theta"] && model.layerWidths.last == 1)
  }

  @Test func threadsDoNotMatter() throws {
    func model(_ threads: Int) throws -> Model {
      try Self.train(
        TrainingFeed(
          Self.source(rows: 2000), columns: Self.columns, rows: 400, epochRows: 300),
        epochs: 5, threads: threads)
    }
    let one = try model(1)
    #expect(try model(2).parameters == one.parameters)
    #expect(try model(3).parameters == one.parameters)
  }

  @Test func aStreamThatEndsIsAnError() throws {
    let feed = try TrainingFeed(
      Self.source(rows: 1000), columns: Self.columns, rows: 300, epochRows: 450)
    let problem = #expect(throws: Problem.self) { try Self.train(feed, epochs: 4) }
    #expect(problem?.kind == .data && problem?.fact.contains("epoch 3") == true)
  }

  @Test func anEndlessStreamNeedsANumberOfRows() throws {
    var header = GaussianToy.ratioSample(rows: 10, seed: 1).header
    header.isEndless = true
    let source = MemorySource(header: header, batches: [])
    let problem = #expect(throws: Problem.self) {
      try TrainingFeed(source, columns: Self.columns)
    }
    #expect(problem?.kind == .usage && problem?.remedy?.contains("--epoch-rows") == true)
  }

  /// A row of weight k is k equal rows: losses, scaling apart, are sums of the same terms.
  @Test(arguments: RatioMethodNames.all)
  func aWeightIsANumberOfEqualRows(_ name: String) throws {
    let rows = try TrainingRows(Self.source(rows: 60), columns: Self.columns)
    var weighted = rows
    weighted.weights = (0..<60).map { Double($0 % 4) }
    var expanded = rows
    let copies = (0..<60).flatMap { [Int](repeating: $0, count: $0 % 4) }
    expanded.count = copies.count
    expanded.x = copies.map { rows.x[$0] }
    expanded.theta = copies.map { rows.theta[$0] }
    expanded.labels = copies.map { rows.labels[$0] }
    expanded.logRatios = copies.map { rows.logRatios[$0] }
    expanded.scores = copies.map { rows.scores[$0] }
    let found = try RatioMethodNames.gradient(name, weighted)
    let wanted = try RatioMethodNames.gradient(name, expanded)
    // The weighted sum is over weights of mean one: 60 rows of mean weight 1.5.
    let scale = 1.5
    #expect(relativeError(found.loss * scale, wanted.loss) < 1e-12)
    for (a, b) in zip(found.gradient, wanted.gradient) {
      #expect(abs(a * scale - b) < 1e-10 * (1 + abs(b)))
    }
  }
}
