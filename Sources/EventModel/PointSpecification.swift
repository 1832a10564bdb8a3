import Diagnostics

/// A parameter point as written on a command line: a benchmark's name, `cHW=0.3,cHq3=-0.1` (what is not named is 0), or a
/// benchmark with nuisance parameters away from 0, `sm,scales=1`.
public indirect enum PointSpecification: Sendable, Equatable {
  case benchmark(String)
  /// A benchmark, and values of nuisance parameters.
  case shifted(benchmark: String, nuisance: [String: Double])
  case values([String: Double])
  /// A point of a list, with where it stands.
  case listed(PointSpecification, file: String, line: Int)

  public init(parsing text: String) throws {
    guard text.contains("=") else {
      guard !text.isEmpty else { throw Problem(.usage, "an empty parameter point") }
      self = .benchmark(text)
      return
    }
    var values: [String: Double] = [:]
    var parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let benchmark = parts[0].contains("=") ? "" : String(parts[0].trimmed)
    if !benchmark.isEmpty { parts.removeFirst() }
    for part in parts {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2, let value = Double(pair[1].trimmed), value.isFinite else {
        throw Problem(
          .usage, "'\(part)' in parameter point '\(text)' is not NAME=NUMBER",
          remedy: "write cHW=0.3,cHq3=-0.1, a benchmark's name, or sm,scales=1")
      }
      guard values.updateValue(value, forKey: pair[0].trimmed) == nil else {
        throw Problem(.usage, "parameter '\(pair[0].trimmed)' is given twice in '\(text)'")
      }
    }
    self = benchmark.isEmpty ? .values(values) : .shifted(benchmark: benchmark, nuisance: values)
  }

  /// The point's coordinates in parameter order, followed by the nuisance parameters' where they are asked for.
  public func resolve(_ setup: Setup, nuisance: Bool = false) throws -> [Double] {
    switch self {
    case .benchmark(let name):
      guard let i = setup.benchmarkIndex(name) else {
        throw Problem(
          .usage, "there is no benchmark '\(name)'",
          remedy: "the setup has " + setup.benchmarks.map(\.name).joined(separator: ", "))
      }
      let count = setup.coordinateNames(nuisance: nuisance).count
      let values = setup.benchmarks[i].values
      if setup.morphing == nil,
        let twin = setup.benchmarks.first(where: { $0.name != name && $0.values == values })
      {
        throw Problem(
          .usage, "benchmarks '\(name)' and '\(twin.name)' are at the same point",
          remedy: "give the analysis a parameter that tells them apart")
      }
      return values + [Double](repeating: 0, count: count - values.count)
    case .shifted(let name, let values):
      var point = try PointSpecification.benchmark(name).resolve(setup, nuisance: nuisance)
      for (parameter, value) in values.sorted(by: { $0.key < $1.key }) {
        let place = try setup.coordinate(parameter, nuisance: nuisance)
        guard place >= setup.parameters.count else {
          throw Problem(
            .usage, "benchmark '\(name)' has its own value of \(parameter)",
            remedy: "only nuisance parameters follow a benchmark's name; write all parameters of "
              + "another point, such as \(parameter)=\(value)")
        }
        point[place] = value
      }
      return point
    case .values(let values):
      var point = [Double](
        repeating: 0, count: setup.coordinateNames(nuisance: nuisance).count)
      for (name, value) in values.sorted(by: { $0.key < $1.key }) {
        point[try setup.coordinate(name, nuisance: nuisance)] = value
      }
      return point
    case .listed(let point, let file, let line):
      do { return try point.resolve(setup, nuisance: nuisance) } catch let problem as Problem {
        throw Problem(
          .data, problem.fact, remedy: problem.remedy, file: file, place: "line \(line)")
      }
    }
  }

  /// The coordinates that are named; none of a benchmark itself.
  public var names: [String] {
    switch self {
    case .benchmark: []
    case .shifted(_, let values): Array(values.keys)
    case .values(let values): Array(values.keys)
    case .listed(let point, _, _): point.names
    }
  }

  /// As it is written on a command line.
  public var description: String {
    switch self {
    case .benchmark(let name): name
    case .listed(let point, _, _): point.description
    case .shifted(let name, let values): name + "," + Self.text(values)
    case .values(let values): Self.text(values)
    }
  }

  private static func text(_ values: [String: Double]) -> String {
    values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }

  /// The written form of coordinates: `cHW=0.3,cHq3=0.0`.
  public static func name(of theta: [Double], _ setup: Setup) -> String {
    zip(setup.coordinateNames(nuisance: true), theta).map { "\($0)=\($1)" }.joined(separator: ",")
  }
}

extension StringProtocol {
  /// Without blanks at either end.
  var trimmed: String {
    var part = self[...]
    while let c = part.first, c == " " || c == "\t" { part = part.dropFirst() }
    while let c = part.last, c == " " || c == "\t" { part = part.dropLast() }
    return String(part)
  }
}
