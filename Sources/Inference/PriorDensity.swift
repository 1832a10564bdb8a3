import Diagnostics
import EventModel
import LinearAlgebra
import Numerics

/// The density of a prior: independent parameters, and Gaussian ones that are correlated, inside of a box.
public struct PriorDensity: Sendable {
  private let priors: [ThetaSpecification.Prior]
  /// Coordinates that are correlated, and the inverse of their correlation matrix, row-major.
  private let group: [Int]
  private let inverse: [Double]
  /// Where the density is not zero; the training range of models narrows it.
  public private(set) var support: [ClosedRange<Double>]

  /// - Throws: `.usage` for correlations that no Gaussian has.
  public init(
    _ priors: [ThetaSpecification.Prior],
    correlations: [(first: Int, second: Int, coefficient: Double)] = []
  ) throws {
    self.priors = priors
    support = priors.map { prior in
      switch prior {
      case .fixed(let value): value...value
      case .flat(let low, let high), .logUniform(let low, let high): low...high
      case .gauss(_, _, let truncation): truncation ?? -Double.infinity...Double.infinity
      }
    }
    group = Set(correlations.flatMap { [$0.first, $0.second] }).sorted()
    var matrix = Matrix.identity(group.count)
    for each in correlations {
      guard let i = group.firstIndex(of: each.first), let j = group.firstIndex(of: each.second)
      else { continue }
      matrix[i, j] = each.coefficient
      matrix[j, i] = each.coefficient
    }
    do {
      if !group.isEmpty { _ = try matrix.cholesky() }
      inverse = group.isEmpty ? [] : try matrix.inverse().elements
    } catch {
      throw Problem(
        .usage, "the correlations of the prior are not those of any Gaussian",
        remedy: "make them smaller")
    }
  }

  public var count: Int { priors.count }

  /// Coordinates that are not kept at one value.
  public var free: [Int] {
    priors.indices.filter { support[$0].lowerBound < support[$0].upperBound }
  }

  /// A point with the fixed coordinates in place, and the others in the middle of their prior.
  public var centre: [Double] {
    priors.indices.map { p in
      switch priors[p] {
      case .fixed(let value): value
      case .gauss(let mean, _, _):
        min(max(mean, support[p].lowerBound), support[p].upperBound)
      case .flat, .logUniform: 0.5 * (support[p].lowerBound + support[p].upperBound)
      }
    }
  }

  /// Cuts the prior off outside of ranges, such as those that models were trained on.
  /// - Returns: the coordinates whose prior was cut.
  /// - Throws: `.usage` where nothing is left.
  public mutating func cap(_ ranges: [ClosedRange<Double>], names: [String]) throws -> [Int] {
    var cut: [Int] = []
    for p in free {
      let (range, own) = (ranges[p], support[p])
      let (low, high) = (
        max(range.lowerBound, own.lowerBound), min(range.upperBound, own.upperBound)
      )
      guard low < high else {
        throw Problem(
          .usage,
          "the prior of '\(names[p])' and the range of the model have nothing in common",
          remedy: "the model was trained from \(range.lowerBound) to \(range.upperBound)")
      }
      // The range is of values that were drawn, which stop a little short of the ends of their prior.
      let margin = 1e-3 * (range.upperBound - range.lowerBound)
      if own.lowerBound < range.lowerBound - margin || own.upperBound > range.upperBound + margin {
        cut.append(p)
        support[p] = low...high
      }
    }
    return cut
  }

  /// ln π(θ), normalised but for what limits cut off correlated Gaussians and caps cut off any; −inf outside of the support.
  public func logDensity(at theta: [Double]) -> Double {
    var sum = 0.0
    for p in priors.indices {
      guard support[p].contains(theta[p]) else { return -.infinity }
      switch priors[p] {
      case .fixed: break
      case .flat(let low, let high): sum -= logarithm(high - low)
      case .logUniform(let low, let high):
        sum -= logarithm(theta[p]) + logarithm(logarithm(high / low))
      case .gauss(let mean, let width, let limits):
        if !group.contains(p) {
          let z = (theta[p] - mean) / width
          sum -= 0.5 * z * z
        }
        sum -= logarithm(width) + 0.5 * logarithm(2 * .pi)
        if let limits {
          let (a, b) = ((limits.lowerBound - mean) / width, (limits.upperBound - mean) / width)
          sum -= logarithm(
            a > 0 ? Normal.survival(a) - Normal.survival(b) : Normal.cdf(b) - Normal.cdf(a))
        }
      }
    }
    let z = standardised(theta)
    for (i, a) in z.enumerated() {
      for (j, b) in z.enumerated() { sum -= 0.5 * a * inverse[i * z.count + j] * b }
    }
    return sum
  }

  /// (θ − mean)/width of the correlated coordinates.
  private func standardised(_ theta: [Double]) -> [Double] {
    group.map { p in
      guard case .gauss(let mean, let width, _) = priors[p] else { return 0 }
      return (theta[p] - mean) / width
    }
  }

  /// ∂ ln π/∂θ inside of the support.
  public func gradient(at theta: [Double]) -> [Double] {
    var result = priors.indices.map { p -> Double in
      switch priors[p] {
      case .fixed, .flat: 0
      case .logUniform: -1 / theta[p]
      case .gauss(let mean, let width, _):
        group.contains(p) ? 0 : -(theta[p] - mean) / (width * width)
      }
    }
    let z = standardised(theta)
    for (i, p) in group.enumerated() {
      guard case .gauss(_, let width, _) = priors[p] else { continue }
      for (j, b) in z.enumerated() { result[p] -= inverse[i * z.count + j] * b / width }
    }
    return result
  }

  /// A point of the prior, the correlations left out: where chains begin.
  func draw(_ stream: inout PhiloxStream) -> [Double] {
    priors.indices.map { p in
      let range = support[p]
      switch priors[p] {
      case .fixed(let value): return value
      case .flat: return stream.uniform(range.lowerBound, range.upperBound)
      case .logUniform:
        return exponential(
          stream.uniform(logarithm(range.lowerBound), logarithm(range.upperBound)))
      case .gauss(let mean, let width, _):
        for _ in 0..<1000 {
          let value = mean + width * stream.normal()
          if range.contains(value) { return value }
        }
        return min(max(mean, range.lowerBound), range.upperBound)
      }
    }
  }
}
