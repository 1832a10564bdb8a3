import Diagnostics
import EventModel

/// Turns raw columns of replicas and envelopes into those of nuisance parameters, once sums over all events are known.
///
/// With δ_r = (w_r − w_ref)/w_ref the columns of parameter k are w_ref (1 + Σ_r L_kr δ_r).
///
/// Replicas: G_rs = Σ_e |w_e| (δ_r − δ̄)(δ_s − δ̄) has eigenvectors u_k with values λ_k; L_kr = u_kr/√(N−1). Since u is
/// orthogonal, all N−1 components together give Σ_k (Σ_{e∈B} w_e Δ_k)² = Σ_r (σ_r − σ̄)²/(N−1) for every set B of events:
/// the replicas' variance of any bin and every covariance between bins. Components with the largest λ are kept.
///
/// Envelope: the two variations that raise and lower Σ_e w most.
final class ReducedColumns {
  /// Σ over the rows of one factor, in the units of their file.
  private struct Sums {
    /// Σ (w_r − w_ref).
    var shifts: [Double]
    /// Σ (w_r − w_ref)(w_s − w_ref)/|w_ref|, r ≤ s; empty for envelopes.
    var products: [Double]
    /// Σ w_ref.
    var total = 0.0
  }
  private struct Solution {
    var parameters: [NuisanceParameter]
    /// L with one row for each column; nil copies.
    var matrix: [[Double]]?
  }

  let columns: NuisanceColumns
  private let benchmarkCount: Int
  private let reference: Int
  /// By segment and the factor that turns the weights of a row into pb, known only later.
  private var sums: [[Sums?]]
  private var solutions: [Solution] = []

  init(_ columns: NuisanceColumns, benchmarkCount: Int, reference: Int) {
    self.columns = columns
    self.benchmarkCount = benchmarkCount
    self.reference = reference
    sums = columns.segments.map { _ in [] }
    if !columns.isDeferred { solve(factors: [], journal: nil) }
  }

  /// Columns of a row while events are read.
  var rawWidth: Int { benchmarkCount + columns.rawCount }
  /// Of every systematic that became principal components of replicas: a digest of the directions, which are those of the
  /// events that were read.
  var directions: [(systematic: String, digest: String)] {
    zip(columns.segments, solutions).compactMap { segment, solution in
      guard case .replicas = segment.reduction, let matrix = solution.matrix else { return nil }
      var hash = XXH64()
      for row in matrix { row.withUnsafeBytes { hash.update($0) } }
      return (segment.systematic.name, hash.hex)
    }
  }
  var parameters: [NuisanceParameter] { solutions.flatMap(\.parameters) }
  var benchmarks: [String] {
    parameters.flatMap { [$0.benchmarkPositive, $0.benchmarkNegative].compactMap { $0 } }
  }

  /// Adds rows to the sums; `factors` are the indices of their factors. Rows must come in the same order on every run.
  func add(_ weights: [Double], factors: [Int64]) {
    let largest = Int(factors.max() ?? 0)
    for index in sums.indices {
      while sums[index].count <= largest { sums[index].append(nil) }
    }
    for (index, segment) in columns.segments.enumerated() {
      if case .direct = segment.reduction { continue }
      let isReplicas = segment.reduction != .envelope
      let n = segment.raw.count
      var shift = [Double](repeating: 0, count: n)
      for (row, factor) in factors.enumerated() {
        let base = row * rawWidth
        let ref = weights[base + reference]
        var s =
          sums[index][Int(factor)]
          ?? Sums(
            shifts: [Double](repeating: 0, count: n),
            products: [Double](repeating: 0, count: isReplicas ? n * n : 0))
        sums[index][Int(factor)] = nil
        let first = base + benchmarkCount + segment.raw.lowerBound
        for r in 0..<n {
          shift[r] = weights[first + r] - ref
          s.shifts[r] += shift[r]
        }
        s.total += ref
        if isReplicas, ref != 0 { Self.addProducts(shift, 1 / abs(ref), &s.products) }
        sums[index][Int(factor)] = s
      }
    }
  }

  private static func addProducts(_ x: [Double], _ weight: Double, _ products: inout [Double]) {
    let n = x.count
    x.withUnsafeBufferPointer { x in
      products.withUnsafeMutableBufferPointer { products in
        for i in 0..<n {
          let factor = weight * x[i]
          for j in i..<n { products[i * n + j] += factor * x[j] }
        }
      }
    }
  }

  /// Finds the parameters; `factors` turn weights into pb.
  func solve(factors: [Double], journal: Journal?) {
    var used: [String: Int] = [:]
    solutions = columns.segments.enumerated().map { index, segment in
      let name = segment.systematic.name
      var solution: Solution
      switch segment.reduction {
      case .direct(let parameters):
        let renamed =
          segment.isLast
          ? [segment.systematic.parameter(used[name] ?? 0, hasNegative: true)] : parameters
        solution = Solution(parameters: renamed, matrix: nil)
      case .envelope:
        solution = envelope(segment, totals(index, factors, segment.raw.count), journal)
      case .replicas(let components, let fraction):
        solution = replicas(
          segment, totals(index, factors, segment.raw.count), components, fraction, journal)
      }
      used[name, default: 0] += solution.parameters.count
      return solution
    }
  }

