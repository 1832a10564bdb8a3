/// What an expression can be.
enum ValueType: UInt8, Sendable {
  case number
  /// 0, 1, or NaN for undefined; kept in the registers of numbers.
  case truth
  case vector
  case particle
  /// A list of particles.
  case list

  var description: String {
    switch self {
    case .number: "a number"
    case .truth: "true or false"
    case .vector: "a four-vector"
    case .particle: "a particle"
    case .list: "a list of particles"
    }
  }
}

/// The lists an event offers.
enum BaseList: UInt8, Sendable, CaseIterable {
  case l, e, mu, tau, a, j, b, v
  /// Final state, in file order.
  case p
  /// The same before smearing.
  case truth
  case incoming
  /// Every line of the record before smearing, in file order.
  case record
}

/// Values of the event's head line; the count (NUP) is of all lines of the record, whatever their status.
enum HeaderValue: UInt8, Sendable { case count, scale, alphaQED, alphaQCD, process, weight }

/// What a detector may recognise. The raw value is the number of the draw: never renumber.
enum Tag: Int, Sendable, CaseIterable {
  case b, c, t, tau

  init?(name: String) {
    guard let tag = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = tag
  }
  var name: String { "\(self)_tag" }
  var bit: UInt8 { 1 << UInt8(rawValue) }
  /// |PDG number| of the true flavour.
  var flavour: UInt32 {
    switch self {
    case .b: 5
    case .c: 4
    case .t: 6
    case .tau: 15
    }
  }
}

enum Arithmetic: UInt8, Sendable {
  case add, subtract, multiply, divide, floorDivide, remainder, power
  case less, lessEqual, greater, greaterEqual, equal, notEqual
  case and, or
  case minimum, maximum, atan2, hypot
  /// The first value where it is defined, else the second.
  case orElse
}

enum Function: UInt8, Sendable {
  case negate, not, abs, sign, truncate, floor, ceil, round, isTrue, isDefined
  case sqrt, exp, log, log10, sin, cos, tan, asin, acos, atan
  case sinh, cosh, tanh, asinh, acosh, atanh
}

/// A number taken from one four-vector.
enum Measure: UInt8, Sendable {
  case px, py, pz, e, pt, pt2, p, p2, phi, theta, costheta, cottheta, eta, rapidity
  case m, m2, mt, et, beta, gamma, isTimelike, isSpacelike, isLightlike
}

/// A number taken from two four-vectors.
enum PairMeasure: UInt8, Sendable {
  case deltaphi, deltaeta, deltaR, deltaR2, deltaRapidityPhi, deltaangle, cosangle, dot, dot3, equal
}

/// A number that only a particle of the record has.
enum ParticleMeasure: UInt8, Sendable {
  case m, m2, gamma, pdgID, charge, spin, status, lifetime
}

enum VectorOperation: UInt8, Sendable {
  /// Of two vectors.
  case add, subtract, cross, boost, boostToRest
  /// Of one vector.
  case negate, unit
  /// Of a vector and a number.
  case scale, divide, rotateX, rotateY, rotateZ, boostX, boostY, boostZ
}

/// What a loop over particles makes of its body.
enum Reduction: UInt8, Sendable {
  case sum, product, minimum, maximum, any, all, count
  case vectorSum
  /// Lists: the particles that pass the filter; all of them by rising value of the body.
  case filter, sort
}

/// What a node or an instruction does; operands are a, b, c, d.
enum Operation: Sendable, Hashable {
  /// The value is in the node.
  case constant
  case header(HeaderValue)
  case arithmetic(Arithmetic)
  case function(Function)
  /// c ? a : b, undefined where c is; for the type of the operands.
  case select(ValueType)
  case measure(Measure)
  case pairMeasure(PairMeasure)
  case particleMeasure(ParticleMeasure)
  case tag(Tag)
  /// The first or second mother of particle a.
  case mother(second: Bool)
  /// Whether particle a descends from one of the PDG number b, or its antiparticle.
  case comesFrom
  /// The four-momentum of particle a.
  case momentum
  case vector(VectorOperation)
  /// From px, py, pz, e.
  case makeVector
  /// a boosted with the velocity (b, c, d).
  case boostBeta
  /// Vector a rotated about the direction of vector b by the angle c.
  case rotateAbout
  case met
  case visible
  /// A value that another program computed, by its position.
  case external(Int)
  case baseList(BaseList)
  case length
  /// Particle b (a number) of list a; negative counts from the end.
  case element
  /// List a from b to c (numbers).
  case slice
  /// The particle of the loop at depth d over list a.
  case variable
  /// Loop over list a with variable b, body c (or −1) and filter d (or −1).
  case reduce(Reduction)
}
