import EventModel

/// A reference that `--cite` prints.
public struct Citation: Sendable, Equatable {
  public var key: String
  public var bibTeX: String

  /// An article with its arXiv number.
  public static func article(
    key: String, author: String, title: String, journal: String, year: Int, arXiv: String
  ) -> Citation {
    let fields = [
      ("author", author), ("title", title), ("journal", journal), ("year", String(year)),
      ("eprint", arXiv), ("archivePrefix", "arXiv"),
    ]
    let body = fields.map { "  \($0.0) = {\($0.1)}" }.joined(separator: ",\n")
    return Citation(key: key, bibTeX: "@article{\(key),\n\(body)\n}\n")
  }

  public static let toolkit = Citation(
    key: "sluice",
    bibTeX: """
      @software{sluice,
        title = {Sluice: simulation-based inference for particle physics in native, piped commands},
        version = {\(ToolkitVersion.current)}
      }

      """)

  private static let authors =
    "Brehmer, Johann and Cranmer, Kyle and Louppe, Gilles and Pavez, Juan"

  /// Ratio and score estimators, and what they are for.
  public static let constraining = article(
    key: "Brehmer:2018kdj", author: authors,
    title: "Constraining Effective Field Theories with Machine Learning",
    journal: "Phys. Rev. Lett. 121, 111801", year: 2018, arXiv: "1805.00013")
  /// The long companion: morphing, joint ratio and score, CARL, ROLR, RASCAL, SALLY.
  public static let guide = article(
    key: "Brehmer:2018eca", author: authors,
    title: "A Guide to Constraining Effective Field Theories with Machine Learning",
    journal: "Phys. Rev. D 98, 052004", year: 2018, arXiv: "1805.00020")
  /// Mining the joint likelihood ratio and joint score from simulators.
  public static let mining = article(
    key: "Brehmer:2018hga", author: authors,
    title: "Mining gold from implicit models to improve likelihood-free inference",
    journal: "Proc. Nat. Acad. Sci. 117, 5242", year: 2020, arXiv: "1805.12244")
  /// ALICE and ALICES.
  public static let alices = article(
    key: "Stoye:2018ovl",
    author:
      "Stoye, Markus and Brehmer, Johann and Louppe, Gilles and Pavez, Juan and Cranmer, Kyle",
    title: "Likelihood-free inference with an improved cross-entropy estimator",
    journal: "arXiv preprint", year: 2018, arXiv: "1808.00973")
  /// Masked autoregressive flows.
  public static let flows = article(
    key: "Papamakarios:2017tec",
    author: "Papamakarios, George and Pavlakou, Theo and Murray, Iain",
    title: "Masked Autoregressive Flow for Density Estimation",
    journal: "Advances in Neural Information Processing Systems 30", year: 2017,
    arXiv: "1705.07057")
  /// The reference system.
  public static let madminer = article(
    key: "Brehmer:2019xox",
    author: "Brehmer, Johann and Kling, Felix and Espejo, Irina and Cranmer, Kyle",
    title: "MadMiner: Machine learning-based inference for particle physics",
    journal: "Comput. Softw. Big Sci. 4, 3", year: 2020, arXiv: "1907.10621")
}
