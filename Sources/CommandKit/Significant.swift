import Glibc

/// Numbers for people.
enum Significant {
  /// As C's `%.{digits}g`, the one rounding every reader knows; independent of the locale, which is never set.
  static func format(_ value: Double, digits: Int) -> String {
    withVaList([Int32(digits), value]) { arguments in
      var buffer = [CChar](repeating: 0, count: 64)
      let n = vsnprintf(&buffer, buffer.count, "%.*g", arguments)
      return String(
        decoding: buffer.prefix(Int(max(0, n))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
