import EventModel

/// Changes to the text before the first event; every other byte stays.
struct HeadEdit {
  private(set) var text: [UInt8]
  /// The line end that the file uses.
  let newline: String

  init(_ text: [UInt8]) {
    self.text = text
    newline =
      text.firstIndex(of: Ascii.newline).map { $0 > 0 && text[$0 - 1] == 13 } == true
      ? "\r\n" : "\n"
  }

  // MARK: History

  /// Adds one line to `<header>`, after those of earlier runs; makes a header where there is none.
  mutating func add(_ record: ProvenanceRecord, details: [String] = []) {
    let lines = ([Self.element(record)] + details).map { $0 + newline }.joined()
    if let place = endOfLastElement("<sluice") ?? endOfTag("<header") {
      insert(lines, at: place, onLineOfItsOwn: true)
    } else if let place = endOfTag("<LesHouchesEvents") {
      insert("<header>\(newline)\(lines)</header>\(newline)", at: place, onLineOfItsOwn: true)
    }
  }

  static func element(_ record: ProvenanceRecord) -> String {
    var text =
      "<sluice program=\"\(XMLText.escaped(record.program))\" version=\"\(XMLText.escaped(record.version))\""
    text += " command=\"\(XMLText.escaped(record.commandLine))\""
    if let seed = record.seed { text += " seed=\"\(seed)\"" }
    if !record.inputs.isEmpty {
      let inputs = record.inputs.map { "\($0.name):\($0.digest)" }.joined(separator: " ")
      text += " inputs=\"\(XMLText.escaped(inputs))\""
    }
    return text + "/>"
  }

