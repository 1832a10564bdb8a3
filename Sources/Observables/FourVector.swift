import EventModel
import Glibc

// Kinematics of a four-momentum; p⃗ = (px, py, pz), metric (+ − − −), energies in GeV, angles in radian.
// A quantity that has no value (the polar angle of a null vector) is NaN, which expressions call undefined.

extension FourVector {
  public var pt2: Double { px * px + py * py }
  /// √(px² + py²)
  public var pt: Double { pt2.squareRoot() }
  public var p2: Double { pt2 + pz * pz }
  /// |p⃗|
  public var p: Double { p2.squareRoot() }

  /// Azimuth in (−π, π]; 0 for pT = 0.
  public var phi: Double { wrappedAngle(atan2(py, px)) }
  /// Polar angle in [0, π].
  public var theta: Double { atan2(pt, pz) }
  public var costheta: Double { pz / p }
  public var cottheta: Double { pz / pt }
  /// Pseudorapidity −ln tan(θ/2); ±∞ along the beam, 0 for the null vector.
  public var eta: Double {
    let transverse = pt
    if transverse == 0 { return pz == 0 ? 0 : (pz > 0 ? .infinity : -.infinity) }
    return asinh(pz / transverse)
  }
  /// ½ ln((E + pz)/(E − pz)); ±∞ for a massless particle along the beam.
  public var rapidity: Double { 0.5 * log((e + pz) / (e - pz)) }

  /// E² − p⃗²
  public var m2: Double {
    let magnitude = p
    return (e - magnitude) * (e + magnitude)
  }
  /// Mass with the sign of E² − p⃗²: negative for a spacelike vector.
  public var m: Double { signedRoot(m2) }
  /// √(E² − pz²), with the sign of the radicand.
  public var mt: Double { signedRoot((e - pz) * (e + pz)) }
  /// E·pT/|p⃗|
  public var et: Double { e * pt / p }
  public var beta: Double { p / e }
  public var gamma: Double { e / m }
}

extension FourVector {
  @inlinable
  public static func + (a: FourVector, b: FourVector) -> FourVector {
    FourVector(px: a.px + b.px, py: a.py + b.py, pz: a.pz + b.pz, e: a.e + b.e)
  }
  @inlinable
  public static func - (a: FourVector, b: FourVector) -> FourVector {
    FourVector(px: a.px - b.px, py: a.py - b.py, pz: a.pz - b.pz, e: a.e - b.e)
  }
  @inlinable
  public static func * (a: FourVector, f: Double) -> FourVector {
    FourVector(px: a.px * f, py: a.py * f, pz: a.pz * f, e: a.e * f)
  }

  static let undefined = FourVector(px: .nan, py: .nan, pz: .nan, e: .nan)

  /// E₁E₂ − p⃗₁·p⃗₂
  public func dot(_ q: FourVector) -> Double { e * q.e - dot3(q) }
  /// p⃗₁·p⃗₂
  public func dot3(_ q: FourVector) -> Double { px * q.px + py * q.py + pz * q.pz }
  /// p⃗₁ × p⃗₂, with energy 0.
  public func cross(_ q: FourVector) -> FourVector {
    FourVector(
      px: py * q.pz - pz * q.py, py: pz * q.px - px * q.pz, pz: px * q.py - py * q.px)
  }
  /// The direction: p⃗/|p⃗| with energy 0.
  public var unit: FourVector {
    let magnitude = p
    return FourVector(px: px / magnitude, py: py / magnitude, pz: pz / magnitude)
  }

