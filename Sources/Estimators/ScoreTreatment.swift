import Diagnostics
import EventModel
import LinearAlgebra

/// What becomes of the components of a score that are of nuisance parameters.
///
/// Kept, left out (ν fixed), or profiled over: t_prof = t_θ − I_θν I_νν⁻¹ t_ν, which is uncorrelated with t_ν where I is
/// the information of what is observed (arXiv:1907.10621, section 3). Directions of ν that change nothing have no part in it.
public struct ScoreTreatment: Sendable, Equatable {
  /// Names of the components that come out, and their numbers among those that go in.
  public let names: [String]
  public let kept: [Int]
  /// Row-major components out × components in.
  public let matrix: [Double]

  private init(names: [String], kept: [Int], matrix: [Double]) {
    self.names = names
    self.kept = kept
    self.matrix = matrix
  }

  /// All components as they are.
  public static func keep(_ names: [String]) -> ScoreTreatment {
    let n = names.count
    return ScoreTreatment(
      names: names, kept: Array(0..<n), matrix: (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 })
  }

  /// The components of some parameters alone, which is right where the others are known.
  public static func project(_ names: [String], on parameters: [String]) throws -> ScoreTreatment {
    let kept = try places(parameters, in: names)
    let n = names.count
    return ScoreTreatment(
      names: parameters, kept: kept,
      matrix: kept.flatMap { row in (0..<n).map { $0 == row ? 1.0 : 0 } })
  }

  /// The components of some parameters, profiled over the others.
  /// - Parameter information: of all components in their order, row-major; what constrains the others is part of it.
  /// - Throws: `.data` where the information on the others is not finite.
  public static func profile(
    _ names: [String], on parameters: [String], information: [Double]
  ) throws -> ScoreTreatment {
    let kept = try places(parameters, in: names)
    let n = names.count
    precondition(information.count == n * n)
    let others = (0..<n).filter { !kept.contains($0) }
    let full = Matrix(rows: n, columns: n, elements: information)
    let block = full.submatrix(rows: others, columns: others)
    guard block.elements.allSatisfy(\.isFinite) else {
      throw Problem(
        .data,
        "the information on \(others.map { names[$0] }.joined(separator: ", ")) is not finite",
        remedy: "use --nuisance project")
    }
    // Without the directions of rounding: of an event, ν being counted in standard deviations, 1e-16 is a score of 1e-8.
    let singular = try block.singularValues()
    let inverse = singular.pseudoInverse(
      relativeTolerance: max(1e-13, 1e-16 / (singular.values.first ?? 1)))
    let product = full.submatrix(rows: kept, columns: others) * inverse
    var matrix = [Double](repeating: 0, count: kept.count * n)
    for (row, own) in kept.enumerated() {
      matrix[row * n + own] = 1
      for (k, other) in others.enumerated() { matrix[row * n + other] = -product[row, k] }
    }
    return ScoreTreatment(names: parameters, kept: kept, matrix: matrix)
  }

  private static func places(_ parameters: [String], in names: [String]) throws -> [Int] {
    try parameters.map { name in
      guard let place = names.firstIndex(of: name) else {
        throw Problem(
          .data, "the score has no component '\(name)'",
          remedy: "it has " + names.joined(separator: ", "))
      }
      return place
    }
  }

  /// Scores, rows × components in, to rows × components out.
  public func apply(_ scores: [Double]) -> [Double] {
    let n = matrix.count / max(1, names.count)
    guard self != .keep(names) || n != names.count else { return scores }
    var result: [Double] = []
    result.reserveCapacity(scores.count / max(1, n) * names.count)
    for start in stride(from: 0, to: scores.count, by: n) {
      for row in names.indices {
        var sum = 0.0
        for k in 0..<n where matrix[row * n + k] != 0 {
          sum += matrix[row * n + k] * scores[start + k]
        }
        result.append(sum)
      }
    }
    return result
  }
}
