import Diagnostics

/// Which member of an ensemble a network is: what chance decides in its training follows from the seed and this number.
public struct EnsembleMember: Sendable, Equatable {
  /// From 1.
  public var number: Int
  /// Members of the whole ensemble.
  public var count: Int

  public init(number: Int, count: Int) {
    self.number = number
    self.count = count
  }
}

/// What a model file holds: a trained network, or the members of an ensemble, whose outputs are averaged.
///
/// Members differ in what chance decides: first parameters, order of rows, validation events, and so scalings.
public struct ModelEnsemble: Sendable, Equatable {
  /// At least one.
  public let members: [Model]
  /// What corrects the mean of log r of the members wherever it is evaluated; nil for none.
  public var calibration: Calibration?
  /// What all members have in common may be read here.
  public var first: Model { members[0] }

  public init(_ model: Model) { members = [model] }

  /// - Throws: `.data` where there is no member, and where members are not of one training plan.
  public init(_ members: [Model]) throws {
    do {
      self = try Self.merged(members.enumerated().map { ("member \($0 + 1)", Self($1)) })
    } catch var problem as Problem {
      (problem.place, problem.file) = (problem.file, nil)
      throw problem
    }
  }

  /// The members of several models as one model: in the order of their numbers, where they have some, else of the models.
  ///
  /// - Parameters:
  ///   - models: each with a name for messages.
  ///   - allowMissing: whether members may be missing.
  /// - Throws: `.data` where models are of different training plans, one is there twice, or one is missing.
  public static func merged(
    _ models: [(name: String, ensemble: ModelEnsemble)], allowMissing: Bool = true
  ) throws -> ModelEnsemble {
    if let (name, _) = models.first(where: { $0.ensemble.calibration != nil }), models.count > 1 {
      throw Problem(
        .data, "this model is calibrated by itself",
        remedy: "merge the models as they were trained, and calibrate what comes of it", file: name)
    }
    var all = models.flatMap { model in model.ensemble.members.map { (model.name, $0) } }
    guard let first = all.first else {
      throw Problem(.data, "the model has no members", remedy: "train it again")
    }
    for (i, (name, model)) in all.enumerated() {
      let differing = differences(first.1, model)
      guard differing.isEmpty else {
        throw Problem(
          .data, "this model and the first differ in \(differing.joined(separator: ", "))",
          remedy: "members of one model have one training plan; average others with --model",
          file: name)
      }
      if let twin = all[..<i].first(where: { $0.1.parameters == model.parameters }) {
        throw Problem(
          .data, "this network is in \(twin.0) already", remedy: "name every member once",
          file: name)
      }
    }
    let numbers = all.compactMap { $0.1.member?.number }
    if let count = first.1.member?.count {
      all.sort { ($0.1.member?.number ?? 0) < ($1.1.member?.number ?? 0) }
      let missing = Set(1...count).subtracting(numbers).sorted()
      guard missing.isEmpty || allowMissing else {
        throw Problem(
          .data, "member \(TablePart.list(missing)) of \(count) is missing",
          remedy: "train it with --member, or use --allow-missing")
      }
    }
    return ModelEnsemble(members: all.map(\.1))
  }

  private init(members: [Model]) { self.members = members }

  /// In what two models are not of one training plan.
  private static func differences(_ a: Model, _ b: Model) -> [String] {
    // Networks trained without --member have seeds of their own.
    let settings = { (model: Model) in
      model.settings.filter { model.member != nil || $0.name != "seed" }
    }
    let (left, right) = (settings(a), settings(b))
    let facts: [(String, Bool)] = [
      ("target", a.target == b.target), ("method", a.method == b.method),
      ("observables", a.observableNames == b.observableNames),
      ("parameters", a.parameterNames == b.parameterNames),
      ("reference point", a.referenceTheta == b.referenceTheta),
      ("layers", a.layerWidths == b.layerWidths), ("activation", a.activation == b.activation),
      ("precision", a.precision == b.precision), ("flow", a.flow == b.flow),
      (
        "kind of network",
        (a.amplitudes == nil) == (b.amplitudes == nil) && (a.morphed == nil) == (b.morphed == nil)
          && a.hasTwoHypotheses == b.hasTwoHypotheses && a.fixedParameters == b.fixedParameters
      ),
      // The digest is of the description too, which may hold NaN, unequal to itself.
      ("sample", a.sampleDigest == b.sampleDigest),
      ("number of members", a.member?.count == b.member?.count),
      (
        "settings",
        left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
      ),
    ]
    return facts.filter { !$0.1 }.map(\.0)
  }

  public static func == (a: ModelEnsemble, b: ModelEnsemble) -> Bool { a.document == b.document }

  private static let root = "model/members"

  /// Of one member its own document; of several the sample, and each member's group `model` as `model/members/K`.
  public var document: Document {
    guard members.count > 1 else {
      var d = first.document
      calibration?.write(to: &d)
      return d
    }
    var d = first.sample.document
    for (i, member) in members.enumerated() {
      d["\(Self.root)/\(i + 1)"] = member.document["model"]
    }
    calibration?.write(to: &d)
    return d
  }

  public init(document d: Document) throws {
    guard let group = d.group(Self.root) else {
      self.init(try Model(document: d))
      calibration = try Calibration(document: d)
      try requireFit()
      return
    }
    try self.init(
      (0..<group.names.count).map { i in
        guard let node = group["\(i + 1)"] else {
          throw Problem(
            .data, "the model is not whole", remedy: "train it again",
            place: "group \(Self.root)/\(i + 1)")
        }
        var single = d
        single["model"] = node
        do { return try Model(document: single) } catch let problem as Problem {
          throw problem.at("member \(i + 1)")
        }
      })
    calibration = try Calibration(document: d)
    try requireFit()
  }

  private func requireFit() throws {
    let coordinates = first.parameterNames.count * (first.hasTwoHypotheses ? 2 : 1)
    guard calibration?.scales.count ?? coordinates == coordinates else {
      throw Problem(
        .data, "the model's calibration is of other parameters", remedy: "calibrate again")
    }
  }
}
