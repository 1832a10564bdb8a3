import Diagnostics

/// Integrated luminosity with its unit: `300/fb`.
public struct Luminosity: Sendable, Equatable {
  /// In inverse picobarn.
  public var inversePicobarn: Double
  public init(inversePicobarn: Double) { self.inversePicobarn = inversePicobarn }

  public init(parsing text: String) throws {
    let units: [(String, Double)] = [("/ab", 1e6), ("/fb", 1e3), ("/pb", 1), ("/nb", 1e-3)]
    for (suffix, scale) in units where text.hasSuffix(suffix) {
      guard let value = Double(text.dropLast(suffix.count).trimmed), value.isFinite, value > 0
      else {
        break
      }
      inversePicobarn = value * scale
      return
    }
    throw Problem(
      .usage, "luminosity '\(text)' is not a positive number with a unit",
      remedy: "write 300/fb (units: /ab /fb /pb /nb)")
  }

  public var description: String {
    let value = inversePicobarn / 1e3
    return (value == value.rounded() && value < 1e15 ? String(Int(value)) : String(value)) + "/fb"
  }
}
