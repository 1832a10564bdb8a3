import Diagnostics

/// A theory parameter and where the generator's parameter card holds it.
public struct Parameter: Sendable, Equatable {
  public var name: String
  /// SLHA block and the id inside it; an empty block where no card holds the parameter.
  public var lhaBlock: String
  public var lhaID: Int
  /// The range that scales the parameter before the morphing matrix is inverted, and bounds the optimised basis.
  public var range: ClosedRange<Double>
  /// The largest power in the squared matrix element.
  public var maxPower: Int
  /// For axes and tables, e.g. `TeV^-2`.
  public var unit: String
  /// Expression in `theta` that gives the card's value; nil is the identity.
  public var transform: String?

  public init(
    name: String, lhaBlock: String, lhaID: Int, range: ClosedRange<Double>, maxPower: Int = 2,
    unit: String = "", transform: String? = nil
  ) {
    self.name = name
    self.lhaBlock = lhaBlock
    self.lhaID = lhaID
    self.range = range
    self.maxPower = maxPower
    self.unit = unit
    self.transform = transform
  }
}

/// A named point of parameter space at which every event carries a weight.
public struct Benchmark: Sendable, Equatable {
  public var name: String
  /// One value per parameter, in parameter order. Empty for nuisance benchmarks.
  public var values: [Double]
  public init(name: String, values: [Double]) {
    self.name = name
    self.values = values
  }
}

/// A nuisance parameter and the weight columns at ν = +1 and (optionally) ν = −1, relative to the reference benchmark.
public struct NuisanceParameter: Sendable, Equatable {
  public var name: String
  public var systematic: String
  public var benchmarkPositive: String?
  public var benchmarkNegative: String?
  public init(
    name: String, systematic: String, benchmarkPositive: String?, benchmarkNegative: String?
  ) {
    self.name = name
    self.systematic = systematic
    self.benchmarkPositive = benchmarkPositive
    self.benchmarkNegative = benchmarkNegative
  }
}

/// What happens to an event for which an observable is undefined.
public enum OnUndefined: Sendable, Equatable {
  /// The event is not kept.
  case reject
  /// The observable gets this value (NaN included).
  case value(Double)
  /// The run stops with the event's number.
  case error
}

/// A column computed from the particles of an event.
public struct Observable: Sendable, Equatable {
  public var name: String
  /// Expression text (observables(7)); nil where another program made the column.
  public var expression: String?
  public var onUndefined: OnUndefined
  public var unit: String
  public init(
    name: String, expression: String?, onUndefined: OnUndefined = .value(.nan), unit: String = ""
  ) {
    self.name = name
    self.expression = expression
    self.onUndefined = onUndefined
    self.unit = unit
  }
}

/// Everything that is said about an analysis before events are read: the content of a `setup` file.
public struct Setup: Sendable, Equatable {
  /// The analysis's name; the default process of its samples.
  public var name: String
  public var parameters: [Parameter]
  /// Physics benchmarks; nuisance benchmarks are in `nuisanceBenchmarks`.
  public var benchmarks: [Benchmark]
  public var morphing: MorphingSetup?
  /// Scores where there is no morphing basis.
  public var finiteDifferences: FiniteDifferences?
  public var observables: [Observable]
  /// Cut expressions; an event is kept if all are true.
  public var cuts: [String]
  /// Efficiency expressions; their product multiplies every weight.
  public var efficiencies: [String]
  /// What a detector makes of the particles before observables are computed.
  public var smearing = Smearing()
  public var tags: [Tagging] = []
  /// Declared sources of uncertainty; reading events makes `nuisanceParameters` of them.
  public var systematics: [Systematic]
  /// Event files that the analysis names, for lhe-read.
  public var samples: [SetupSample] = []
  public var nuisanceParameters: [NuisanceParameter]
  /// Names of weight columns that are not physics benchmarks, after `benchmarks` in the weight columns.
  public var nuisanceBenchmarks: [String]
  /// Index of the benchmark that nuisance weights refer to.
  public var referenceBenchmark: Int

  public init(
    name: String = "analysis", parameters: [Parameter] = [], benchmarks: [Benchmark] = [],
    morphing: MorphingSetup? = nil, observables: [Observable] = [], cuts: [String] = [],
    efficiencies: [String] = [], systematics: [Systematic] = [],
    nuisanceParameters: [NuisanceParameter] = [], nuisanceBenchmarks: [String] = [],
    referenceBenchmark: Int = 0
  ) {
    self.name = name
    self.parameters = parameters
    self.benchmarks = benchmarks
    self.morphing = morphing
    self.observables = observables
    self.cuts = cuts
    self.efficiencies = efficiencies
    self.systematics = systematics
    self.nuisanceParameters = nuisanceParameters
    self.nuisanceBenchmarks = nuisanceBenchmarks
    self.referenceBenchmark = referenceBenchmark
  }

  public var parameterNames: [String] { parameters.map(\.name) }
  /// All weight columns: physics benchmarks, then nuisance benchmarks.
  public var weightNames: [String] { benchmarks.map(\.name) + nuisanceBenchmarks }
  public func benchmarkIndex(_ name: String) -> Int? { benchmarks.firstIndex { $0.name == name } }

  /// The morphing setup, or the problem that there is none.
  public func requireMorphing() throws -> MorphingSetup {
    guard let morphing else {
      throw Problem(
        .data, "the setup has no morphing basis",
        remedy: "make one with 'morph setup'")
    }
    return morphing
  }
}

/// The polynomial dependence of event weights on the parameters.
///
/// dσ_e(θ) = Σ_b w_b(θ) W_eb with w_b(θ) = Σ_c M_cb Π_p θ_p^k_cp (spec: morphing, arXiv:1907.10621 eq. 9).
public struct MorphingSetup: Sendable, Equatable {
  /// Exponents, one list per component, one entry per parameter.
  public var components: [[Int]]
  /// M, row-major [component][benchmark], over the first `benchmarkCount` physics benchmarks.
  public var matrix: [Double]
  public var benchmarkCount: Int

  public init(components: [[Int]], matrix: [Double], benchmarkCount: Int) {
    self.components = components
    self.matrix = matrix
    self.benchmarkCount = benchmarkCount
  }

  public var parameterCount: Int { components.first?.count ?? 0 }

  /// The monomials Π_p θ_p^k_cp, with 0⁰ = 1.
  public func monomials(at theta: [Double]) -> [Double] {
    components.map { powers in
      var product = 1.0
      for (p, k) in powers.enumerated() { for _ in 0..<k { product *= theta[p] } }
      return product
    }
  }

  /// w_b(θ), one per basis benchmark.
  public func weights(at theta: [Double]) -> [Double] { apply(monomials(at: theta)) }

  /// ∂w_b/∂θ_p, indexed [parameter][benchmark].
  public func weightGradients(at theta: [Double]) -> [[Double]] {
    (0..<parameterCount).map { p in
      apply(
        components.map { powers in
          guard powers[p] > 0 else { return 0 }
          var product = Double(powers[p])
          for (q, k) in powers.enumerated() {
            for _ in 0..<(q == p ? k - 1 : k) { product *= theta[q] }
          }
          return product
        })
    }
  }

  private func apply(_ values: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: benchmarkCount)
    for (c, value) in values.enumerated() where value != 0 {
      for b in 0..<benchmarkCount { result[b] += value * matrix[c * benchmarkCount + b] }
    }
    return result
  }
}
