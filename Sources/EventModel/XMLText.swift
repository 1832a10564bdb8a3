/// Text as XML has it, in the values of attributes and between tags.
package enum XMLText {
  /// `&`, `<`, `>` and `"` as entities, control characters as blanks; `keepsLines` leaves newlines and tabs as they are,
  /// which the value of an attribute cannot hold.
  package static func escaped(_ text: String, keepsLines: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n" where keepsLines, "\t" where keepsLines: result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text that `escaped` was given, but for control characters.
  package static func unescaped(_ text: String) -> String {
    text.replacing("&quot;", with: "\"").replacing("&apos;", with: "'")
      .replacing("&gt;", with: ">").replacing("&lt;", with: "<").replacing("&amp;", with: "&")
  }
}
