import EventModel

/// What a Particle Data Group number says about a particle (PDG, Monte Carlo particle numbering scheme).
public struct ParticleIdentity: Sendable {
  public let pdgID: Int32
  /// |id|
  let magnitude: Int32

  public init(_ pdgID: Int32) {
    self.pdgID = pdgID
    self.magnitude = pdgID == .min ? .max : abs(pdgID)
  }

  public var isNeutrino: Bool {
    magnitude == 12 || magnitude == 14 || magnitude == 16 || magnitude == 18
  }

  /// Partons count as jets: quarks (tops too), gluons and the 9 of detector simulations.
  public var isJet: Bool { (1...6).contains(magnitude) || magnitude == 9 || magnitude == 21 }

  /// Electric charge in units of e; 0 for numbers that say nothing.
  public var charge: Double {
    let third = Double(magnitudeChargeInThirds) / 3
    return pdgID < 0 ? (third == 0 ? 0 : -third) : third
  }

  /// Seen in a detector: the standard model's particles but neutrinos, hadrons and nuclei, and whatever is charged.
  /// Neutral particles beyond the standard model (dark matter, neutralinos) are missing momentum.
  public var isVisible: Bool {
    if isNeutrino { return false }
    if magnitude <= 25 || isHadron || isNucleus { return true }
    return magnitudeChargeInThirds != 0
  }

  /// A number of the meson and baryon scheme nnr nL nq1 nq2 nq3 nJ.
  private var isHadron: Bool {
    if magnitude == 130 || magnitude == 310 { return true }
    let ordinary = (100..<1_000_000).contains(magnitude)
    // Numbers 9 000 000 and up: resonances outside the quark model.
    let extra = (9_000_000..<9_900_000).contains(magnitude)
    return (ordinary || extra) && digit(1) != 0 && digit(2) != 0
  }

  /// 10LZZZAAAI
  private var isNucleus: Bool { (1_000_000_000..<1_100_000_000).contains(magnitude) }

  /// Decimal digit n (0 is the last) of |id|.
  private func digit(_ n: Int) -> Int32 {
    var value = magnitude
    for _ in 0..<n { value /= 10 }
    return value % 10
  }

  /// Three times the charge of the positive number.
  private var magnitudeChargeInThirds: Int32 {
    if isNucleus { return 3 * (magnitude / 10_000 % 1000) }
    // Superpartners, excited and technicolour states carry the charge of the particle in their last two digits.
    let fundamental = magnitude < 100 ? magnitude : magnitude % 10_000 < 100 ? magnitude % 100 : 0
    if fundamental > 0 { return Self.fundamentalCharge(fundamental) }
    guard isHadron else { return 0 }
    let (q1, q2, q3) = (digit(3), digit(2), digit(1))
    let charges = [0, -1, 2, -1, 2, -1, 2, -1, 2, 0] as [Int32]
    let (c1, c2, c3) = (charges[Int(q1)], charges[Int(q2)], charges[Int(q3)])
    if q1 != 0 { return c1 + c2 + c3 }
    // A meson is q2 q̄3 with the heavier quark first; an up-type first quark is the particle, a down-type the antiparticle.
    return c2 == 2 ? c2 - c3 : c3 - c2
  }

  private static func fundamentalCharge(_ id: Int32) -> Int32 {
    switch id {
    case 1, 3, 5, 7: -1
    case 2, 4, 6, 8: 2
    case 11, 13, 15, 17: -3
    case 24, 34, 37, 38: 3
    default: 0
    }
  }
}

extension Particle {
  public var identity: ParticleIdentity { ParticleIdentity(pdgID) }
}
