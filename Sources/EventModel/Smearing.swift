/// What a detector makes of the particles of an event: the section `smearing` of analysis.yaml.
///
/// Widths are texts of the language of observables(7), in which the attributes of the true particle (`e`, `pt`, `eta` …)
/// stand for themselves.
public struct Smearing: Sendable, Equatable {
  /// How a particle's energy or transverse momentum is found.
  public enum Resolution: Sendable, Equatable {
    /// As in the file.
    case exact
    /// Drawn from a Gaussian of this width in GeV, cut off at the smallest physical value.
    case width(String)
    /// From the other one, the pseudorapidity and the mass in the file.
    case fromMass
  }

  /// The resolution of some kinds of particles.
  public struct Rule: Sendable, Equatable {
    public var particles: ParticleClass
    public var energy: Resolution
    public var pt: Resolution
    /// Widths of the angles; nil is exact.
    public var eta: String?
    public var phi: String?

    public init(
      particles: ParticleClass, energy: Resolution = .exact, pt: Resolution = .exact,
      eta: String? = nil, phi: String? = nil
    ) {
      self.particles = particles
      self.energy = energy
      self.pt = pt
      self.eta = eta
      self.phi = phi
    }
  }

  /// The last rule that fits a particle holds for it; a particle without one is left as it is.
  public var rules: [Rule]
  /// Width in GeV of the noise on each transverse component of the missing momentum, in terms of `ht` and `met`.
  public var missing: String?

  public init(rules: [Rule] = [], missing: String? = nil) {
    self.rules = rules
    self.missing = missing
  }

  public var isEmpty: Bool { rules.isEmpty && missing == nil }
}

/// A tag drawn for every particle: the section `tags` of analysis.yaml.
public struct Tagging: Sendable, Equatable {
  /// The attributes that can be drawn; without a rule they tell the true flavour.
  public static let names = ["b_tag", "c_tag", "t_tag", "tau_tag"]

  /// The probability of the tag for some kinds of particles, an expression as in `Smearing`, of the smeared particle.
  public struct Rate: Sendable, Equatable {
    public var particles: ParticleClass
    public var probability: String
    public init(particles: ParticleClass, probability: String) {
      self.particles = particles
      self.probability = probability
    }
  }

  /// One of `names`.
  public var name: String
  /// The last rate that fits a particle holds for it; a particle without one is never tagged.
  public var rates: [Rate]

  public init(name: String, rates: [Rate]) {
    self.name = name
    self.rates = rates
  }
}

/// Particles of one kind: a name of observables(7), or numbers of the Particle Data Group.
public struct ParticleClass: Sendable, Equatable {
  /// Names of kinds; `light` are jets that are neither b, c nor t, `p` is every particle.
  public static let names = ["e", "mu", "tau", "l", "a", "j", "b", "c", "t", "light", "v", "p"]

  /// As the user wrote it.
  public let text: String
  /// |PDG numbers|, each standing for particle and antiparticle; empty for the name of a kind.
  public let numbers: [Int32]

  /// Nil for what is neither a kind nor numbers with commas between them.
  public init?(_ text: String) {
    self.text = text
    if Self.names.contains(text) {
      numbers = []
      return
    }
    var numbers: [Int32] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let digits = part.drop { $0 == " " }
      guard let number = Int32(digits), number != 0, number != .min else { return nil }
      numbers.append(abs(number))
    }
    self.numbers = numbers
  }
}
