import Diagnostics
import EventModel
import Testing

/// Files with several members.
@Suite struct ModelEnsembleTests {
  private static func model(
    _ bias: Double, member: EnsembleMember? = nil, seed: String = "1", epochs: String = "5"
  ) -> Model {
    var model = Model(
      target: .score, method: "sally", observableNames: ["x"], parameterNames: ["t"],
      referenceTheta: [0], thetaRange: [], xMeans: [0], xScales: [2], thetaMeans: [],
      thetaScales: [], scoreScales: [0.5], layerWidths: [1, 1], activation: "tanh",
      parameters: [1, bias], precision: "float64", trainingLoss: [1, 0.5],
      validationLoss: [2, 3], bestEpoch: 0, settings: [("seed", seed), ("epochs", epochs)],
      sample: SampleInfo(method: "score", setup: setup), sampleDigest: "d")
    model.member = member
    return model
  }

  private static let setup = Setup(
    name: "toy", parameters: [Parameter(name: "t", lhaBlock: "toy", lhaID: 1, range: -1...1)],
    benchmarks: [Benchmark(name: "zero", values: [0])])

  private static func member(_ number: Int, of count: Int) -> (String, ModelEnsemble) {
    let model = model(Double(number), member: EnsembleMember(number: number, count: count))
    return ("\(number).h5", ModelEnsemble(model))
  }

  @Test func oneMemberIsLaidOutAsAModel() throws {
    let model = Self.model(1)
    #expect(ModelEnsemble(model).document == model.document)
    #expect(try ModelEnsemble(document: model.document).members == [model])
  }

  /// More than nine, whose names do not sort as their numbers do.
  @Test func membersSurviveTheDocument() throws {
    let ensemble = try ModelEnsemble((1...11).map { Self.model(Double($0), seed: "\($0)") })
    let again = try ModelEnsemble(document: ensemble.document)
    #expect(again == ensemble)
    #expect(again.members.map { $0.parameters[1] } == (1...11).map { Double($0) })
  }

  @Test func membersAreMergedInTheOrderOfTheirNumbers() throws {
    let parts = [3, 1, 2].map { Self.member($0, of: 3) }
    let whole = try ModelEnsemble.merged(parts, allowMissing: false)
    #expect(whole.members.map(\.member?.number) == [1, 2, 3])
    let nested = try ModelEnsemble.merged(
      [("12.h5", ModelEnsemble.merged([parts[2], parts[1]])), parts[0]], allowMissing: false)
    #expect(nested == whole)
  }

  @Test func whatIsNoEnsembleIsRefused() throws {
    func refusal(_ parts: [(String, ModelEnsemble)], allowMissing: Bool = false) -> Problem? {
      #expect(throws: Problem.self) {
        try ModelEnsemble.merged(parts, allowMissing: allowMissing)
      }
    }
    let two = [1, 2].map { Self.member($0, of: 3) }
    #expect(refusal(two)?.fact == "member 3 of 3 is missing")
    #expect(try ModelEnsemble.merged(two, allowMissing: true).members.count == 2)
    let twice = refusal([two[0], two[0]])
    #expect(twice?.fact == "this network is in 1.h5 already")
    let plan = refusal([
      ("a.h5", ModelEnsemble(Self.model(1))), ("b.h5", ModelEnsemble(Self.model(2, epochs: "6"))),
    ])
    #expect(plan?.file == "b.h5" && plan?.fact.contains("settings") == true)
    #expect(refusal([two[0], Self.member(1, of: 2)])?.fact.contains("number of members") == true)
  }

  /// NaN is unequal to itself, and a sample may hold it.
  @Test func membersOfOneSampleFitWhateverItHolds() throws {
    var models = [Self.model(1), Self.model(2)]
    for i in 0..<2 { models[i].sample.minimumEffectiveEvents = .nan }
    #expect(try ModelEnsemble(document: ModelEnsemble(models).document).members.count == 2)
  }

  /// Seeds are what plain trainings of one plan differ in.
  @Test func trainingsWithSeedsOfTheirOwnAreMembers() throws {
    let models = ["1", "2"].map { Self.model(Double($0) ?? 0, seed: $0) }
    #expect(try ModelEnsemble(models).members == models)
  }

  @Test func aMemberThatIsNotThereIsNamed() throws {
    var document = try ModelEnsemble([Self.model(1), Self.model(2)]).document
    document["model/members/3"] = document["model/members/2"]
    document["model/members/2"] = nil
    let problem = #expect(throws: Problem.self) { try ModelEnsemble(document: document) }
    #expect(problem?.place == "group model/members/2")
  }
}
