/// Round numbers.
enum Scale {
  /// A round step that divides a width into at most so many parts.
  static func step(_ width: Double, marks: Int) -> Double {
    let raw = width / Double(marks)
    guard raw > 0, raw.isFinite else { return 1 }
    let power = power(raw)
    return power * ([1, 2, 2.5, 5, 10].first { $0 * power >= raw } ?? 10)
  }

  /// The largest of 1, 2 and 5 times a power of ten that is not above a positive number.
  static func floor(_ value: Double) -> Double {
    guard value > 0, value.isFinite else { return 1 }
    let power = power(value)
    return power * ([5, 2, 1].first { $0 * power <= value } ?? 1)
  }

  /// gnuplot's format for the numbers of an axis.
  static func format(_ range: ClosedRange<Double>?) -> String {
    digits(range).map { "%.\($0)g" } ?? "%h"
  }

  /// The digits in which the numbers of a narrow range differ; nil where gnuplot's own six are enough.
  static func digits(_ range: ClosedRange<Double>?) -> Int? {
    guard let range else { return nil }
    let largest = max(abs(range.lowerBound), abs(range.upperBound))
    let width = range.upperBound - range.lowerBound
    guard width > 0, largest.isFinite, largest / width > 1000 else { return nil }
    var digits = 3
    var ratio = largest / width
    while ratio > 1, digits < 17 {
      ratio /= 10
      digits += 1
    }
    return digits
  }

  /// The largest power of ten that is not above a positive number.
  private static func power(_ value: Double) -> Double {
    var power = 1.0
    while power > value { power /= 10 }
    while power * 10 <= value { power *= 10 }
    return power
  }
}
