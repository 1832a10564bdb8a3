import EventModel

/// What is wrong at a byte of the text; the reader, on the same thread, adds file, event and byte.
struct ScanFault: Error, @unchecked Sendable {
  var at: BytePointer
  var fact: String
  var remedy: String?
  /// Broken text, after which nothing can be read (`--salvage` keeps what came before), or a value that cannot be used.
  var isStructural = true

  init(_ at: BytePointer, _ fact: String, remedy: String? = nil, isStructural: Bool = true) {
    self.at = at
    self.fact = fact
    self.remedy = remedy
    self.isStructural = isStructural
  }
}

/// Reads one event: head line, particles, weights. Tags it does not know are passed over.
struct EventScanner: ~Copyable {
  let numbers = NumberReader()
  var weights = WeightTable()
  /// Slots of the declared weights, for positional `<weights>`.
  private var declaredSlots: [Int] = []
  /// Values of the current event's `<weights>`, and where the text of each starts.
  private(set) var positional: [Double] = []
  private var positionalStarts: [BytePointer] = []
  /// Slots of `weights.1`, `weights.2` …, as far as they are needed.
  private var positionalSlots: [Int] = []
  private var wantsPositional = false
  /// True once the current event had a `<wgt>`.
  private var hasIDs = false
  /// The attribute `trials` of the current event, 1 where there is none.
  private(set) var trials = 1.0
  private(set) var hasTrials = false
  /// The current event's own; nil where it has none, NaN where that is no integer from 0 up.
  private(set) var ownTrials: Double?
  /// The attributes of the current event's tag.
  private(set) var attributes: TagAttributes?
  private var wantedAttributes: [String] = []
  private(set) var attributeValues: [Double] = []
  /// Most significant digits of a wanted weight's text seen so far.
  private(set) var weightDigits = 0
  /// Weights and momenta may be NaN or infinite, for those who look for them.
  var acceptsNonFinite = false
  /// Number of the current event, from 0.
  private var number = -1

  /// Events in which digits are counted.
  private static let digitEvents = 1000

  /// Takes the next weight of the head's declarations.
  mutating func declare(_ id: String) { declaredSlots.append(weights.slot(id)) }

  mutating func want(_ id: String, asItIs: Bool = false) -> Int {
    if id.hasPrefix("weights.") { wantsPositional = true }
    return weights.want(id, asItIs: asItIs)
  }

  mutating func wantAttribute(_ name: String) -> Int {
    if let slot = wantedAttributes.firstIndex(of: name) { return slot }
    wantedAttributes.append(name)
    attributeValues.append(.nan)
    return wantedAttributes.count - 1
  }

  /// Reads the event whose tag's name ends at `start`; the text up to `end` holds its closing tag. Returns where that ends.
  mutating func parse(
    number: Int, from start: BytePointer, to end: BytePointer, into event: inout ParticleEvent
  ) throws -> BytePointer {
    self.number = number
    guard let opened = Bytes.tagEnd(from: start, to: end) else {
      throw ScanFault(start, "the <event> tag is not closed")
    }
    if opened > start || attributes != nil { readAttributes(from: start, to: opened) }
    event.removeAll()
    weights.startEvent()
    hasIDs = false
    if !positional.isEmpty { forgetPositional() }
    var p = dataLine(opened + 1, end)
    let count = try readHeadLine(&p, end, &event)
    for i in 0..<count {
      p = nextLine(p, end)
      if readUsualParticle(&p, end, into: &event) { continue }
      p = dataLine(p, end)
      guard p < end, p.pointee != Ascii.less else {
        throw ScanFault(p, "the head line announces \(count) particles and there are \(i)")
      }
      try readParticle(&p, end, index: i, into: &event)
    }
    p = dataLine(nextLine(p, end), end)
    try checkNoParticle(p, end, count: count)
    return try readTags(p, end)
  }

