import Diagnostics
import EventIO
import EventModel

/// Parts a file that holds several Les Houches documents, such as one made with cat(1): every byte goes into one of the
/// parts, so that the parts, one after the other, are the file.
public struct LHEDocumentSplit {
  private let open: (Int) throws -> TextOutput
  private var output: TextOutput
  private var number = 1

  /// Writes all parts; returns how many there are. `reader` must keep its text and take `independent` documents; `open`
  /// makes the output of a number, from 1.
  public static func write(
    _ reader: LHEReader, open: @escaping (Int) throws -> TextOutput
  ) throws -> Int {
    var split = try LHEDocumentSplit(open)
    try split.output.write(reader.headBytes)
    var event = ParticleEvent()
    while try reader.next(into: &event) {
      try split.write(between: reader.bytesBeforeEvent)
      try split.output.write(reader.eventBytes)
    }
    try reader.tailBytes.withUnsafeBytes { try split.write(between: $0) }
    if reader.salvaged != nil { try split.output.write("\n</LesHouchesEvents>\n") }
    try split.output.finish()
    return split.number
  }

  private init(_ open: @escaping (Int) throws -> TextOutput) throws {
    self.open = open
    output = try open(1)
  }

  /// Text without events, in which documents may end and begin.
  private mutating func write(between text: UnsafeRawBufferPointer) throws {
    var from = 0
    for start in Self.starts(in: text) {
      try output.write(UnsafeRawBufferPointer(rebasing: text[from..<start]))
      try output.finish()
      number += 1
      output = try open(number)
      from = start
    }
    try output.write(UnsafeRawBufferPointer(rebasing: text[from...]))
  }

  /// Where documents begin: at their root, or at the XML declaration before it.
  private static func starts(in text: UnsafeRawBufferPointer) -> [Int] {
    guard let base = text.baseAddress.map({ BytePointer($0.assumingMemoryBound(to: UInt8.self)) })
    else { return [] }
    let end = base + text.count
    var starts: [Int] = []
    var p = base
    while let close = Bytes.find("</LesHouchesEvents", from: p, to: end),
      let root = Bytes.find("<LesHouchesEvents", from: close, to: end)
    {
      let declaration = Bytes.find("<?xml", from: close, to: root)
      starts.append((declaration ?? root) - base)
      p = root + 1
    }
    return starts
  }
}
