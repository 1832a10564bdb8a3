import Diagnostics

/// A source of systematic uncertainty, as the analysis declares it. Reading events turns it into nuisance parameters.
public struct Systematic: Sendable, Equatable {
  public enum Effect: Sendable, Equatable {
    case norm(NormVariation)
    case scale(ScaleVariation)
    case pdf(PDFVariation)
  }
  public var name: String
  public var effect: Effect
  /// Processes it acts on; the words `signal` and `background` stand for all samples of that role. Empty is everything.
  public var appliesTo: [String]

  public init(name: String, effect: Effect, appliesTo: [String] = []) {
    self.name = name
    self.effect = effect
    self.appliesTo = appliesTo
  }

  public func applies(to process: String, isBackground: Bool) -> Bool {
    appliesTo.isEmpty || appliesTo.contains(process)
      || appliesTo.contains(isBackground ? "background" : "signal")
  }

  /// `scales_nuisance_param_0`, as MadMiner names it.
  public func parameterName(_ index: Int) -> String { "\(name)_nuisance_param_\(index)" }

  /// The nuisance parameter with this index and the names of its columns.
  public func parameter(_ index: Int, hasNegative: Bool) -> NuisanceParameter {
    let parameter = parameterName(index)
    return NuisanceParameter(
      name: parameter, systematic: name, benchmarkPositive: parameter + "_benchmark_0",
      benchmarkNegative: hasNegative ? parameter + "_benchmark_1" : nil)
  }
}

/// An uncertainty of a rate: σ·up^ν, or where `down` is given the exponent quadratic in ν that is exact at ν = 0, ±1.
public struct NormVariation: Sendable, Equatable {
  public var up: Double
  public var down: Double?
  public init(up: Double, down: Double? = nil) {
    self.up = up
    self.down = down
  }
}

/// A variation of the renormalisation and factorisation scales.
public struct ScaleVariation: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Both scales together, or one of them.
    case mu, mur, muf
    /// The variations that raise and lower the cross section most: of 7 points (without the two where the scales move
    /// apart by a factor of four) or of 9.
    case sevenPoint = "7-point"
    case ninePoint = "9-point"

    public var isEnvelope: Bool { self == .sevenPoint || self == .ninePoint }
  }
  public var kind: Kind
  /// The last factor is ν = +1, the first (if there are two or more) ν = −1.
  public var factors: [Double]
  /// Takes the weights of this dynamical scale choice; nil those of the scale that the events were generated with.
  public var dynamicScale: Int?

  public init(kind: Kind, factors: [Double] = [0.5, 2], dynamicScale: Int? = nil) {
    self.kind = kind
    self.factors = factors
    self.dynamicScale = dynamicScale
  }
}

/// An uncertainty of parton densities from the members of a set.
public struct PDFVariation: Sendable, Equatable {
  /// How the members of a set are combined (arXiv:1510.03865, section 2).
  public enum Combination: String, Sendable, CaseIterable {
    /// Decided by the name of the set, or else by what the file says about the group.
    case auto
    /// Members (2k−1, 2k) are ν_k = +1 and −1.
    case asymmetricHessian = "asymmetric-hessian"
    /// Member k is ν_k = +1.
    case symmetricHessian = "symmetric-hessian"
    /// A Monte Carlo sample: principal components of the deviations.
    case replicas
    /// The members that raise and lower the cross section most are ν = ±1; for members of different sets.
    case envelope
  }
  /// LHAPDF name; nil is the set that the events were generated with, or that of `ids`.
  public var set: String?
  /// LHAPDF ids of the members, the central one first; none where `set` decides.
  public var ids: [Int]
  public var combination: Combination
  /// Of the set's members, per cent; nil is decided by the set.
  public var confidenceLevel: Double?
  /// Principal components kept of replicas, at most.
  public var components: Int?
  /// The share of the replicas' variance that the components must hold.
  public var fraction: Double

  public static let defaultFraction = 0.99

  public init(
    set: String? = nil, ids: [Int] = [], combination: Combination = .auto,
    confidenceLevel: Double? = nil, components: Int? = nil,
    fraction: Double = PDFVariation.defaultFraction
  ) {
    self.set = set
    self.ids = ids
    self.combination = combination
    self.confidenceLevel = confidenceLevel
    self.components = components
    self.fraction = fraction
  }
}
