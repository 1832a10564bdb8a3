import Glibc

/// Round numbers.
enum Scale {
  /// A round step that divides a width into at most so many parts.
  static func step(_ width: Double, marks: Int) -> Double {
    let raw = width / Double(marks)
    guard raw > 0, raw.isFinite else { return 1 }
    let power = power(raw)
    return power * ([1, 2, 2.5, 5, 10].first { $0 * power >= raw } ?? 10)
  }

  /// The letters of the numbers along an axis at the steps of so many marks, with one between each two.
  static func letters(_ range: ClosedRange<Double>, marks: Int) -> Double {
    let step = step(range.upperBound - range.lowerBound, marks: marks)
    let first = (range.lowerBound / step).rounded(.up)
    let last = (range.upperBound / step).rounded(.down)
    guard first <= last, last - first < 100 else { return 0 }
    var count = 0
    for k in stride(from: first, through: last, by: 1) {
      // As %h writes it, without what only rounding makes.
      let value = k * step
      let digits = max(0, Int((-log10(step) + 0.999).rounded(.down)))
      count += fixed(value, digits: digits + (step / power(step) == 2.5 ? 1 : 0)) + 1
    }
    return Double(count - 1)
  }

  /// Letters of a number with so many digits after the point.
  private static func fixed(_ value: Double, digits: Int) -> Int {
    let whole = max(1, Int(log10(max(1, abs(value)))) + 1)
    return (value < 0 ? 1 : 0) + whole + (digits > 0 && value != 0 ? digits + 1 : 0)
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
