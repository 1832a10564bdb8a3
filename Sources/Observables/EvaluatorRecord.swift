import EventModel

// What a particle's place in the record tells: tags and ancestors.

extension Evaluator.Context {
  /// Position in the file's lines of a particle that may be the detector's; −1 is undefined.
  private func fileIndex(_ index: Int) -> Int {
    index >= 0 && index < lines ? index + record.count - lines : index
  }

  /// Whether a particle has a tag: what the detector drew, else the true flavour.
  func tag(_ tag: Tag, _ index: Int) -> Double {
    if index < 0 { return .nan }
    if let detector, index < lines, detector.drawnTags & tag.bit != 0 {
      return detector.tags[index] & tag.bit != 0 ? 1 : 0
    }
    return record[index].pdgID.magnitude == tag.flavour ? 1 : 0
  }

  /// A mother as the file has it; undefined where there is none.
  func mother(of index: Int32, second: Bool) -> Int32 {
    if index < 0 { return -1 }
    let mothers = record[fileIndex(Int(index))].mothers
    let line = second ? mothers.1 : mothers.0
    guard line >= 1, line <= lines else { return -1 }
    return line - 1 + Int32(record.count - lines)
  }

  /// Whether a particle of |PDG number| `id` is among the ancestors of a particle.
  func descends(_ index: Int32, from id: Double) -> Double {
    if index < 0 || id.isNaN { return .nan }
    var pending = [index]
    // Each line once: a record whose mothers form a ring ends, too.
    var seen = Set<Int32>()
    while let next = pending.popLast() {
      for ancestor in [mother(of: next, second: false), mother(of: next, second: true)]
      where ancestor >= 0 && seen.insert(ancestor).inserted {
        if Double(record[Int(ancestor)].pdgID.magnitude) == abs(id) { return 1 }
        pending.append(ancestor)
      }
    }
    return 0
  }
}
