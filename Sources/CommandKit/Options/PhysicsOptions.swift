import ArgumentParser
import Diagnostics
import EventIO
import EventModel

// One spelling of each thing a physicist says to more than one command.

public struct SetupOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Setup file, made by 'morph setup'.", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  public var setup: String?

  public init() {}

  public func require() throws -> String {
    guard let setup else {
      throw Problem(.usage, "a setup is missing", remedy: "give --setup FILE (see morph(1))")
    }
    return setup
  }
}

public struct ModelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Trained model; given several times, their outputs are averaged.", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  public var model: [String] = []

  public init() {}
}

/// θ1 of models that take any: ratios of two hypotheses, and densities.
public struct DenominatorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Denominator of the log ratios of models with two hypotheses, and of densities; by default the model's reference point.",
      valueName: "point"))
  public var theta1: String?

  public init() {}

  /// The point's coordinates, nil where none is given.
  public func resolve(_ setup: Setup) throws -> [Double]? {
    try theta1.map { try PointSpecification(parsing: $0).resolve(setup) }
  }
}

public struct ObservablesOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Use only these observables, separated by commas.", valueName: "a,b"))
  public var observables: [String] = []

  public init() {}

  /// The names in order, nil where all are meant.
  public func names() throws -> [String]? {
    try NameList.parse(observables, option: "--observables")
  }
}

/// Names separated by commas, in one option or several.
public enum NameList {
  /// Nil where the option is not given. Throws `.usage` for empty and double names.
  public static func parse(_ texts: [String], option: String) throws -> [String]? {
    guard !texts.isEmpty else { return nil }
    let names = texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      .map(String.init)
    guard !names.contains("") else {
      throw Problem(.usage, "an empty name in \(option)", remedy: "write \(option) A,B")
    }
    if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
      throw Problem(.usage, "'\(names[twice])' is named twice in \(option)")
    }
    return names
  }
}

public struct PartitionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use only this part of the events; every event is in exactly one of train, validation and test.",
      valueName: "part"))
  public var partition: Partition?

  public init() {}
}

public struct CombineOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How samples of one process share phase space: by the balance heuristic, by the average, or the closest benchmark alone.",
      valueName: "rule"))
  public var combine: Combination?

  public init() {}
}

public struct LuminosityOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Integrated luminosity with its unit: /ab, /fb, /pb or /nb.", valueName: "300/fb"))
  public var luminosity: String?

  public init() {}

  public func require() throws -> Luminosity {
    guard let luminosity else {
      throw Problem(.usage, "a luminosity is missing", remedy: "give --luminosity 300/fb")
    }
    return try Luminosity(parsing: luminosity)
  }
}

public struct CountOption: ParsableArguments {
  @Option(
    name: [.customShort("n"), .customLong("count")],
    help: ArgumentHelp("Number of rows in all.", valueName: "n"))
  public var count: Int?

  public init() {}

  public func validate() throws {
    if let count, count <= 0 { throw ValidationError("-n takes a positive number") }
  }
  public func require() throws -> Int {
    guard let count else {
      throw Problem(.usage, "the number of rows is missing", remedy: "give -n N")
    }
    return count
  }
}

public struct ThetaOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Parameter point: a benchmark, cHW=0.3,cHq3=-0.1 (others are 0), or @FILE with one a line. Repeatable.",
      valueName: "point"))
  public var theta: [String] = []

  public init() {}

  /// The points in order, lists in files included.
  public func points() throws -> [PointSpecification] {
    try PointList.points(theta)
  }
  /// The one point, or the problem that there is none or more than one.
  public func requireOne() throws -> PointSpecification {
    let all = try points()
    guard all.count == 1, let point = all.first else {
      throw Problem(
        .usage, all.isEmpty ? "a parameter point is missing" : "more than one parameter point",
        remedy: "give --theta POINT once")
    }
    return point
  }
}

/// Where nuisance parameters are.
public struct NuisanceOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Value of a nuisance parameter, or of a systematic that has one, in standard deviations. Repeatable; default 0.",
      valueName: "name=value"))
  public var nu: [String] = []

  public init() {}
}

/// The two hypotheses of a ratio: points, lists of points or priors.
public struct HypothesesOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Numerator hypothesis: a point, 'prior' (flat over the setup's ranges), flat:cHW=-1:1,cHq3=-.3:.3, log:, gauss:cHW=0:0.5, grid:cHW=-1:1:5, or @FILE. Repeatable.",
      valueName: "theta"))
  public var theta0: [String] = []

  @Option(
    help: ArgumentHelp("Denominator hypothesis, in the same forms.", valueName: "theta"))
  public var theta1: [String] = []

  public init() {}

  public func numerator() throws -> ThetaSpecification {
    try HypothesisText.parse(theta0, "--theta0")
  }
  public func denominator() throws -> ThetaSpecification {
    try HypothesisText.parse(theta1, "--theta1")
  }
}

/// Hypotheses as texts of one option.
public enum HypothesisText {
  /// Throws `.usage` that names the option.
  public static func parse(_ texts: [String], _ option: String) throws -> ThetaSpecification {
    guard !texts.isEmpty else {
      throw Problem(.usage, "\(option) is missing", remedy: "give a point or a prior")
    }
    do {
      let points = try PointList.located(texts)
      return try ThetaSpecification(
        parsing: points.map(\.text), places: points.map(\.place))
    } catch var problem as Problem where problem.kind == .usage && problem.place == nil {
      problem.place = option
      throw problem
    }
  }
}

public struct GridOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "One axis of a grid of points, ends included. Repeatable; other parameters are 0.",
      valueName: "cHW=-1:1:41"))
  public var grid: [String] = []

  public init() {}

  public func axes() throws -> [GridAxis] { try grid.map(GridAxis.init(parsing:)) }
}
