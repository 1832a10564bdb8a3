/// The unit of a number, as far as an expression tells: a power of GeV, or an angle.
struct Dimension: Sendable, Equatable {
  /// Power of GeV; nil where the parts do not agree or cannot be known.
  var power: Double?
  var isAngle = false

  static let none = Dimension(power: 0)
  static let energy = Dimension(power: 1)
  static let angle = Dimension(power: 0, isAngle: true)
  static let unknown = Dimension(power: nil)

  static func * (a: Dimension, b: Dimension) -> Dimension {
    guard let p = a.power, let q = b.power else { return .unknown }
    return Dimension(power: p + q, isAngle: (a.isAngle && b == .none) || (b.isAngle && a == .none))
  }
  static func / (a: Dimension, b: Dimension) -> Dimension {
    guard let p = a.power, let q = b.power else { return .unknown }
    return Dimension(power: p - q, isAngle: a.isAngle && b == .none)
  }
  /// Of a sum, a difference, a minimum.
  func joined(with other: Dimension) -> Dimension { self == other ? self : .unknown }

  func raised(to exponent: Double?) -> Dimension {
    guard let power, let exponent, (power * exponent).isFinite else {
      return self == .none ? .none : .unknown
    }
    return Dimension(power: power * exponent)
  }

  var text: String {
    guard let power else { return "" }
    if isAngle { return "rad" }
    if power == 0 { return "" }
    if power == 1 { return "GeV" }
    return power == power.rounded() && abs(power) < 1000 ? "GeV^\(Int(power))" : "GeV^\(power)"
  }
}
