import Diagnostics
import EventModel
import LinearAlgebra

/// Scores of the parameters profiled over the nuisance parameters:
/// t_prof = t_θ − I_θν I_νν⁻¹ t_ν, which to first order does not change with ν (arXiv:1907.10621, section 3).
///
/// I = Σ_e p_e t_e t_eᵀ is the information of the joint scores of one event at the reference point; no
/// constraint on ν is in it.
public struct ScoreProfile: Sendable {
  /// −I_θν I_νν⁻¹, row-major [parameter][nuisance parameter].
  public let matrix: [Double]
  private let parameters: Int
  private let nuisance: Int

  /// - Throws: `.usage` where there is more than one point, `.data` where the nuisance parameters have no
  ///   effect of their own.
  init(_ events: WeightedEvents, _ plan: SamplePlan, _ points: NuisancePoints?) throws {
    guard let points, plan.method == .score, let list = plan.theta0.list, list.count == 1 else {
      throw Problem(
        .usage, "profiled scores are those of one point",
        remedy: "use 'augment score --theta POINT --nuisance profile'")
    }
    parameters = events.table.setup.parameters.count
    nuisance = events.table.setup.nuisanceParameters.count
    var point = events.hypothesis()
    try point.move(
      to: Array(list[0][..<parameters]),
      nuisance: points.point(Array(list[0][parameters...]), last: nil))
    let size = parameters + nuisance
    var information = Matrix(rows: size, columns: size)
    for index in 0..<events.count {
      let share = events.differential(index, at: point) / point.crossSection
      guard share != 0 else { continue }
      let score = events.score(index, at: point)
      for i in 0..<size { for j in 0..<size { information[i, j] += share * score[i] * score[j] } }
    }
    let (first, last) = (Array(0..<parameters), Array(parameters..<size))
    do {
      let inverse = try information.submatrix(rows: last, columns: last).inverse()
      let product = -1 * (information.submatrix(rows: first, columns: last) * inverse)
      matrix = first.flatMap { product.row($0) }
    } catch {
      throw Problem(
        .data, "the scores of the nuisance parameters are not independent",
        remedy: "leave systematics out that change nothing, or use --nuisance keep")
    }
  }

  /// The profiled score of the parameters.
  func apply(_ score: [Double]) -> [Double] {
    (0..<parameters).map { p in
      var sum = score[p]
      for k in 0..<nuisance { sum += matrix[p * nuisance + k] * score[parameters + k] }
      return sum
    }
  }
}
