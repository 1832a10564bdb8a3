import Diagnostics
import EventModel
import Numerics

/// Samples of a posterior by Markov chains: an affine-invariant ensemble (no gradients) or Hamiltonian Monte Carlo.
///
/// Several chains start at points of the prior; draws are a function of (seed, chain) alone.
public struct MarkovChains {
  public enum Method: String, Sendable, CaseIterable {
    /// The stretch move of Goodman and Weare (Comm. App. Math. Comp. Sci. 5 (2010) 65).
    case ensemble
    /// Hamiltonian Monte Carlo with the gradient of ln L; the step by dual averaging (Hoffman and Gelman, JMLR 15 (2014)
    /// 1593), the mass from the variance of the warm-up.
    case hmc
  }

  public struct Settings: Sendable {
    public var method: Method
    /// Independent chains, or ensembles.
    public var chains: Int
    /// Points of an ensemble, an even number; each of them is a chain of its own in what follows.
    public var walkers: Int
    /// Steps that are thrown away, and steps that are kept, of each chain.
    public var warmUp: Int
    public var steps: Int
    public var seed: UInt64

    public init(
      method: Method = .ensemble, chains: Int = 4, walkers: Int = 16, warmUp: Int = 500,
      steps: Int = 1000, seed: UInt64 = 1
    ) {
      self.method = method
      self.chains = chains
      self.walkers = walkers
      self.warmUp = warmUp
      self.steps = steps
      self.seed = seed
    }
  }

  let likelihood: any LogLikelihood
  let prior: PriorDensity
  let settings: Settings
  let free: [Int]
  let journal: Journal?

  public init(
    _ likelihood: any LogLikelihood, prior: PriorDensity, settings: Settings,
    journal: Journal? = nil
  ) {
    precondition(likelihood.parameterCount == prior.count)
    self.likelihood = likelihood
    self.prior = prior
    self.settings = settings
    self.journal = journal
    free = prior.free
  }

  /// ln π + ln L up to a constant; −inf where either vanishes. Gradient of the free parameters.
  private func target(
    _ theta: [Double], gradient: Bool
  ) throws -> (value: Double, gradient: [Double]) {
    let logPrior = prior.logDensity(at: theta)
    guard logPrior > -.infinity else { return (-.infinity, free.map { _ in 0 }) }
    let value = try likelihood.evaluate(at: theta, gradient: gradient)
    guard !value.total.isNaN else { return (-.infinity, free.map { _ in 0 }) }
    guard gradient else { return (logPrior + value.total, []) }
    let slope = prior.gradient(at: theta)
    return (logPrior + value.total, free.map { value.gradient[$0] + slope[$0] })
  }

  /// Where a chain begins: a point of the prior with a finite likelihood.
  private func start(_ stream: inout PhiloxStream) throws -> (theta: [Double], value: Double) {
    for _ in 0..<1000 {
      let theta = prior.draw(&stream)
      let value = try target(theta, gradient: false).value
      if value > -.infinity { return (theta, value) }
    }
    throw Problem(
      .data, "the likelihood is not defined at 1000 points of the prior",
      remedy: "narrow the prior to where the cross section is positive")
  }

  public func run() throws -> PosteriorSamples {
    guard !free.isEmpty else {
      throw Problem(.usage, "the prior leaves no parameter free", remedy: "give one a flat prior")
    }
    var series: [Series] = []
    for chain in 0..<settings.chains {
      var stream = PhiloxStream(
        seed: settings.seed, purpose: .posterior, item: UInt64(chain))
      switch settings.method {
      case .ensemble: series += try ensemble(&stream, chain)
      case .hmc: series.append(try hamiltonian(&stream, chain))
      }
    }
    return PosteriorSamples(series, free: free, method: settings.method)
  }

  /// The steps of one chain.
  struct Series {
    /// The chain that it is of, from 0.
    var chain: Int
    var points: [[Double]] = []
    var values: [Double] = []
    var accepted = 0
    var tried = 0

    mutating func append(_ theta: [Double], _ value: Double) {
      points.append(theta)
      values.append(value)
    }
  }

  // MARK: Ensemble

  private func ensemble(_ stream: inout PhiloxStream, _ chain: Int) throws -> [Series] {
    let count = max(settings.walkers, 2 * free.count + 2) / 2 * 2
    var walkers = try (0..<count).map { _ in try start(&stream) }
    var series = (0..<count).map { _ in Series(chain: chain) }
    let dimension = Double(free.count)
    for step in 0..<(settings.warmUp + settings.steps) {
      // Each half moves along lines through points of the other.
      for half in 0..<2 {
        for k in stride(from: half, to: count, by: 2) {
          let other = 2 * stream.integer(below: count / 2) + (1 - half)
          // z from g(z) ∝ 1/√z on [1/2, 2].
          let u = stream.uniform()
          let z = 0.5 * (1 + u) * (1 + u)
          var theta = walkers[k].theta
          for p in free {
            theta[p] = walkers[other].theta[p] + z * (theta[p] - walkers[other].theta[p])
          }
          let value = try target(theta, gradient: false).value
          let logRatio = (dimension - 1) * logarithm(z) + value - walkers[k].value
          let isAccepted = logarithm(1 - stream.uniform()) < logRatio
          if isAccepted { walkers[k] = (theta, value) }
          if step >= settings.warmUp {
            series[k].tried += 1
            if isAccepted { series[k].accepted += 1 }
          }
        }
      }
      if step >= settings.warmUp {
        for k in 0..<count { series[k].append(walkers[k].theta, walkers[k].value) }
      }
      progress(chain, step)
    }
    return series
  }