  /// Past the end of the line, which mostly is where `p` stands.
  @inline(__always)
  private func nextLine(_ p: BytePointer, _ end: BytePointer) -> BytePointer {
    if p.pointee == Ascii.newline && p < end { return p + 1 }
    return Bytes.find(Ascii.newline, from: p, to: end).map { $0 + 1 } ?? end
  }

  /// Past blank lines and lines that start with `#`.
  @inline(__always)
  private func dataLine(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
    var p = Bytes.skipSpace(start, before: end)
    while p < end && p.pointee == Ascii.hash {
      p = Bytes.skipSpace(Bytes.find(Ascii.newline, from: p, to: end) ?? end, before: end)
    }
    return p
  }

  @inline(never)
  private mutating func readAttributes(from: BytePointer, to: BytePointer) {
    let attributes = TagAttributes(from: from, to: to)
    self.attributes = to > from ? attributes : nil
    (trials, ownTrials) = (1, nil)
    if let range = attributes.range("trials") {
      let value = number(range) ?? .nan
      let isCount = value >= 1 && value == value.rounded() && value.isFinite
      ownTrials = isCount || value == 0 ? value : .nan
      if isCount {
        trials = value
        hasTrials = true
      }
    }
    for (slot, name) in wantedAttributes.enumerated() {
      attributeValues[slot] = attributes.value(named: name).flatMap { number($0) } ?? .nan
    }
  }

  /// The number that a text is, blanks around it allowed.
  private func number(_ text: (from: BytePointer, to: BytePointer)) -> Double? {
    let start = Bytes.skipSpace(text.from, before: text.to)
    var value = 0.0
    let stop = numbers.real(start, &value)
    guard stop > start, stop <= text.to, Bytes.skipSpace(stop, before: text.to) == text.to else {
      return nil
    }
    return value
  }

  /// NUP IDPRUP XWGTUP SCALUP AQEDUP AQCDUP; returns NUP.
  private mutating func readHeadLine(
    _ p: inout BytePointer, _ end: BytePointer, _ event: inout ParticleEvent
  ) throws -> Int {
    let line = p
    var count = 0
    try integer(&p, &count, line, column: 1, of: 6)
    try integer(&p, &event.processID, line, column: 2, of: 6)
    let text = Bytes.skipBlanks(p)
    try real(&p, &event.weight, line, column: 3, of: 6)
    try real(&p, &event.scale, line, column: 4, of: 6)
    try real(&p, &event.alphaQED, line, column: 5, of: 6)
    try real(&p, &event.alphaQCD, line, column: 6, of: 6)
    guard event.weight.isFinite || acceptsNonFinite else {
      throw ScanFault(
        text, "the event weight (XWGTUP) is \(event.weight)",
        remedy: "remove the event, and find out why the generator made it", isStructural: false)
    }
    guard (0...1_000_000).contains(count) else {
      throw ScanFault(line, "the number of particles is \(count)")
    }
    if number < Self.digitEvents {
      weightDigits = max(
        weightDigits, NumberReader.significantDigits(from: text, to: text + 40))
    }
    return count
  }

  /// One line of 13 columns; more are passed over.
  @inline(never)
  private func readParticle(
    _ p: inout BytePointer, _ end: BytePointer, index: Int, into event: inout ParticleEvent
  ) throws {
    let line = p
    func next(_ column: Int) throws -> Int32 {
      var value = 0
      try integer(&p, &value, line, column: column, of: 13)
      return Int32(truncatingIfNeeded: value)
    }
    let (id, status) = (try next(1), try next(2))
    let mothers = (try next(3), try next(4))
    let colours = (try next(5), try next(6))
    var momentum = FourVector()
    var (mass, lifetime, spin) = (0.0, 0.0, 0.0)
    try real(&p, &momentum.px, line, column: 7, of: 13)
    try real(&p, &momentum.py, line, column: 8, of: 13)
    try real(&p, &momentum.pz, line, column: 9, of: 13)
    try real(&p, &momentum.e, line, column: 10, of: 13)
    try real(&p, &mass, line, column: 11, of: 13)
    try real(&p, &lifetime, line, column: 12, of: 13)
    try real(&p, &spin, line, column: 13, of: 13)
    guard Self.isFinite(momentum, mass) || acceptsNonFinite else {
      throw ScanFault(line, "particle \(index + 1) has a momentum that is not finite")
    }
    event.particles.append(
      Particle(
        pdgID: id, status: status, momentum: momentum, mass: mass, mothers: mothers,
        colours: colours, lifetime: lifetime, spin: spin))
  }

