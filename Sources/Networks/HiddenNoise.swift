import Numerics

/// The randomness of hidden layers in training: units that are left out, and random slopes.
///
/// Random bits are a function of seed, member, epoch, row and unit, so threads, batches and blocks do not matter. A unit is
/// kept with probability q and then multiplied by 1/q, after its activation, so that evaluation needs no factor (inverted
/// dropout; Srivastava et al. JMLR 15 (2014) 1929). Derivatives by θ are those of the thinned network.
public struct HiddenNoise: Sendable {
  /// Probability that a unit is left out.
  public var dropout: Double
  private let seed: UInt64
  private let member: UInt32
  private let earlierEpochs: Int
  /// Of the epoch.
  private var generator: Philox

  public init(dropout: Double, settings: TrainingSettings) {
    precondition((0..<1).contains(dropout))
    self.dropout = dropout
    seed = settings.seed
    member = settings.member
    earlierEpochs = settings.earlierEpochs
    generator = Philox(seed: 0)
    begin(epoch: 1)
  }

  /// Takes other random bits for an epoch, from 1.
  mutating func begin(epoch: Int) {
    var stream = PhiloxStream(
      seed: seed, purpose: .hiddenNoise,
      item: UInt64(member) << 32 | UInt64(UInt32(truncatingIfNeeded: epoch + earlierEpochs)))
    generator = Philox(seed: stream.next())
  }

  /// q as a number of 1/65536: q is exactly this, so that the mean is kept.
  private var threshold: UInt32 {
    UInt32(max(1, min(65_536, ((1 - dropout) * 65_536).rounded())))
  }

  /// Random bits of a layer's units, rows × units.
  private func fill(
    _ bits: UnsafeMutablePointer<UInt16>, layer: UInt32, rows: UnsafeBufferPointer<Int32>,
    units: Int
  ) {
    var at = bits
    for row in rows {
      for first in stride(from: 0, to: units, by: 8) {
        let words = generator.block(
          SIMD4(UInt32(first / 8), layer, UInt32(bitPattern: row), 0))
        for k in 0..<min(8, units - first) {
          at[k] = UInt16(truncatingIfNeeded: words[k / 2] >> (k % 2 == 0 ? 0 : 16))
        }
        at += min(8, units - first)
      }
    }
  }

  /// Slopes of a random rectifier below zero (Xu et al. arXiv:1505.00853).
  static let slopes = (lower: 1.0 / 8, upper: 1.0 / 3)

  /// Changes activations and their derivatives of rows that are `stride` numbers apart.
  /// - Parameters:
  ///   - layer: number of the layer among all of the estimator's networks.
  ///   - z: sums before the activation.
  func apply<Scalar: NetworkScalar>(
    layer: Int, rows: UnsafeBufferPointer<Int32>, units: Int, stride: Int, hasRandomSlope: Bool,
    z: UnsafePointer<Scalar>, h: UnsafeMutablePointer<Scalar>,
    first: UnsafeMutablePointer<Scalar>, second: UnsafeMutablePointer<Scalar>?
  ) {
    let count = max(1, rows.count * units)
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: count) { bits in
      guard let bits = bits.baseAddress else { return }
      if hasRandomSlope {
        fill(bits, layer: UInt32(2 * layer + 1), rows: rows, units: units)
        Scalar.randomSlopes(
          rows.count, width: units, stride: stride, bits, Self.slopes, z, h: h, first: first)
      }
      if dropout > 0 {
        fill(bits, layer: UInt32(2 * layer), rows: rows, units: units)
        Scalar.dropOut(
          rows.count, width: units, stride: stride, bits, threshold: threshold, h: h,
          first: first, second: second)
      }
    }
  }
}
