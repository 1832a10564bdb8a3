import Diagnostics

/// The encodings of inputs, found by content or forced with `--input-format`.
public enum InputFormat: String, Sendable, CaseIterable {
  case hdf5, stream, json, lhe, tsv, npy
}

/// What the first bytes of an input say it is.
enum Signature {
  static let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  static let numpy: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Beginnings of files that are not ours, and what to do with each.
  private static let foreign: [(start: [UInt8], what: String, remedy: String)] = [
    (Array("PAR1".utf8), "a Parquet file", "write it as an Arrow stream"),
    (Array("PK\u{3}\u{4}".utf8), "a zip archive", "unpack it"),
    (Array("root".utf8), "a ROOT file", "write it as an Arrow stream"),
    (Array("BZh".utf8), "bzip2 data", "pipe it through bzcat"),
    ([0xfd] + Array("7zXZ".utf8), "xz data", "pipe it through xzcat"),
    ([0x28, 0xb5, 0x2f, 0xfd], "zstd data", "pipe it through zstdcat"),
    (Array("%PDF".utf8), "a PDF file", "give a file written by these commands"),
    ([0x7f] + Array("ELF".utf8), "a program", "give a file written by these commands"),
  ]

  /// The encoding, or the problem that names what the input is instead.
  static func detect(_ first: [UInt8], file: String) throws -> InputFormat {
    if first.starts(with: hdf5) { return .hdf5 }
    if first.starts(with: numpy) { return .npy }
    if first.starts(with: ArrowReader.fileMagic) { return .stream }
    if first.count >= 4 && first[0..<4].allSatisfy({ $0 == 0xff }) { return .stream }
    if let known = foreign.first(where: { first.starts(with: $0.start) }) {
      throw Problem(.data, "this is \(known.what)", remedy: known.remedy, file: file)
    }
    let text = first.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    if text.first == UInt8(ascii: "{") { return .json }
    // The root element may stand after a declaration, comments or a mark of byte order.
    if text.first == UInt8(ascii: "<") || first.starts(with: [0xef, 0xbb, 0xbf, 0x3c]) {
      return .lhe
    }
    if first.isEmpty {
      throw Problem(
        .data, "the input is empty", remedy: "look at what was to write it", file: file)
    }
    if first.count < 8, hdf5.starts(with: first) || first.allSatisfy({ $0 == 0xff }) {
      throw Problem(
        .data, "the input ends after \(first.count) bytes",
        remedy: "it is truncated: write it again",
        file: file)
    }
    // Whether a text is a table is told by its first line.
    if first.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || [0x09, 0x0a, 0x0d].contains($0) }) {
      return .tsv
    }
    throw Problem(
      .data, "this is no known format", remedy: "give a file or stream written by these commands",
      file: file)
  }
}