  /// The same for a line whose first columns have the form that `NumberReader.sixIntegers` reads; false, with `p` where it
  /// was, for others and for what is wrong.
  @inline(__always)
  private func readUsualParticle(
    _ p: inout BytePointer, _ end: BytePointer, into event: inout ParticleEvent
  ) -> Bool {
    guard end - p >= NumberReader.sixIntegersReach else { return false }
    let columns = numbers.sixIntegers(p)
    guard columns.end != p else { return false }
    let (id, status, mother1, mother2, colour1, colour2) = columns.values
    // One loop and no call: where a number ends must not go through memory.
    let after = withUnsafeTemporaryAllocation(of: Double.self, capacity: 7) {
      reals -> BytePointer? in
      guard let values = reals.baseAddress else { return nil }
      var q = columns.end
      for column in 0..<7 {
        let start = Bytes.skipBlanks(q)
        var value = 0.0
        q = numbers.real(start, &value)
        guard q != start, q.pointee <= Ascii.space || q.pointee == Ascii.less else { return nil }
        values[column] = value
      }
      let momentum = FourVector(px: values[0], py: values[1], pz: values[2], e: values[3])
      let (mass, lifetime, spin) = (values[4], values[5], values[6])
      guard Self.isFinite(momentum, mass) || acceptsNonFinite else { return nil }
      event.particles.append(
        Particle(
          pdgID: id, status: status, momentum: momentum, mass: mass, mothers: (mother1, mother2),
          colours: (colour1, colour2), lifetime: lifetime, spin: spin))
      return q
    }
    guard let after else { return false }
    p = after
    return true
  }

  /// NaN and infinity survive neither a product with zero nor this sum.
  @inline(__always)
  private static func isFinite(_ momentum: FourVector, _ mass: Double) -> Bool {
    (momentum.px + momentum.py + momentum.pz + momentum.e + mass) * 0 == 0
  }

  /// An integer column; `p` moves past it.
  @inline(__always)
  private func integer(
    _ p: inout BytePointer, _ value: inout Int, _ line: BytePointer, column: Int, of columns: Int
  ) throws {
    let start = Bytes.skipBlanks(p)
    p = numbers.integer(start, &value)
    if p != start, p.pointee <= Ascii.space { return }
    // Programs that keep everything as reals write `1.0`.
    var real = 0.0
    p = numbers.real(start, &real)
    guard p != start, p.pointee <= Ascii.space, let whole = Int(exactly: real) else {
      throw columnFault(start, line, column, columns, kind: "an integer")
    }
    value = whole
  }

  /// A real column; `p` moves past it.
  @inline(__always)
  private func real(
    _ p: inout BytePointer, _ value: inout Double, _ line: BytePointer, column: Int,
    of columns: Int
  ) throws {
    let start = Bytes.skipBlanks(p)
    p = numbers.real(start, &value)
    guard p != start, p.pointee <= Ascii.space || p.pointee == Ascii.less else {
      throw columnFault(start, line, column, columns, kind: "a number")
    }
  }

