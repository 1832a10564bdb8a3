/// A four-momentum (px, py, pz, E) in GeV. The kinematics are in the room Observables.
public struct FourVector: Sendable, Equatable {
  public var px: Double
  public var py: Double
  public var pz: Double
  public var e: Double

  @inlinable
  public init(px: Double = 0, py: Double = 0, pz: Double = 0, e: Double = 0) {
    self.px = px
    self.py = py
    self.pz = pz
    self.e = e
  }
}

/// One line of a Les Houches event record (arXiv:hep-ph/0109068).
public struct Particle: Sendable, Equatable {
  public var momentum: FourVector
  /// The file's mass column in GeV, which on-shell generators keep exactly; not recomputed from the momentum.
  public var mass: Double
  /// Invariant lifetime cτ in mm (VTIMUP).
  public var lifetime: Double
  /// Cosine of the angle between spin and momentum of the mother (SPINUP); 9 is unknown.
  public var spin: Double
  /// Particle Data Group number (IDUP).
  public var pdgID: Int32
  /// ISTUP: 1 final state, −1 incoming, 2 intermediate.
  public var status: Int32
  /// One-based positions of the first and last mother; 0 is none.
  public var mothers: (Int32, Int32)
  public var colours: (Int32, Int32)

  @inlinable
  public init(
    pdgID: Int32, status: Int32, momentum: FourVector, mass: Double,
    mothers: (Int32, Int32) = (0, 0),
    colours: (Int32, Int32) = (0, 0), lifetime: Double = 0, spin: Double = 9
  ) {
    self.momentum = momentum
    self.mass = mass
    self.lifetime = lifetime
    self.spin = spin
    self.pdgID = pdgID
    self.status = status
    self.mothers = mothers
    self.colours = colours
  }

  public static func == (a: Particle, b: Particle) -> Bool {
    a.momentum == b.momentum && a.mass == b.mass && a.lifetime == b.lifetime && a.spin == b.spin
      && a.pdgID == b.pdgID && a.status == b.status && a.mothers == b.mothers
      && a.colours == b.colours
  }
}

/// The particles and head line of one event, in storage that the next event uses again.
///
/// LesHouches fills it, Observables reads it.
public struct ParticleEvent: Sendable, Equatable {
  /// In file order.
  public var particles: [Particle] = []
  /// SCALUP in GeV.
  public var scale = 0.0
  /// AQEDUP and AQCDUP, the couplings.
  public var alphaQED = 0.0
  public var alphaQCD = 0.0
  /// IDPRUP.
  public var processID = 0
  /// XWGTUP as the file has it, before any normalisation.
  public var weight = 0.0

  public init() {}

  /// Empties the event for the next one.
  @inlinable
  public mutating func removeAll(keepingCapacity: Bool = true) {
    particles.removeAll(keepingCapacity: keepingCapacity)
    scale = 0
    alphaQED = 0
    alphaQCD = 0
    processID = 0
    weight = 0
  }
}
