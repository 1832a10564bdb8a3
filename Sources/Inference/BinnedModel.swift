import Diagnostics
import EventModel
import Glibc

/// σ_c(θ, μ, ν) of every bin c with its gradient, from a table of bins: what information and likelihoods of histograms are
/// made of.
///
/// Σ_g μ_g σ_gc(θ) exp Σ_k (a_kν_k + b_kν_k²) over groups g of processes: those with a free normalisation μ_g each on its
/// own, the others together with μ = 1. The response of a bin to nuisance parameter k is exact at ν_k = 0, ±1 for every θ:
/// a = ½ ln(σ₊/σ₋), b = ½ ln(σ₊σ₋/σ²) with σ_±(θ) the bin's cross section at ν_k = ±1. (MadMiner takes a and b from the
/// reference benchmark for every θ; `response` does so.)
public struct BinnedModel: Sendable {
  public let table: BinTable
  public let morphing: MorphingSetup
  /// Processes whose normalisation is a parameter.
  public let freeNorms: [String]
  let groups: [BinTable]
  let response: [Double]?

  /// The parameters: θ, then a normalisation (nominal 1) of each process in `freeNorms`, then the nuisance parameters
  /// (nominal 0).
  public var thetaCount: Int { morphing.parameterCount }
  public var normCount: Int { freeNorms.count }
  public var nuisanceCount: Int { table.nuisanceCount }
  public var parameterCount: Int { thetaCount + normCount + nuisanceCount }
  public var binCount: Int { table.binCount }

  /// All processes with their own normalisation.
  public init(_ table: BinTable, morphing: MorphingSetup) {
    self.table = table
    self.morphing = morphing
    freeNorms = []
    groups = [table]
    response = nil
  }

  /// - Parameters:
  ///   - freeNorms: names of processes; `signal` and `background` stand for all of that role.
  ///   - response: the point whose response to nuisance parameters is taken for every θ; nil is θ itself.
  /// - Throws: `.usage` for a process that is not there, or one that is named twice.
  public init(
    _ table: BinTable, morphing: MorphingSetup, freeNorms: [String], response: [Double]? = nil
  ) throws {
    self.table = table
    self.morphing = morphing
    self.freeNorms = freeNorms
    self.response = response
    guard !freeNorms.isEmpty else {
      groups = [table]
      return
    }
    var rest = table.processes
    var groups: [BinTable] = []
    for name in freeNorms {
      let isMeant = { (process: BinTable.Process) in
        Self.isNamed(name, process.name, isBackground: process.isBackground)
      }
      let members = rest.filter(isMeant)
      guard !members.isEmpty else {
        throw Self.unknownProcess(name, among: table.processes.map(\.name))
      }
      groups.append(BinTable(processes: members))
      rest.removeAll(where: isMeant)
    }
    self.groups = groups + (rest.isEmpty ? [] : [BinTable(processes: rest)])
  }

  /// Whether a name of `--free-norm` means a process.
  static func isNamed(_ name: String, _ process: String, isBackground: Bool) -> Bool {
    name == process || name == (isBackground ? "background" : "signal")
  }

  static func unknownProcess(_ name: String, among processes: [String]) -> Problem {
    Problem(
      .usage, "there is no process '\(name)' whose normalisation could be free",
      remedy: "there are " + processes.joined(separator: ", "))
  }

  /// The bins of all groups with these normalisations, one for each free one: what a single group of the same content is.
  func table(norms: [Double]) -> BinTable {
    precondition(norms.count == normCount)
    guard normCount > 0 else { return table }
    var sum: BinTable?
    for (g, group) in groups.enumerated() {
      let own = group.scaled(by: g < normCount ? norms[g] : 1)
      if sum?.add(own) == nil { sum = own }
    }
    return sum ?? table
  }

  /// The nominal point at θ: μ = 1, ν = 0.
  public func nominal(_ theta: [Double]) -> [Double] {
    theta + [Double](repeating: 1, count: normCount)
      + [Double](repeating: 0, count: nuisanceCount)
  }

  /// Names of all parameters; normalisations are `mu_PROCESS`.
  public func parameterNames(_ setup: Setup) -> [String] {
    setup.parameterNames + freeNorms.map { "mu_" + $0 } + table.nuisances.map(\.name)
  }

