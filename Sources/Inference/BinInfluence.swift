import EventModel
import LinearAlgebra

/// What the sums of one group's bin do to σ_c and its gradient at nominal normalisations and nuisance parameters.
///
/// For nuisance parameter k, ∂σ_c/∂ν_k = σ_gc a_k with a_k = ½ ln(σ₊/σ₋): an event changes it by
/// a_k dσ_e + ½ σ_gc (dσ₊/σ₊ − dσ₋/σ₋), dσ_± being its weight at ν_k = ±1. Without pair sums of varied weights the second part
/// is left out: the response counts as exact.
struct BinInfluence {
  /// ∂(∂_iσ_c)/∂S_z, one row for each parameter; z is (variation, benchmark), of the variations whose pairs are known.
  let gradients: Matrix
  /// ∂σ_c/∂S_z.
  let weights: [Double]
  /// Cov(S_z, S_z') of Poisson-distributed numbers of events, Σ_e of products.
  let pairs: Matrix
  /// ½ Σ_zz' ∂²(∂_iσ_c)/∂S_z∂S_z' Cov(S_z, S_z'): what fluctuations add to ∂_iσ_c on average.
  let curvature: [Double]
}

extension BinnedModel {
  /// The influence of the events in a bin of group g on the first `count` parameters.
  func influence(
    _ g: Int, bin: Int, at morphed: MorphedPoint, count: Int
  ) -> BinInfluence {
    let group = groups[g]
    let b = group.benchmarkCount
    let isVaried = count > thetaCount + normCount && !group.variedPairSums.isEmpty
    let size = isVaried ? (2 * nuisanceCount + 1) * b : b
    let pairs = Matrix(
      rows: size, columns: size,
      elements: isVaried ? group.variedPairMatrix(ofBin: bin) : group.pairMatrix(ofBin: bin))
    var gradients = Matrix(rows: count, columns: size)
    for i in 0..<thetaCount {
      for z in 0..<b { gradients[i, z] = morphed.gradients[i * b + z] }
    }
    if g < normCount { for z in 0..<b { gradients[thetaCount + g, z] = morphed.weights[z] } }
    var weights = [Double](repeating: 0, count: size)
    for z in 0..<b { weights[z] = morphed.weights[z] }
    var curvature = [Double](repeating: 0, count: count)
    if count > thetaCount + normCount {
      let at = response.map { MorphedPoint($0, morphing: morphing) } ?? morphed
      let cell = NuisanceResponse(
        group, bin: bin, at: at, nu: [Double](repeating: 0, count: nuisanceCount),
        gradient: true, moves: false)
      let sigma = morphed.crossSection(group, bin: bin).value
      for k in 0..<nuisanceCount {
        let i = thetaCount + normCount + k
        for z in 0..<b { gradients[i, z] = cell.slopes[k] * morphed.weights[z] }
        guard isVaried, let (above, below) = cell.shifted(group, bin: bin, k, at: at) else {
          continue
        }
        var up = [Double](repeating: 0, count: size)
        var down = up
        for z in 0..<b {
          up[(2 * k + 1) * b + z] = at.weights[z] / above
          down[(2 * k + 2) * b + z] = at.weights[z] / below
        }
        for z in 0..<size { gradients[i, z] += 0.5 * sigma * (up[z] - down[z]) }
        let (ofUp, ofDown) = (pairs * up, pairs * down)
        for z in 0..<size {
          curvature[i] += 0.5 * weights[z] * (ofUp[z] - ofDown[z])
          curvature[i] -= 0.25 * sigma * (up[z] * ofUp[z] - down[z] * ofDown[z])
        }
      }
    }
    return BinInfluence(
      gradients: gradients, weights: weights, pairs: pairs, curvature: curvature)
  }
}