  @inline(never)
  private func columnFault(
    _ at: BytePointer, _ line: BytePointer, _ column: Int, _ columns: Int, kind: String
  ) -> ScanFault {
    let what = columns == 13 ? "a particle line" : "the head line of the event"
    let c = at.pointee
    if c == Ascii.newline || c == Ascii.less || c == Ascii.hash || c == 0 {
      return ScanFault(line, "\(what) has \(column - 1) columns where \(columns) are needed")
    }
    var end = at
    while end.pointee > Ascii.space && end - at < 40 { end += 1 }
    return ScanFault(at, "column \(column) of \(what) is '\(Bytes.text(at, end))', not \(kind)")
  }

  /// Throws where the line after the last particle is one more of them; other text is passed over.
  private func checkNoParticle(_ line: BytePointer, _ end: BytePointer, count: Int) throws {
    var p = line
    guard p < end, p.pointee != Ascii.less else { return }
    var columns = 0
    while columns < 13 {
      let start = Bytes.skipBlanks(p)
      var value = 0.0
      p = numbers.real(start, &value)
      guard p != start, p.pointee <= Ascii.space else { return }
      columns += 1
    }
    throw ScanFault(line, "there are more particles than the \(count) that the head line announces")
  }
}

// MARK: - Tags after the particles

extension EventScanner {
  /// From the last particle to past `</event>`.
  private mutating func readTags(_ start: BytePointer, _ end: BytePointer) throws -> BytePointer {
    var p = start
    var isBlockOpen = false
    while let tag = Self.nextTag(p, end) {
      let word = UnsafeRawPointer(tag).loadUnaligned(as: UInt64.self)
      p = tag + 1
      if word & 0xFF_FFFF_FFFF == Self.weightTag {
        p = try readWeight(tag, end)
      } else if word & 0xFF_FFFF_FFFF_FFFF == Self.eventEnd,
        tag[7] <= Ascii.space || tag[7] == Ascii.greater
      {
        guard !isBlockOpen else { throw ScanFault(tag, "<rwgt> is not closed") }
        guard let close = Bytes.find(Ascii.greater, from: tag, to: end) else { break }
        if !positional.isEmpty { try takePositional(end) }
        return close + 1
      } else if !Self.mayMatter(word) {
        continue
      } else if Bytes.isTag(tag, "<wgt", before: end) {
        p = try readWeight(tag, end)
      } else if Bytes.isTag(tag, "<rwgt", before: end) {
        guard let close = Bytes.tagEnd(from: tag, to: end) else { break }
        isBlockOpen = (close - 1).pointee != Ascii.slash
        p = close + 1
      } else if Bytes.starts(tag, with: "</rwgt", before: end) {
        isBlockOpen = false
      } else if Bytes.isTag(tag, "<weights", before: end) {
        p = readPositional(tag, end)
      } else if Bytes.isTag(tag, "<weight", before: end) {
        p = try readNamed(tag, end)
      } else if Bytes.isTag(tag, "<event", before: end) {
        throw ScanFault(tag, "</event> is missing before the next <event>")
      } else if let after = HeadBlocks.afterComment(tag, end) {
        p = after
      } else if Bytes.starts(tag, with: "</LesHouchesEvents", before: end) {
        break
      }
    }
    throw ScanFault(p, "</event> is missing")
  }

  /// The next `<`, which mostly starts the next line: after a `>` and a newline.
  @inline(__always)
  private static func nextTag(_ p: BytePointer, _ end: BytePointer) -> BytePointer? {
    p[2] == Ascii.less && p[1] == Ascii.newline && p[0] == Ascii.greater && p + 2 < end
      ? p + 2 : Bytes.find(Ascii.less, from: p, to: end)
  }

  /// False for most tags that are passed over: those used start with `<w`, `<rw`, `<ev`, `<!`, `</rw` or `</L`.
  @inline(__always)
  private static func mayMatter(_ word: UInt64) -> Bool {
    let (second, third) = (
      UInt8(truncatingIfNeeded: word &>> 8), UInt8(truncatingIfNeeded: word &>> 16)
    )
    switch second {
    case UInt8(ascii: "w"), UInt8(ascii: "!"): return true
    case UInt8(ascii: "r"): return third == UInt8(ascii: "w")
    case UInt8(ascii: "e"): return third == UInt8(ascii: "v")
    case Ascii.slash: return third == UInt8(ascii: "r") || third == UInt8(ascii: "L")
    default: return false
    }
  }

