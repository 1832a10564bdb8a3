import TestSupport
import Testing

@testable import Observables

/// Every word of the language is in observables(7).
@Suite struct VocabularyTests {
  @Test func manualNamesEveryWord() throws {
    let page = try #require(EventText.contents(of: Place.root + "/man/man7/observables.7"))
    let words = Set(
      page.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map(String.init))
    let known =
      Array(Vocabulary.objects.keys) + Array(Vocabulary.keywords) + Vocabulary.functionNames
      + Vocabulary.methodNames + Vocabulary.attributeNames + Array(Vocabulary.mothers.keys)
    for word in known { #expect(words.contains(word), "\(word)") }
    #expect(known.count > 100)
  }

  /// Units follow from the parts.
  @Test(arguments: [
    ("l[0].pt", "GeV"), ("vector(l[0].px, 0, 0, 1).pt", "GeV"),
    ("vector(0, 0, 0, l[0].e).m", "GeV"), ("vector(l[0].px, l[0].py, 0, 0).pt2", "GeV^2"),
    ("(vector(0, 0, 0, 1) + l[0]).e", ""), ("vector(l[0].phi, 0, 0, l[0].e).e", ""),
    ("prod(x.pt for x in j)", ""), ("sum(x.pt for x in j)", "GeV"),
    ("sum([l[0].pt, j[0].pt])", "GeV"), ("l[0].rotate_axis(j[0], 1).px", "GeV"),
    ("l[0].mother.e", "GeV"), ("round(l[0].pt)", "GeV"), ("l[0].pt ** 1e308 ** 9", ""),
    ("weight", ""),
  ])
  func units(text: String, unit: String) throws {
    #expect(try Program([NamedExpression(name: "x", text: text)]).unit(0) == unit)
  }
}