  /// The runs that earlier elements tell of.
  static func history(in text: [UInt8]) -> [ProvenanceRecord] {
    var records: [ProvenanceRecord] = []
    text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let end = base + buffer.count
      var p = base
      while let tag = Bytes.find("<sluice", from: p, to: end) {
        guard let close = Bytes.find(Ascii.greater, from: tag, to: end) else { return }
        p = close
        guard Bytes.isTag(tag, "<sluice", before: end) else { continue }
        let attributes = TagAttributes(from: tag + 7, to: close)
        func value(_ name: StaticString) -> String? {
          attributes.range(name).map { XMLText.unescaped(Bytes.text($0.from, $0.to)) }
        }
        guard let program = value("program") else { continue }
        var record = ProvenanceRecord(
          program: program, version: value("version") ?? "", commandLine: value("command") ?? "",
          seed: value("seed").flatMap { UInt64($0) })
        for input in (value("inputs") ?? "").split(separator: " ") {
          guard let colon = input.lastIndex(of: ":") else { continue }
          record.inputs.append(
            .init(
              name: String(input[..<colon]), digest: String(input[input.index(after: colon)...])))
        }
        records.append(record)
      }
    }
    return records
  }

  // MARK: Weights

  /// Takes the declarations of weights away that `isKept` refuses; without any left the `<initrwgt>` blocks go too.
  mutating func keepWeights(_ isKept: (String) -> Bool) {
    var cuts: [Range<Int>] = []
    for block in elements("<initrwgt", "</initrwgt>") {
      var weights: [(range: Range<Int>, id: String)] = []
      text.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        let end = base + block.upperBound
        var p = base + block.lowerBound
        while let tag = Bytes.find(Ascii.less, from: p, to: end) {
          p = tag + 1
          guard Bytes.isTag(tag, "<weight", before: end),
            let opened = Bytes.tagEnd(from: tag, to: end)
          else { continue }
          let attributes = TagAttributes(from: tag + 7, to: opened)
          let isEmpty = (opened - 1).pointee == Ascii.slash
          let close =
            isEmpty ? opened + 1 : Bytes.find("</weight>", from: opened, to: end).map { $0 + 9 }
          guard let range = attributes.range("id") ?? attributes.range("name"), let close else {
            continue
          }
          let id = Bytes.attribute(range.from, range.to)
          weights.append((tag - base..<close - base, id))
          p = close
        }
      }
      if weights.allSatisfy({ !isKept($0.id) }) {
        cuts.append(block)
      } else {
        cuts += weights.filter { !isKept($0.id) }.map(\.range)
      }
    }
    text = Cut.lines(cuts, from: text)
  }

  /// Declares weights at the end of the last `<initrwgt>`; makes one at the end of `<header>` where there is none.
  mutating func declare(_ weights: [NewWeight]) {
    guard !weights.isEmpty else { return }
    let lines = weights.map { $0.line + newline }.joined()
    if let block = elements("<initrwgt", "</initrwgt>").last {
      text.insert(contentsOf: Array(lines.utf8), at: block.upperBound - "</initrwgt>".utf8.count)
      return
    }
    let block = "<initrwgt>\(newline)\(lines)</initrwgt>\(newline)"
    if let header = elements("<header", "</header>").last {
      text.insert(contentsOf: Array(block.utf8), at: header.upperBound - "</header>".utf8.count)
    } else if let root = endOfTag("<LesHouchesEvents") {
      insert("<header>\(newline)\(block)</header>\(newline)", at: root, onLineOfItsOwn: true)
    }
  }

  // MARK: Processes

  /// Writes other processes into `<init>`: their number in its first line, one line for each.
  mutating func setProcesses(_ processes: [InitBlock.Process], weightStrategy: Int? = nil) {
    guard let block = elements("<init", "</init>").first else { return }
    let content = String(decoding: text[block], as: UTF8.self)
    var lines = content.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let first = lines.indices.dropFirst().first(where: { Self.isData(lines[$0]) }) else {
      return
    }
    let old = lines[first].split(whereSeparator: \.isWhitespace).map(String.init)
    guard old.count >= 10 else { return }
    var words = Array(old[..<10])
    words[9] = "\(processes.count)"
    if let weightStrategy { words[8] = "\(weightStrategy)" }
    let isCarriage = lines[first].hasSuffix("\r")
    let ending = isCarriage ? "\r" : ""
    if words != Array(old[..<10]) { lines[first] = words.joined(separator: " ") + ending }
    let next = first + 1
    var kept: [String] = []
    while next < lines.count, !lines[next].contains("<") {
      if Self.isData(lines[next]) { kept.append(lines[next]) }
      lines.remove(at: next)
    }
    // A line whose numbers stay keeps its spelling.
    let known = InitBlock(text: content.replacing("<init>", with: ""))?.processes ?? []
    let rows = processes.map { process -> String in
      if let i = known.firstIndex(of: process), i < kept.count { return kept[i] }
      let numbers = [process.crossSection, process.error, process.maximum]
      return numbers.map { " " + EventFormat.real($0) }.joined() + " \(process.id)" + ending
    }
    lines.insert(contentsOf: rows, at: first + 1)
    text.replaceSubrange(block, with: Array(lines.joined(separator: "\n").utf8))
  }

  private static func isData(_ line: String) -> Bool {
    guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
    return first != "#" && first != "<"
  }

  // MARK: Places

  /// Elements outside comments, tags included.
  func elements(_ open: StaticString, _ close: StaticString) -> [Range<Int>] {
    places(of: open) { tag, end in
      Bytes.find(close, from: tag, to: end).map { $0 + close.utf8CodeUnitCount }
    }
  }

  private func endOfTag(_ name: StaticString) -> Int? { ends(name).first }
  private func endOfLastElement(_ name: StaticString) -> Int? { ends(name).last }

  /// After the `>` of each such tag outside comments.
  private func ends(_ name: StaticString) -> [Int] {
    places(of: name) { tag, end in
      Bytes.find(Ascii.greater, from: tag, to: end).map { $0 + 1 }
    }.map(\.upperBound)
  }

  /// From each tag of this name outside comments to where `end` says, with nothing found in between.
  func places(
    of name: StaticString, to end: (BytePointer, BytePointer) -> BytePointer?
  ) -> [Range<Int>] {
    var found: [Range<Int>] = []
    text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let last = base + buffer.count
      var p = base
      while let tag = Bytes.find(Ascii.less, from: p, to: last) {
        if let after = HeadBlocks.afterComment(tag, last) {
          p = after
          continue
        }
        p = tag + 1
        guard Bytes.isTag(tag, name, before: last), let stop = end(tag, last) else { continue }
        p = stop
        found.append(tag - base..<stop - base)
      }
    }
    return found
  }

  private mutating func insert(_ lines: String, at place: Int, onLineOfItsOwn: Bool) {
    var place = place
    while place < text.count, text[place] == Ascii.space || text[place] == 13 { place += 1 }
    if place < text.count, text[place] == Ascii.newline {
      text.insert(contentsOf: Array(lines.utf8), at: place + 1)
    } else {
      text.insert(contentsOf: Array((newline + lines).utf8), at: place)
    }
  }
}

/// Takes pieces out of a text.
enum Cut {
  /// Removes ranges; where nothing else is left on a line, the line goes too.
  static func lines(_ cuts: [Range<Int>], from text: some RandomAccessCollection<UInt8>) -> [UInt8]
  {
    let bytes = Array(text)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var at = 0
    for cut in cuts.sorted(by: { $0.lowerBound < $1.lowerBound }) where cut.lowerBound >= at {
      var start = cut.lowerBound
      while start > at, bytes[start - 1] == Ascii.space || bytes[start - 1] == Ascii.tab {
        start -= 1
      }
      var end = cut.upperBound
      while end < bytes.count, bytes[end] <= Ascii.space, bytes[end] != Ascii.newline { end += 1 }
      let isWholeLine =
        (start == at ? result.last ?? Ascii.newline : bytes[start - 1]) == Ascii.newline
        && end < bytes.count && bytes[end] == Ascii.newline
      if isWholeLine {
        result += bytes[at..<start]
        at = end + 1
      } else {
        result += bytes[at..<cut.lowerBound]
        at = cut.upperBound
      }
    }
    return result + bytes[at...]
  }
}