  /// `<wgt `.
  private static var weightTag: UInt64 { 0x20_7467_773C }
  /// `</event`.
  private static var eventEnd: UInt64 { 0x74_6E65_7665_2F3C }

  /// `<wgt id='…'> number </wgt>` at `tag`; returns where the closing tag starts.
  @inline(__always)
  private mutating func readWeight(_ tag: BytePointer, _ end: BytePointer) throws -> BytePointer {
    var p = tag + 5
    var slot: Int?
    let head = UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)
    let quote = UInt8(truncatingIfNeeded: head &>> 24)
    // `id=` and a quote, as all generators write it.
    if head & 0xFF_FFFF == 0x3D_6469 && (quote == Ascii.apostrophe || quote == Ascii.quote) {
      p += 4
      slot = weights.match(&p, quote: quote, before: end)
    } else {
      slot = generalID(&p, end)
    }
    if p.pointee != Ascii.greater {
      p = Bytes.tagEnd(from: p, to: end) ?? end
    }
    guard let slot, p < end else { throw ScanFault(tag, "a <wgt> without an id") }
    hasIDs = true
    if (p - 1).pointee == Ascii.slash {
      // `<wgt id='7'/>` has no value: the weight is missing in this event.
      return p + 1
    }
    p += 1
    if weights.isWanted[slot] {
      let start = Bytes.skipSpace(p, before: end)
      // Without a number between its tags the weight is missing in this event too.
      if start.pointee == Ascii.less && Bytes.starts(start, with: "</wgt", before: end) {
        return start + 5
      }
      p = try readValue(start, end, slot)
    }
    weights.mark(slot, event: number)
    // The end tag follows the value that was read.
    let found = p.pointee == Ascii.less && p < end ? p : Bytes.find(Ascii.less, from: p, to: end)
    guard let close = found,
      UnsafeRawPointer(close).loadUnaligned(as: UInt64.self) & 0xFF_FFFF_FFFF == 0x74_6777_2F3C
    else { throw ScanFault(tag, "<wgt id='\(weights.ids[slot])'> is not closed") }
    return close + 5
  }

  @inline(never)
  private mutating func generalID(_ p: inout BytePointer, _ end: BytePointer) -> Int? {
    guard let close = Bytes.tagEnd(from: p, to: end),
      let range = TagAttributes(from: p, to: close).range("id")
    else { return nil }
    p = close
    return weights.lookUp(from: range.from, to: range.to)
  }

  /// The number of a weight that is wanted.
  @inline(__always)
  private mutating func readValue(
    _ start: BytePointer, _ end: BytePointer, _ slot: Int
  ) throws -> BytePointer {
    var value = 0.0
    let stop = numbers.real(start, &value)
    let after = Bytes.skipSpace(stop, before: end)
    if stop == start || after.pointee != Ascii.less || !(value.isFinite || accepts(slot))
      || weights.seenIn[slot] == number
    {
      throw valueFault(start, after, end, slot, value)
    }
    if number < Self.digitEvents {
      weightDigits = max(weightDigits, NumberReader.significantDigits(from: start, to: stop))
    }
    weights.set(slot, value)
    return after
  }

  /// True where a weight may be NaN or infinite.
  private func accepts(_ slot: Int) -> Bool { acceptsNonFinite || weights.isTakenAsItIs[slot] }

  @inline(never)
  private func valueFault(
    _ start: BytePointer, _ after: BytePointer, _ end: BytePointer, _ slot: Int, _ value: Double
  ) -> ScanFault {
    let id = weights.ids[slot]
    if weights.seenIn[slot] == number {
      return ScanFault(start, "weight id '\(id)' is there twice", isStructural: false)
    }
    guard after != start, after.pointee == Ascii.less else {
      var stop = start
      while stop < end && stop.pointee != Ascii.less && stop.pointee >= Ascii.space
        && stop - start < 40
      { stop += 1 }
      var text = Bytes.text(start, stop)
      while text.last == " " { text.removeLast() }
      return ScanFault(
        start, "weight '\(id)' is '\(text)', not a number", isStructural: false)
    }
    return ScanFault(
      start, "weight '\(id)' is \(value)",
      remedy: "remove the event, and find out why the generator made it", isStructural: false)
  }

  // MARK: Weights that are not `<wgt>`

  /// `<weight name='sqme_prc'> number </weight>` of LHEF 2.0 (arXiv:1003.1643); without a name it is passed over.
  @inline(never)
  private mutating func readNamed(_ tag: BytePointer, _ end: BytePointer) throws -> BytePointer {
    guard let close = Bytes.tagEnd(from: tag, to: end) else { return tag + 1 }
    let attributes = TagAttributes(from: tag + 7, to: close)
    guard (close - 1).pointee != Ascii.slash,
      let name = attributes.range("name") ?? attributes.range("id")
    else { return close + 1 }
    let slot = weights.lookUp(from: name.from, to: name.to)
    if weights.isWanted[slot] {
      _ = try readValue(Bytes.skipSpace(close + 1, before: end), end, slot)
    }
    weights.mark(slot, event: number)
    return close + 1
  }

  /// `<weights> a b c </weights>`: values in the order of declaration. What is no number is not there.
  @inline(never)
  private mutating func readPositional(_ tag: BytePointer, _ end: BytePointer) -> BytePointer {
    guard let opened = Bytes.find(Ascii.greater, from: tag, to: end) else { return tag + 1 }
    var p = Bytes.skipSpace(opened + 1, before: end)
    while p < end, p.pointee != Ascii.less {
      var value = 0.0
      var stop = numbers.real(p, &value)
      if stop == p || (stop.pointee > Ascii.space && stop.pointee != Ascii.less) {
        value = .nan
        while stop < end && stop.pointee > Ascii.space && stop.pointee != Ascii.less { stop += 1 }
      }
      positional.append(value)
      positionalStarts.append(p)
      p = Bytes.skipSpace(stop, before: end)
    }
    return p
  }

  private mutating func forgetPositional() {
    positional.removeAll(keepingCapacity: true)
    positionalStarts.removeAll(keepingCapacity: true)
  }

  /// Gives the positional values to the declared weights, where there are as many and no `<wgt>` has come; values that
  /// no id takes are kept as `weights.1`, `weights.2` …
  @inline(never)
  private mutating func takePositional(_ end: BytePointer) throws {
    let fits = positional.count == declaredSlots.count
    if fits {
      for (i, slot) in declaredSlots.enumerated() where weights.seenIn[slot] != number {
        try setPositional(slot, i, end)
      }
    }
    guard !fits || hasIDs || wantsPositional else { return }
    while positionalSlots.count < positional.count {
      positionalSlots.append(weights.slot("weights.\(positionalSlots.count + 1)"))
    }
    for i in positional.indices { try setPositional(positionalSlots[i], i, end) }
  }

  private mutating func setPositional(_ slot: Int, _ i: Int, _ end: BytePointer) throws {
    if weights.isWanted[slot] {
      guard positional[i].isFinite || accepts(slot) else {
        var after = positionalStarts[i]
        while after < end && after.pointee > Ascii.space && after.pointee != Ascii.less {
          after += 1
        }
        let text = Bytes.text(positionalStarts[i], after)
        throw ScanFault(
          positionalStarts[i], "weight '\(weights.ids[slot])' is '\(text)' in <weights>",
          remedy: "remove the event, and find out why the generator made it", isStructural: false)
      }
      weights.set(slot, positional[i])
    }
    weights.mark(slot, event: number)
  }
}