  private func progress(_ chain: Int, _ step: Int) {
    let all = settings.warmUp + settings.steps
    journal?.progress("steps of the chains", chain * all + step + 1, of: settings.chains * all)
  }

  // MARK: Hamiltonian Monte Carlo

  private struct State {
    var theta: [Double]
    var value: Double
    var gradient: [Double]
  }

  private func hamiltonian(_ stream: inout PhiloxStream, _ chain: Int) throws -> Series {
    let begin = try start(&stream)
    let first = try target(begin.theta, gradient: true)
    var state = State(theta: begin.theta, value: first.value, gradient: first.gradient)
    var scales = free.map { p -> Double in
      let width = prior.support[p].upperBound - prior.support[p].lowerBound
      return width.isFinite ? 0.1 * width : 1
    }
    var series = Series(chain: chain)
    var adaptation = DualAveraging(step: 0.5)
    var moments = ColumnMoments(columns: free.count)
    // The step, then the mass from the points of the second third, then the step again.
    let (early, late) = (settings.warmUp / 3, 2 * settings.warmUp / 3)
    for step in 0..<(settings.warmUp + settings.steps) {
      let isWarm = step < settings.warmUp
      if step == late, moments.sumOfWeights > 10 {
        let spread = moments.standardDeviations
        for k in free.indices where spread[k] > 0 { scales[k] = spread[k] }
        adaptation = DualAveraging(step: adaptation.settled)
      }
      // Paths of one to two radians, so that no period of the motion is met again and again.
      let size = isWarm ? adaptation.step : adaptation.settled
      let length = (1 + stream.uniform()) / size
      let steps = min(max(1, Int(length.rounded())), 100)
      let probability = try move(&state, size, steps, scales, &stream)
      if isWarm {
        adaptation.update(probability.acceptance)
        if step >= early, step < late { moments.add(free.map { state.theta[$0] }) }
      } else {
        series.tried += 1
        if probability.isAccepted { series.accepted += 1 }
        series.append(state.theta, state.value)
      }
      progress(chain, step)
    }
    return series
  }

  /// One trajectory of leapfrog steps, accepted by its change of energy; box borders reflect.
  private func move(
    _ state: inout State, _ size: Double, _ steps: Int, _ scales: [Double],
    _ stream: inout PhiloxStream
  ) throws -> (acceptance: Double, isAccepted: Bool) {
    // Momenta in units where the mass matrix is one: positions move by `size * scale`.
    var momentum = free.map { _ in stream.normal() }
    let kinetic = { (p: [Double]) in 0.5 * p.reduce(0) { $0 + $1 * $1 } }
    let before = kinetic(momentum) - state.value
    var next = state
    let uniform = 1 - stream.uniform()
    for _ in 0..<steps {
      for k in free.indices { momentum[k] += 0.5 * size * scales[k] * next.gradient[k] }
      for (k, p) in free.enumerated() {
        next.theta[p] += size * scales[k] * momentum[k]
        reflect(&next.theta[p], &momentum[k], prior.support[p])
      }
      let here = try target(next.theta, gradient: true)
      guard here.value > -.infinity, here.gradient.allSatisfy(\.isFinite) else { return (0, false) }
      (next.value, next.gradient) = (here.value, here.gradient)
      for k in free.indices { momentum[k] += 0.5 * size * scales[k] * next.gradient[k] }
    }
    let acceptance = min(1, exponential(before - (kinetic(momentum) - next.value)))
    guard uniform < acceptance else { return (acceptance, false) }
    state = next
    return (acceptance, true)
  }

  private func reflect(
    _ x: inout Double, _ momentum: inout Double, _ range: ClosedRange<Double>
  ) {
    // A step across the whole box more than a few times is no motion any more; it is rejected later.
    for _ in 0..<10 {
      if x < range.lowerBound {
        x = 2 * range.lowerBound - x
      } else if x > range.upperBound {
        x = 2 * range.upperBound - x
      } else {
        return
      }
      momentum = -momentum
    }
  }
}

/// The step size that leads to an acceptance of 0.8 (Hoffman and Gelman 2014, algorithm 5).
private struct DualAveraging {
  private(set) var step: Double
  private let centre: Double
  private var count = 0.0
  private var error = 0.0
  private var logAverage = 0.0

  init(step: Double) {
    self.step = step
    centre = logarithm(10 * step)
  }

  mutating func update(_ acceptance: Double) {
    count += 1
    let weight = 1 / (count + 10)
    error = (1 - weight) * error + weight * (0.8 - acceptance)
    let logStep = min(centre - count.squareRoot() / 0.05 * error, logarithm(10))
    let power = exponential(-0.75 * logarithm(count))
    logAverage = power * logStep + (1 - power) * logAverage
    step = exponential(logStep)
  }

  /// The average of the steps so far.
  var settled: Double { count > 0 ? exponential(logAverage) : step }
}
