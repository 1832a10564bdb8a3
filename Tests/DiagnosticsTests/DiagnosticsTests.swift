import Testing

@testable import Diagnostics

@Suite struct DiagnosticsTests {
  /// 0/0 has a sign on some processors, which no line shows; names that look so are left alone.
  @Test(arguments: [
    ("the mean of r is -nan", "the mean of r is nan"), ("-nan", "nan"),
    ("cHW=-nan,cHq3=-nan (-nan)", "cHW=nan,cHq3=nan (nan)"), ("-nan of -nan", "nan of nan"),
    ("x-nan.h5 and --nan and -nano are names", "x-nan.h5 and --nan and -nano are names"),
    ("-inf", "-inf"), ("", ""),
  ])
  func noNumberHasNoSign(_ text: String, _ shown: String) {
    #expect(text.withoutSignedNaN == shown)
    let problem = Problem(.data, text, remedy: text, file: "-nan", place: "row 1")
    #expect(problem.line == "-nan: row 1: \(shown); \(shown)")
    let journal = Journal()
    journal.warn("key", text)
    #expect(journal.warnings[0].text == shown)
  }

  @Test func aNaNOfTheProcessorIsOne() {
    let zero = Double(CommandLine.arguments.count) * 0
    #expect(Problem(.data, "it is \(-(zero / zero))").line == "it is nan")
    #expect(Problem(.data, "it is \(zero / zero)").line == "it is nan")
  }
}
