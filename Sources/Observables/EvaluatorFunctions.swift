import EventModel
import Glibc

// The numbers behind the operations. NaN is undefined; an operation that Python refuses is undefined, too.

extension Evaluator {
  static func apply(_ f: Arithmetic, _ a: Double, _ b: Double) -> Double {
    switch f {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return b == 0 ? .nan : a / b
    // Undefined and false is false, undefined or true is true (Kleene): what does not decide may be undefined.
    case .and: return a == 0 || b == 0 ? 0 : a * b
    case .or: return a == 1 || b == 1 ? 1 : a + b
    case .orElse: return a.isNaN ? b : a
    default: break
    }
    // libm has a value for pow(1, NaN) and hypot(∞, NaN), and comparisons with NaN are false.
    if a.isNaN || b.isNaN { return .nan }
    switch f {
    case .less: return a < b ? 1 : 0
    case .lessEqual: return a <= b ? 1 : 0
    case .greater: return a > b ? 1 : 0
    case .greaterEqual: return a >= b ? 1 : 0
    case .equal: return a == b ? 1 : 0
    case .notEqual: return a != b ? 1 : 0
    case .minimum: return b < a ? b : a
    case .maximum: return b > a ? b : a
    case .floorDivide: return b == 0 ? .nan : Glibc.floor(a / b)
    case .remainder:
      // Python's: the sign of the divisor.
      let rest = fmod(a, b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    case .power: return a == 0 && b < 0 ? .nan : Glibc.pow(a, b)
    case .atan2: return wrappedAngle(Glibc.atan2(a, b))
    default: return Glibc.hypot(a, b)
    }
  }

  static func apply(_ f: Function, _ x: Double) -> Double {
    switch f {
    case .negate: -x
    case .not: 1 - x
    case .abs: Swift.abs(x)
    case .sign: x.isNaN ? x : x > 0 ? 1 : x < 0 ? -1 : 0
    case .truncate: x.isInfinite ? .nan : Glibc.trunc(x)
    case .floor: Glibc.floor(x)
    case .ceil: Glibc.ceil(x)
    // Halves to the even number, as in Python.
    case .round: x.rounded(.toNearestOrEven)
    case .isTrue: x.isNaN ? x : x == 0 ? 0 : 1
    case .isDefined: x.isNaN ? 0 : 1
    case .sqrt: x.squareRoot()
    case .exp: Glibc.exp(x)
    case .log: x > 0 ? Glibc.log(x) : .nan
    case .log10: x > 0 ? Glibc.log10(x) : .nan
    default: trigonometric(f, x)
    }
  }

  private static func trigonometric(_ f: Function, _ x: Double) -> Double {
    switch f {
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tan: Glibc.tan(x)
    case .asin: Glibc.asin(x)
    case .acos: Glibc.acos(x)
    case .atan: Glibc.atan(x)
    case .sinh: Glibc.sinh(x)
    case .cosh: Glibc.cosh(x)
    case .tanh: Glibc.tanh(x)
    case .asinh: Glibc.asinh(x)
    case .acosh: Glibc.acosh(x)
    default: Glibc.atanh(x)
    }
  }

  static func measure(_ f: Measure, _ v: FourVector) -> Double {
    switch f {
    case .px: v.px
    case .py: v.py
    case .pz: v.pz
    case .e: v.e
    case .pt: v.pt
    case .pt2: v.pt2
    case .p: v.p
    case .p2: v.p2
    case .phi: v.phi
    case .theta: v.theta
    case .costheta: v.costheta
    case .cottheta: v.cottheta
    case .eta: v.eta
    case .rapidity: v.rapidity
    case .m: v.m
    case .m2: v.m2
    case .mt: v.mt
    case .et: v.et
    case .beta: v.beta
    case .gamma: v.gamma
    case .isTimelike: v.m2.isNaN ? .nan : v.m2 > 0 ? 1 : 0
    case .isSpacelike: v.m2.isNaN ? .nan : v.m2 < 0 ? 1 : 0
    case .isLightlike: v.m2.isNaN ? .nan : v.m2 == 0 ? 1 : 0
    }
  }

  static func measure(_ f: PairMeasure, _ a: FourVector, _ b: FourVector) -> Double {
    switch f {
    case .deltaphi: a.deltaphi(b)
    case .deltaeta: a.deltaeta(b)
    case .deltaR: a.deltaR(b)
    case .deltaR2: a.deltaR2(b)
    case .deltaRapidityPhi: a.deltaRapidityPhi(b)
    case .deltaangle: a.deltaangle(b)
    case .cosangle: a.cosangle(b)
    case .dot: a.dot(b)
    case .dot3: a.dot3(b)
    case .equal: (a.e - b.e).isNaN ? .nan : a == b ? 1 : 0
    }
  }

  static func measure(_ f: ParticleMeasure, _ particle: Particle) -> Double {
    switch f {
    case .m: return particle.mass
    case .m2: return particle.mass * Swift.abs(particle.mass)
    case .gamma: return particle.momentum.e / particle.mass
    case .pdgID: return Double(particle.pdgID)
    case .charge: return particle.identity.charge
    // 9 is the record's word for "unknown or unpolarised".
    case .spin: return particle.spin
    case .status: return Double(particle.status)
    case .lifetime: return particle.lifetime
    }
  }
}
