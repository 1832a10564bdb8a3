import EventModel
import Networks
import Numerics

/// Observables and parameter points of rows, as a network's scaled inputs: θ, then x.
struct ScaledInputs: Sendable {
  let x: [Double]
  let xScaling: Scaling
  let theta: [Double]
  let thetaScaling: Scaling
  /// Coordinates that are inputs of the network.
  let inputs: [Int]
  /// Whether each row has a θ of its own.
  private let isPerRow: Bool

  init(
    x: [Double], xScaling: Scaling, theta: [Double], thetaScaling: Scaling, inputs: [Int]
  ) {
    self.x = x
    self.xScaling = xScaling
    self.theta = theta
    self.thetaScaling = thetaScaling
    self.inputs = inputs
    isPerRow = theta.count > thetaScaling.means.count
  }

  /// The observables alone.
  var withoutTheta: ScaledInputs {
    ScaledInputs(x: x, xScaling: xScaling, theta: [], thetaScaling: .identity(0), inputs: [])
  }

  func fill<Scalar: NetworkScalar>(_ rows: Range<Int>, _ block: UnsafeMutableBufferPointer<Scalar>)
  {
    let (d, p) = (xScaling.means.count, thetaScaling.means.count)
    var at = 0
    for row in rows {
      let start = isPerRow ? row * p : 0
      for k in inputs {
        block[at] = Scalar(thetaScaling.apply(theta[start + k], k))
        at += 1
      }
      for k in 0..<d {
        block[at] = Scalar(xScaling.apply(x[row * d + k], k))
        at += 1
      }
    }
  }
}

/// A network of one scalar type.
protocol NetworkBody: Sendable {
  /// Outputs, and where asked for their derivatives by the coordinates that are inputs.
  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs
}

protocol DensityBody: NetworkBody {
  /// Draws scaled x at scaled θ.
  func draw(
    rows: Range<Int>, seed: UInt64, team: ThreadTeam, theta: @Sendable (Int) -> [Double]
  ) -> [Double]
}

protocol FormBody: NetworkBody {
  func formOutputs(rows: Int, team: ThreadTeam, inputs: ScaledInputs) -> [Double]
}

extension Perceptron: NetworkBody {
  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    evaluate(rows: rows, tangents: derivatives ? inputs.inputs.count : 0, team: team) {
      inputs.fill($0, $1)
    }
  }
}

extension ConditionalFlow: DensityBody {
  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    logDensity(rows: rows, tangents: derivatives ? inputs.inputs.count : 0, team: team) {
      inputs.fill($0, $1)
    }
  }
}

/// A network of two hypotheses, taken antisymmetrically.
struct PairNetwork<Scalar: NetworkScalar>: NetworkBody {
  let network: Perceptron<Scalar>

  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    network.evaluatePairs(
      rows: rows, width: inputs.inputs.count / 2, tangents: derivatives, team: team
    ) { inputs.fill($0, $1) }
  }
}

/// Networks that are faster at many points of the same rows.
protocol GridBody: NetworkBody {
  /// Rows × points.
  /// - Parameter points: scaled, the coordinates that are inputs alone.
  func grid(rows: Int, points: [Double], team: ThreadTeam, inputs: ScaledInputs) -> [Double]
}

extension Perceptron: GridBody {
  func grid(
    rows: Int, points: [Double], team: ThreadTeam, inputs: ScaledInputs
  ) -> [Double] {
    evaluateGrid(
      rows: rows, points: points.map { Scalar($0) },
      width: shape.inputs - inputs.xScaling.means.count, team: team
    ) { inputs.fill($0, $1) }
  }
}
