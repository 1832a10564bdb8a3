import EventModel

extension ParticleEvent {
  /// A hash of the particles' PDG numbers and momenta, line by line: the same event has it in every file, part, order and
  /// container, and with whatever weights. The sign of a zero does not count.
  ///
  /// Products of 64 bits with 64, folded to 64, then the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
  var contentKey: UInt64 {
    var hash = UInt64(truncatingIfNeeded: particles.count) &* 0x9E37_79B9_7F4A_7C15
    for particle in particles {
      let p = particle.momentum
      let id = UInt64(UInt32(bitPattern: particle.pdgID)) &* 0xC2B2_AE3D_27D4_EB4F
      let transverse = Self.folded(
        Self.bits(p.px) ^ 0xA076_1D64_78BD_642F, Self.bits(p.py) ^ 0xE703_7ED1_A0B4_28DB)
      let rest = Self.folded(
        Self.bits(p.pz) ^ 0x8EBC_6AF0_9C88_C6E3, Self.bits(p.e) ^ id ^ 0x5899_65CC_7537_4CC3)
      hash = (hash ^ transverse ^ (rest &<< 32 | rest &>> 32)) &* 0x9E37_79B1_85EB_CA87
      hash ^= hash &>> 29
    }
    hash = (hash ^ (hash &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash &>> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash &>> 31)
  }

  @inline(__always)
  private static func bits(_ x: Double) -> UInt64 { (x + 0).bitPattern }

  @inline(__always)
  private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
