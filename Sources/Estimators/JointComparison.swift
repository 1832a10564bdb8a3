import EventModel
import Glibc
import Numerics

/// A learned quantity q̂(x) beside a joint one q(x, z) whose mean at fixed x it is: E[q | x] = q̂(x) for a right model.
///
/// So the regression of q on q̂ has slope 1, and the mean of q in bins of q̂ is the mean of q̂: the calibration curve.
struct JointComparison: Sendable {
  let learned: [Double]
  let joint: [Double]
  let weights: [Double]

  /// Bins of a calibration curve, of equal weight.
  static let bins = 20
  /// Events of a curve that are drawn singly.
  static let singles = 300

  /// Events with a weight of 0 or a joint quantity that is not finite are left out.
  init(learned: [Double], joint: [Double], weights: [Double]) {
    let kept = learned.indices.filter {
      weights[$0] != 0 && joint[$0].isFinite && learned[$0].isFinite
    }
    self.learned = kept.map { learned[$0] }
    self.joint = kept.map { joint[$0] }
    self.weights = kept.map { weights[$0] }
  }

  private var means: (learned: Double, joint: Double) {
    (
      WeightedMean(learned, weights: weights).value, WeightedMean(joint, weights: weights).value
    )
  }

  /// Σw(q̂ − mean)q/Σw(q̂ − mean)², with the error that holds for weighted events of unequal spread (White, Econometrica 48
  /// (1980) 817).
  var slope: WeightedMean {
    let mean = means
    var (cross, square) = (0.0, 0.0)
    for i in weights.indices {
      let d = learned[i] - mean.learned
      cross += weights[i] * d * (joint[i] - mean.joint)
      square += weights[i] * d * d
    }
    let slope = cross / square
    var errors = 0.0
    for i in weights.indices {
      let d = learned[i] - mean.learned
      let rest = weights[i] * d * (joint[i] - mean.joint - slope * d)
      errors += rest * rest
    }
    return WeightedMean(value: slope, error: errors.squareRoot() / abs(square))
  }

  var correlation: Double {
    let mean = means
    var (cross, a, b) = (0.0, 0.0, 0.0)
    for i in weights.indices {
      let (d, e) = (learned[i] - mean.learned, joint[i] - mean.joint)
      cross += weights[i] * d * e
      a += weights[i] * d * d
      b += weights[i] * e * e
    }
    return cross / (a * b).squareRoot()
  }

  /// The curve in bins of equal weight, and every n-th event.
  func curve(_ name: String) -> Diagnosis.Curve {
    let order = learned.indices.sorted { (learned[$0], $0) < (learned[$1], $1) }
    let total = weights.reduce(0) { $0 + abs($1) }
    var bins: [[Int]] = Array(repeating: [], count: Self.bins)
    var before = 0.0
    for i in order {
      bins[min(Self.bins - 1, Int(Double(Self.bins) * before / total))].append(i)
      before += abs(weights[i])
    }
    var curve = Diagnosis.Curve(name: name, learned: [], joint: [], errors: [])
    for bin in bins where bin.count > 1 {
      let own = bin.map { weights[$0] }
      let learned = WeightedMean(bin.map { self.learned[$0] }, weights: own)
      // The difference has the smaller error: both are of the same events.
      let excess = WeightedMean(bin.map { joint[$0] - self.learned[$0] }, weights: own)
      curve.learned.append(learned.value)
      curve.joint.append(learned.value + excess.value)
      curve.errors.append(excess.error)
    }
    let step = max(1, weights.count / Self.singles)
    for i in stride(from: 0, to: weights.count, by: step) {
      curve.eventsLearned.append(learned[i])
      curve.eventsJoint.append(joint[i])
    }
    return curve
  }
}

extension Diagnosis.Curve {
  /// Mean |joint − learned| over the bins less what their errors alone would make, and the error of that.
  var deviation: WeightedMean {
    // E|N(0, σ²)| = σ sqrt(2/π), with variance σ²(1 − 2/π).
    let n = Double(max(1, learned.count))
    var (sum, variance) = (0.0, 0.0)
    for i in learned.indices {
      sum += abs(joint[i] - learned[i]) - errors[i] * (2 / Double.pi).squareRoot()
      variance += errors[i] * errors[i] * (1 - 2 / Double.pi)
    }
    return WeightedMean(value: max(0, sum / n), error: variance.squareRoot() / n)
  }
}