  /// The sums of all samples [pb].
  private func totals(_ index: Int, _ factors: [Double], _ n: Int) -> Sums {
    var result = Sums(
      shifts: [Double](repeating: 0, count: n), products: [Double](repeating: 0, count: n * n))
    for (sums, factor) in zip(sums[index], factors) {
      guard let sums else { continue }
      for r in 0..<n { result.shifts[r] += factor * sums.shifts[r] }
      result.total += factor * sums.total
      for i in sums.products.indices { result.products[i] += abs(factor) * sums.products[i] }
    }
    for i in 0..<n { for j in 0..<i { result.products[i * n + j] = result.products[j * n + i] } }
    return result
  }

  private func envelope(
    _ segment: NuisanceColumns.Segment, _ sums: Sums, _ journal: Journal?
  ) -> Solution {
    let n = segment.raw.count
    // The nominal weight is inside every envelope.
    var up = -1
    var down = -1
    for r in 0..<n {
      if sums.shifts[r] > (up < 0 ? 0 : sums.shifts[up]) { up = r }
      if sums.shifts[r] < (down < 0 ? 0 : sums.shifts[down]) { down = r }
    }
    func row(_ chosen: Int) -> [Double] { (0..<n).map { $0 == chosen ? 1 : 0 } }
    func label(_ chosen: Int) -> String {
      chosen < 0 ? "the nominal weight" : segment.labels[chosen]
    }
    journal?.note(
      "\(segment.systematic.name): nu=+1 is \(label(up)), nu=-1 is \(label(down))")
    return Solution(
      parameters: [segment.systematic.parameter(0, hasNegative: true)],
      matrix: [row(up), row(down)])
  }

  private func replicas(
    _ segment: NuisanceColumns.Segment, _ sums: Sums, _ components: Int?, _ fraction: Double,
    _ journal: Journal?
  ) -> Solution {
    let n = segment.raw.count
    let eigen = SymmetricEigenvectors(Self.centred(sums.products, n), count: n)
    let total = eigen.values.reduce(0) { $0 + max(0, $1) }
    let rank = eigen.values.prefix { $0 > 1e-13 * (eigen.values.first ?? 0) }.count
    var kept = 0
    var sum = 0.0
    while kept < rank {
      if let components {
        if kept == components { break }
      } else if sum >= fraction * total {
        break
      }
      sum += eigen.values[kept]
      kept += 1
    }
    let norm = 1 / Double(n - 1).squareRoot()
    var variance = 0.0
    let matrix = eigen.vectors.prefix(max(1, kept)).map { u -> [Double] in
      let shift = zip(u, sums.shifts).reduce(0) { $0 + $1.0 * $1.1 } * norm
      variance += shift * shift
      // ν > 0 raises the cross section.
      return u.map { (shift < 0 ? -norm : norm) * (kept == 0 ? 0 : $0) }
    }
    let mean = sums.shifts.reduce(0, +) / Double(n)
    let direct = sums.shifts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n - 1)
    journal?.note(
      "\(segment.systematic.name): \(matrix.count) components of \(n) replicas hold "
        + "\(Self.percent(total > 0 ? sum / total : 1)) of the variance of the weights and "
        + "\(Self.percent(direct > 0 ? variance / direct : 1)) of that of the cross section")
    return Solution(
      parameters: matrix.indices.map { segment.systematic.parameter($0, hasNegative: false) },
      matrix: Array(matrix))
  }

  /// P G P with P = 1 − 11ᵀ/n: products of deviations from the mean replica.
  private static func centred(_ g: [Double], _ n: Int) -> [Double] {
    let means = (0..<n).map { i in (0..<n).reduce(0) { $0 + g[i * n + $1] } / Double(n) }
    let mean = means.reduce(0, +) / Double(n)
    var result = g
    for i in 0..<n { for j in 0..<n { result[i * n + j] += mean - means[i] - means[j] } }
    return result
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }

  /// The final columns of rows, physics benchmarks included.
  func reduce(_ weights: [Double], rows: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rows * (benchmarkCount + benchmarks.count))
    for row in 0..<rows {
      let base = row * rawWidth
      result += weights[base..<base + benchmarkCount]
      let ref = weights[base + reference]
      for (segment, solution) in zip(columns.segments, solutions) {
        let first = base + benchmarkCount + segment.raw.lowerBound
        guard let matrix = solution.matrix else {
          result += weights[first..<first + segment.raw.count]
          continue
        }
        for line in matrix {
          var shift = 0.0
          for r in line.indices { shift += line[r] * (weights[first + r] - ref) }
          result.append(ref + shift)
        }
      }
    }
    return result
  }
}