  /// σ_c [pb], one for each bin, and ∂σ_c row-major [bin][parameter] (empty where not asked for).
  ///
  /// - Parameter point: values of all parameters.
  public func evaluate(
    at point: [Double], gradient: Bool = true
  ) -> (values: [Double], gradients: [Double]) {
    precondition(point.count == parameterCount)
    let theta = Array(point[..<thetaCount])
    if nuisanceCount == 0 { return evaluateWithoutNuisances(point, theta, gradient: gradient) }
    let morphed = MorphedPoint(theta, morphing: morphing)
    let reference = response.map { MorphedPoint($0, morphing: morphing) }
    let n = parameterCount
    var values = [Double](repeating: 0, count: binCount)
    var gradients = [Double](repeating: 0, count: gradient ? binCount * n : 0)
    // One response for all bins: fits ask for them many thousand times, and arrays of their own would take half of that.
    var cell = NuisanceResponse(
      thetaCount: thetaCount, nu: Array(point[(thetaCount + normCount)...]), gradient: gradient,
      moves: reference == nil)
    for (g, group) in groups.enumerated() {
      let mu = g < normCount ? point[thetaCount + g] : 1
      group.sums.withUnsafeBufferPointer { sums in
        guard let start = sums.baseAddress else { return }
        for bin in 0..<binCount where group.counts[bin] > 0 {
          let own = start + bin * group.benchmarkCount
          let sigma = morphed.value(own)
          cell.set(group, bin: bin, at: reference ?? morphed)
          let factor = cell.factor
          values[bin] += mu * sigma * factor
          guard gradient else { continue }
          let row = bin * n
          for i in 0..<thetaCount {
            gradients[row + i] +=
              mu * factor * (morphed.gradient(own, i) + sigma * cell.exponentGradient[i])
          }
          if g < normCount { gradients[row + thetaCount + g] += sigma * factor }
          for k in 0..<nuisanceCount {
            gradients[row + thetaCount + normCount + k] += mu * sigma * factor * cell.slopes[k]
          }
        }
      }
    }
    return (values, gradients)
  }

  /// What scans and fits without nuisance parameters ask for many thousand times: no response of bins to them, and no memory
  /// for each bin.
  private func evaluateWithoutNuisances(
    _ point: [Double], _ theta: [Double], gradient: Bool
  ) -> (values: [Double], gradients: [Double]) {
    let weights = morphing.weights(at: theta)
    let slopes = gradient ? morphing.weightGradients(at: theta) : []
    let n = parameterCount
    var values = [Double](repeating: 0, count: binCount)
    var gradients = [Double](repeating: 0, count: gradient ? binCount * n : 0)
    for (g, group) in groups.enumerated() {
      let mu = g < normCount ? point[thetaCount + g] : 1
      group.sums.withUnsafeBufferPointer { sums in
        for bin in 0..<binCount where group.counts[bin] > 0 {
          func sum(_ weights: [Double]) -> Double {
            var sum = 0.0
            for b in weights.indices { sum += weights[b] * sums[bin * weights.count + b] }
            return sum
          }
          let sigma = sum(weights)
          values[bin] += mu * sigma
          guard gradient else { continue }
          for i in 0..<thetaCount { gradients[bin * n + i] += mu * sum(slopes[i]) }
          if g < normCount { gradients[bin * n + thetaCount + g] += sigma }
        }
      }
    }
    return (values, gradients)
  }

  /// Σ_e dσ_e² of every bin [pb²], the square of its error from the finite number of events: at ν through the bin's factor.
  public func squaredErrors(at point: [Double]) -> [Double] {
    let theta = Array(point[..<thetaCount])
    let nu = Array(point[(thetaCount + normCount)...])
    let morphed = MorphedPoint(theta, morphing: morphing)
    var result = [Double](repeating: 0, count: binCount)
    for (g, group) in groups.enumerated() {
      let mu = g < normCount ? point[thetaCount + g] : 1
      for bin in 0..<binCount where group.counts[bin] > 0 {
        let cell = NuisanceResponse(
          group, bin: bin, at: morphed, nu: nu, gradient: false, moves: false)
        let factor = mu * cell.factor
        result[bin] += factor * factor * morphed.squaredError(group, bin: bin)
      }
    }
    return result
  }
}