  /// φ₁ − φ₂ in (−π, π].
  public func deltaphi(_ q: FourVector) -> Double { wrappedAngle(phi - q.phi) }
  /// η₁ − η₂
  public func deltaeta(_ q: FourVector) -> Double { eta - q.eta }
  /// Δη² + Δφ²
  public func deltaR2(_ q: FourVector) -> Double {
    let (deta, dphi) = (deltaeta(q), deltaphi(q))
    return deta * deta + dphi * dphi
  }
  public func deltaR(_ q: FourVector) -> Double { deltaR2(q).squareRoot() }
  /// √(Δy² + Δφ²) with the rapidity y.
  public func deltaRapidityPhi(_ q: FourVector) -> Double {
    let (dy, dphi) = (rapidity - q.rapidity, deltaphi(q))
    return (dy * dy + dphi * dphi).squareRoot()
  }
  /// Cosine of the angle between the momenta, in [−1, 1].
  public func cosangle(_ q: FourVector) -> Double {
    let cosine = dot3(q) / (p2 * q.p2).squareRoot()
    return cosine.isNaN ? cosine : Swift.max(-1, Swift.min(1, cosine))
  }
  /// Angle between the momenta, in [0, π]; exact for small angles, too.
  public func deltaangle(_ q: FourVector) -> Double {
    p2 == 0 || q.p2 == 0 ? .nan : atan2(cross(q).p, dot3(q))
  }
}

extension FourVector {
  /// Moved with the velocity β⃗: what stood still moves with β⃗ afterwards. NaN for |β⃗| ≥ 1.
  public func boosted(_ bx: Double, _ by: Double, _ bz: Double) -> FourVector {
    let beta2 = bx * bx + by * by + bz * bz
    guard beta2 < 1 else { return .undefined }
    let gamma = 1 / (1 - beta2).squareRoot()
    let along = bx * px + by * py + bz * pz
    // γ − 1 = γ²β²/(γ + 1): no cancellation for small velocities.
    let factor = gamma * gamma / (gamma + 1) * along + gamma * e
    return FourVector(
      px: px + factor * bx, py: py + factor * by, pz: pz + factor * bz, e: gamma * (e + along))
  }

  /// From the rest frame of `q` to the frame where `q` is given; NaN unless `q` is timelike with E > 0.
  public func boosted(with q: FourVector) -> FourVector { transformed(q, sign: 1) }

  /// Into the rest frame of `q`; NaN unless `q` is timelike with E > 0.
  public func boostedToRest(of q: FourVector) -> FourVector { transformed(q, sign: -1) }

  private func transformed(_ q: FourVector, sign: Double) -> FourVector {
    let mass2 = q.m2
    guard mass2 > 0, q.e > 0 else { return .undefined }
    let mass = mass2.squareRoot()
    let along = dot3(q)
    let factor = sign * e / mass + along / (mass * (q.e + mass))
    return FourVector(
      px: px + factor * q.px, py: py + factor * q.py, pz: pz + factor * q.pz,
      e: (q.e * e + sign * along) / mass)
  }

  /// Rotated about the direction of `axis` by a right-handed angle (Rodrigues); NaN for an axis without direction.
  public func rotated(about axis: FourVector, by angle: Double) -> FourVector {
    let n = axis.unit
    let (s, c) = (sin(angle), cos(angle))
    let across = n.cross(self)
    let along = n.dot3(self) * (1 - c)
    return FourVector(
      px: c * px + s * across.px + along * n.px, py: c * py + s * across.py + along * n.py,
      pz: c * pz + s * across.pz + along * n.pz, e: e)
  }

  /// Rotated about the x axis by a right-handed angle; the same for y and z below.
  public func rotatedX(_ angle: Double) -> FourVector {
    let (s, c) = (sin(angle), cos(angle))
    return FourVector(px: px, py: c * py - s * pz, pz: s * py + c * pz, e: e)
  }
  public func rotatedY(_ angle: Double) -> FourVector {
    let (s, c) = (sin(angle), cos(angle))
    return FourVector(px: c * px + s * pz, py: py, pz: c * pz - s * px, e: e)
  }
  public func rotatedZ(_ angle: Double) -> FourVector {
    let (s, c) = (sin(angle), cos(angle))
    return FourVector(px: c * px - s * py, py: s * px + c * py, pz: pz, e: e)
  }
}

/// sign(x)·√|x|
func signedRoot(_ x: Double) -> Double { x < 0 ? -(-x).squareRoot() : x.squareRoot() }

/// An angle between −2π and 2π, put into (−π, π].
func wrappedAngle(_ angle: Double) -> Double {
  if angle > .pi { return angle - 2 * .pi }
  if angle <= -.pi { return angle + 2 * .pi }
  return angle
}
