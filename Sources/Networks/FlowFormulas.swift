import Glibc

/// Addresses of numbers of a block: [stream][row][unit] in any order. Stream 0 holds values, stream
/// k + 1 derivatives by θ_k, or gradients by them.
struct UnitBlock {
  let start: UnsafeMutablePointer<Double>
  let streamStride: Int
  let rowStride: Int
  let unitStride: Int

  /// Rows one after the other, as in training.
  init(_ start: UnsafeMutablePointer<Double>, rows: Int, units: Int) {
    self.start = start
    streamStride = rows * units
    rowStride = units
    unitStride = 1
  }

  /// Units one after the other, as in evaluation.
  init(columns start: UnsafeMutablePointer<Double>, rows: Int, units: Int) {
    self.start = start
    streamStride = rows * units
    rowStride = 1
    unitStride = rows
  }

  subscript(stream: Int, row: Int, unit: Int) -> Double {
    get { start[stream * streamStride + row * rowStride + unit * unitStride] }
    nonmutating set {
      start[stream * streamStride + row * rowStride + unit * unitStride] = newValue
    }
  }
}

/// ℓ = B tanh(a/B) with its first two derivatives by a.
struct LogPrecision {
  let value: Double
  let first: Double
  let second: Double

  init(_ a: Double, bound: Double) {
    let share = tanh(a / bound)
    value = bound * share
    first = 1 - share * share
    second = -2 * share * first / bound
  }
}

/// One network of a flow as a map of a block of rows: u′ = e^{ℓ/2}(u − m), or the base density.
///
/// In all of it `units` are observables for u, and outputs of the network for `out`. Log densities
/// are added up in `sum`, of one unit.
struct FlowBlock {
  let rows: Int
  let observables: Int
  let tangents: Int
  let components: Int
  let bound: Double

  /// u′ of a transforming network, and its part of log p.
  func transform(_ u: UnitBlock, _ out: UnitBlock, to next: UnitBlock, sum: UnitBlock) {
    for row in 0..<rows {
      for i in 0..<observables {
        let log = LogPrecision(out[0, row, observables + i], bound: bound)
        let sigma = exp(log.value / 2)
        let z = sigma * (u[0, row, i] - out[0, row, i])
        next[0, row, i] = z
        sum[0, row, 0] += log.value / 2
        for k in 0..<tangents {
          let half = log.first * out[k + 1, row, observables + i] / 2
          next[k + 1, row, i] = sigma * (u[k + 1, row, i] - out[k + 1, row, i]) + z * half
          sum[k + 1, row, 0] += half
        }
      }
    }
  }

  /// The reverse of `transform`: from gradients by u′ and by the sum to those by u and the outputs.
  ///
  /// With v = (u, m, a), a function J of u′, the sum s and their tangents has
  ///
  ///     v̄ = ū′ ∇u′ + s̄ ∇s + Σ_k (H_u′ ū̇′_k + H_s s̄̇_k) v̇_k      v̄̇_k = ū̇′_k ∇u′ + s̄̇_k ∇s
  ///
  /// where H are matrices of second derivatives by v.
  func pullTransform(
    _ u: UnitBlock, _ out: UnitBlock, nextBar: UnitBlock, sumBar: UnitBlock, uBar: UnitBlock,
    outBar: UnitBlock
  ) {
    for row in 0..<rows {
      for i in 0..<observables {
        let a = observables + i
        let log = LogPrecision(out[0, row, a], bound: bound)
        let sigma = exp(log.value / 2)
        let z = sigma * (u[0, row, i] - out[0, row, i])
        // Σ_k ū̇′_k v̇_k, of which u and m enter by their difference, and Σ_k s̄̇_k ȧ_k.
        var (difference, precision, ofSum) = (0.0, 0.0, 0.0)
        for k in 1..<tangents + 1 {
          let bar = nextBar[k, row, i]
          difference += bar * (u[k, row, i] - out[k, row, i])
          precision += bar * out[k, row, a]
          ofSum += sumBar[k, row, 0] * out[k, row, a]
          uBar[k, row, i] = bar * sigma
          outBar[k, row, i] = -bar * sigma
          outBar[k, row, a] = log.first * (bar * z + sumBar[k, row, 0]) / 2
        }
        let halfMove = log.first * precision / 2
        let zMove = sigma * difference + z * halfMove
        let bar = nextBar[0, row, i]
        uBar[0, row, i] = bar * sigma + sigma * halfMove
        outBar[0, row, i] = -uBar[0, row, i]
        let slope = log.first * (bar * z + sumBar[0, row, 0] + zMove)
        outBar[0, row, a] = (slope + log.second * (z * precision + ofSum)) / 2
      }
    }
  }

  /// Adds the log of the base density.
  func addBase(_ u: UnitBlock, _ out: UnitBlock, sum: UnitBlock, mixture: Mixture) {
    for row in 0..<rows {
      for i in 0..<observables {
        mixture.gather(stream: 0, row, i, u, out, observables: observables, to: mixture.point)
        sum[0, row, 0] += mixture.evaluate()
        for k in 1..<tangents + 1 {
          mixture.gather(stream: k, row, i, u, out, observables: observables, to: mixture.move)
          sum[k, row, 0] += mixture.slopeAlongMove()
        }
      }
    }
  }

  /// The reverse of `addBase`.
  func pullBase(
    _ u: UnitBlock, _ out: UnitBlock, sumBar: UnitBlock, uBar: UnitBlock, outBar: UnitBlock,
    mixture: Mixture
  ) {
    for row in 0..<rows {
      for i in 0..<observables {
        mixture.gather(stream: 0, row, i, u, out, observables: observables, to: mixture.point)
        _ = mixture.evaluate()
        mixture.clearTotal()
        for k in 1..<tangents + 1 {
          let bar = sumBar[k, row, 0]
          mixture.gather(stream: k, row, i, u, out, observables: observables, to: mixture.move)
          mixture.addMoveToTotal(times: bar)
          mixture.scatterGradient(
            stream: k, row, i, uBar, outBar, observables: observables, times: bar)
        }
        mixture.scatterGradient(
          stream: 0, row, i, uBar, outBar, observables: observables, times: sumBar[0, row, 0])
        if tangents > 0 {
          mixture.addCurvature(row, i, uBar, outBar, observables: observables)
        }
      }
    }
  }
}
