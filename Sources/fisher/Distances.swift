import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference
import Numerics

/// The point that distances are measured from.
struct OriginOption: ParsableArguments {
  @Option(
    name: .customLong("theta"),
    help: ArgumentHelp(
      "Where distances start: cHW=0.3,cHq3=-0.1; what is not named is as in the metric.",
      valueName: "point"))
  var theta: String?

  func point(_ geometry: Geometry) throws -> [Double] {
    guard let theta else { return try geometry.point(named: [:]) }
    guard case .values(let values) = try PointSpecification(parsing: theta) else {
      throw Problem(.usage, "--theta '\(theta)' is a name", remedy: "write cHW=0.3,cHq3=-0.1")
    }
    return try geometry.point(named: values)
  }
}

struct Distance: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "distance", abstract: "Distance of every point of a grid from one, by a metric.",
    discussion: """
      The length of the shortest path. Its square is what -2 ln(likelihood ratio) is expected to be, and p that of a chi \
      square with as many degrees of freedom as axes.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var origin: OriginOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var geometry = try context.readGeometry(input)
    let start = try origin.point(geometry)
    geometry.origin = start
    geometry.distances = DistanceMap(try context.field(geometry, input), axes: geometry.axes)
      .distances(from: start, team: ThreadTeam(threads: context.threads))
    try context.report(
      text: GeometryText(geometry).text, document: geometry.document, kind: .geometry,
      output: output)
  }
}

struct Geodesic: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "geodesic", abstract: "The straightest path from a point in a direction, by a metric.")

  @Option(
    help: ArgumentHelp(
      "Direction of the path at its start: cHW=1,cHq3=0.2. Repeatable. Required.",
      valueName: "direction"))
  var direction: [String] = []
  @Option(help: ArgumentHelp("Length of the path.", valueName: "distance"))
  var distance = 3.0
  @Option(help: ArgumentHelp("Steps of the path.", valueName: "n"))
  var steps = 200
  @OptionGroup var input: InputGroup
  @OptionGroup var origin: OriginOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard distance > 0, distance.isFinite else {
      throw ValidationError("--distance takes a positive number")
    }
    guard (1...1_000_000).contains(steps) else {
      throw ValidationError("--steps takes a number from 1 to 1000000")
    }
  }

  func execute(_ context: CommandContext) throws {
    guard !direction.isEmpty else {
      throw Problem(.usage, "the direction is missing", remedy: "give --direction cHW=1")
    }
    var geometry = try context.readGeometry(input)
    let start = try origin.point(geometry)
    geometry.origin = start
    let solver = GeodesicSolver(try context.field(geometry, input))
    geometry.paths = try direction.map { text in
      guard case .values(let values) = try PointSpecification(parsing: text) else {
        throw Problem(.usage, "--direction '\(text)' is a name", remedy: "write cHW=1,cHq3=0.2")
      }
      for name in values.keys where !geometry.axes.contains(where: { $0.parameter == name }) {
        throw Problem(.usage, "'\(name)' is not an axis of the grid")
      }
      let v = geometry.axes.map { values[$0.parameter] ?? 0 }
      guard v.contains(where: { $0 != 0 }) else {
        throw Problem(.usage, "--direction '\(text)' is zero", remedy: "write cHW=1")
      }
      return solver.geodesic(from: start, direction: v, distance: distance, steps: steps)
    }
    try context.report(
      text: GeometryText(geometry).text, document: geometry.document, kind: .geometry,
      output: output)
  }
}

extension CommandContext {
  fileprivate func readGeometry(_ input: InputGroup) throws -> Geometry {
    let header = try readHeader(
      input.path, expecting: [.geometry], options: input.reading.options)
    do { return try Geometry(document: header.document) } catch let problem as Problem {
      throw problem.inFile(input.path ?? "standard input")
    }
  }

  fileprivate func field(_ geometry: Geometry, _ input: InputGroup) throws -> GridMetric {
    do { return try GridMetric(geometry) } catch let problem as Problem {
      throw problem.inFile(input.path ?? "standard input")
    }
  }
}
