import Diagnostics

/// How often regions held the true point, with the interval of the fraction: the group `coverage` of a `limits` file as its
/// readers want it.
public struct CoverageResult: Sendable {
  public let parameters: [String]
  public let units: [String]
  public let methods: [String]
  public let levels: [Double]
  public let points: [[Double]]
  /// [point][level][method].
  public let fraction: [Double]
  public let lower: [Double]
  public let upper: [Double]
  public let mode: String?
  public let luminosity: Double?
  public let toys: Int?
  public let experiments: Int?

  public static func isHeld(by d: Document) -> Bool { d.group(group) != nil }

  private static let group = "coverage"

  /// - Throws: `.data` where the group is not there, or lacks what one of its shards would have.
  public init(document d: Document) throws {
    let root = Self.group + "/"
    guard let parameters = d.texts(root + "parameters"), let methods = d.texts(root + "methods"),
      let levels = d.reals(root + "levels"), let flat = d.reals(root + "points"),
      !parameters.isEmpty, !methods.isEmpty, !levels.isEmpty, !flat.isEmpty,
      flat.count % parameters.count == 0,
      let fraction = d.reals(root + "fraction"), let lower = d.reals(root + "lower"),
      let upper = d.reals(root + "upper"),
      [fraction, lower, upper].allSatisfy({
        $0.count == flat.count / parameters.count * levels.count * methods.count
      })
    else {
      throw Problem(
        .data, "the coverage is not whole", remedy: "put its shards together: events merge",
        place: "group \(Self.group)")
    }
    self.parameters = parameters
    units = d.texts(root + "units") ?? parameters.map { _ in "" }
    guard units.count == parameters.count else {
      throw Problem(
        .data, "there are \(units.count) units for \(parameters.count) parameters",
        place: "dataset \(root)units")
    }
    (self.methods, self.levels) = (methods, levels)
    points = stride(from: 0, to: flat.count, by: parameters.count).map {
      Array(flat[$0..<$0 + parameters.count])
    }
    (self.fraction, self.lower, self.upper) = (fraction, lower, upper)
    mode = d.text(root + "mode")
    luminosity = d.real(root + "luminosity")
    (toys, experiments) = (d.integer(root + "toys"), d.integer(root + "experiments"))
  }

  /// The place of a fraction.
  public func index(_ point: Int, _ level: Int, _ method: Int) -> Int {
    (point * levels.count + level) * methods.count + method
  }
}