/// The response of one bin to the nuisance parameters: exp Σ_k (a_kν_k + b_kν_k²).
///
/// As for events (`NuisanceFactors`), what is not a number or infinite is 0, and a and b stay within ±10.
struct NuisanceResponse {
  private(set) var factor = 1.0
  /// ∂ ln factor/∂ν_k = a_k + 2b_kν_k; empty without gradient.
  private(set) var slopes: [Double]
  /// ∂ ln factor/∂θ_i.
  private(set) var exponentGradient: [Double]
  private let nu: [Double]
  private let hasGradient: Bool
  private let isMoving: Bool

  /// A place for the response of one bin after the other.
  /// - Parameter moves: whether a and b change with θ.
  init(thetaCount: Int, nu: [Double], gradient: Bool, moves: Bool) {
    self.nu = nu
    hasGradient = gradient
    isMoving = gradient && moves
    slopes = [Double](repeating: 0, count: gradient ? nu.count : 0)
    exponentGradient = [Double](repeating: 0, count: thetaCount)
  }

  /// The response of a single bin.
  init(
    _ table: BinTable, bin: Int, at point: MorphedPoint, nu: [Double], gradient: Bool, moves: Bool
  ) {
    self.init(
      thetaCount: point.parameterCount, nu: table.nuisanceCount > 0 ? nu : [], gradient: gradient,
      moves: moves)
    set(table, bin: bin, at: point)
  }

  /// Becomes the response of a bin.
  mutating func set(_ table: BinTable, bin: Int, at point: MorphedPoint) {
    for i in exponentGradient.indices { exponentGradient[i] = 0 }
    factor = 1
    guard table.nuisanceCount > 0 else { return }
    let b = table.benchmarkCount
    var exponent = 0.0
    table.sums.withUnsafeBufferPointer { sums in
      table.up.withUnsafeBufferPointer { up in
        table.down.withUnsafeBufferPointer { down in
          guard let sums = sums.baseAddress, let up = up.baseAddress, let down = down.baseAddress
          else { return }
          let own = sums + bin * b
          let sigma = point.value(own)
          for k in nu.indices {
            guard hasGradient || nu[k] != 0 else { continue }
            let start = (bin * table.nuisanceCount + k) * b
            let (above, below) = (point.value(up + start), point.value(down + start))
            let (a, aIsFree) = Self.tamed(0.5 * log(above / below))
            let (c, cIsFree) = Self.tamed(0.5 * log(above / sigma * (below / sigma)))
            exponent += (a + c * nu[k]) * nu[k]
            if hasGradient { slopes[k] = a + 2 * c * nu[k] }
            guard isMoving, nu[k] != 0 else { continue }
            for i in exponentGradient.indices {
              let u = point.gradient(up + start, i) / above
              let v = point.gradient(down + start, i) / below
              if aIsFree { exponentGradient[i] += nu[k] * 0.5 * (u - v) }
              if cIsFree {
                exponentGradient[i] +=
                  nu[k] * nu[k] * (0.5 * (u + v) - point.gradient(own, i) / sigma)
              }
            }
          }
        }
      }
    }
    factor = exp(exponent)
  }

  /// The cross section of a bin with nuisance parameter k at +1 and −1, where its coefficient a is within its limits.
  func shifted(
    _ table: BinTable, bin: Int, _ k: Int, at point: MorphedPoint
  ) -> (above: Double, below: Double)? {
    let start = (bin * table.nuisanceCount + k) * table.benchmarkCount
    let (above, below) = table.up.withUnsafeBufferPointer { up in
      table.down.withUnsafeBufferPointer { down in
        guard let up = up.baseAddress, let down = down.baseAddress else { return (0.0, 0.0) }
        return (point.value(up + start), point.value(down + start))
      }
    }
    return Self.tamed(0.5 * log(above / below)).isFree ? (above, below) : nil
  }

  private static func tamed(_ x: Double) -> (value: Double, isFree: Bool) {
    guard x.isFinite else { return (0, false) }
    return (min(10, max(-10, x)), abs(x) < 10)
  }
}
