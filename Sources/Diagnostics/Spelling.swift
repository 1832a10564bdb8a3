/// What a misspelt name may have meant: for the remedies of problems.
public enum Spelling {
  /// The candidate that looks most like the name, if one is near enough; of equals the first in `candidates`.
  ///
  /// - Parameter folding: makes texts comparable that differ in ways which do not matter, such as case.
  public static func nearest(
    to name: String, in candidates: [String],
    folding: (String) -> String = { $0.lowercased() }
  ) -> String? {
    let folded = folding(name)
    let ranked = candidates.map { ($0, editDistance(folded, folding($0))) }.min { $0.1 < $1.1 }
    guard let ranked, ranked.1 <= max(1, (min(name.count, ranked.0.count) + 1) / 3) else {
      return nil
    }
    return ranked.0
  }

  /// Insertions, deletions and replacements between the first 64 characters of two texts (Levenshtein).
  static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
