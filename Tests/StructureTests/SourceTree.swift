import Glibc
import TestSupport
import Testing

/// The source tree as text, for the laws of the house.
enum SourceTree {
  struct File {
    /// Below the top of the tree.
    let path: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    /// Lines without comments and the insides of simple strings.
    var code: [String] { lines.map(SourceTree.code) }
  }

  static func read(_ path: String) -> String {
    guard let stream = fopen(Place.root + "/" + path, "r") else { return "" }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let n = fread(&block, 1, block.count, stream)
      if n == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += block[0..<n]
    }
  }

  static func write(_ text: String, to path: String) {
    guard let stream = fopen(Place.root + "/" + path, "w") else { return }
    fputs(text, stream)
    fclose(stream)
  }

  /// Names in a folder, sorted; folders end in a slash.
  static func list(_ folder: String) -> [String] {
    guard let directory = opendir(Place.root + "/" + folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") {
        names.append(entry.pointee.d_type == UInt8(DT_DIR) ? name + "/" : name)
      }
    }
    return names.sorted()
  }

  static func swiftFiles(_ folder: String) -> [File] {
    list(folder).flatMap { name -> [File] in
      if name.hasSuffix("/") { return swiftFiles(folder + "/" + name.dropLast()) }
      guard name.hasSuffix(".swift") else { return [] }
      return [File(path: folder + "/" + name, text: read(folder + "/" + name))]
    }
  }

  static var rooms: [String] {
    list("Sources").filter { $0.hasSuffix("/") }.map { String($0.dropLast()) }
  }

  static func code(_ line: Substring) -> String {
    var result = ""
    var isInString = false
    var previous: Character = " "
    for c in line {
      if c == "\"" && previous != "\\" { isInString.toggle() }
      if !isInString && c == "/" && previous == "/" {
        result.removeLast()
        return result
      }
      if !isInString { result.append(c) }
      previous = c
    }
    return result
  }

  /// The module of an `import` line.
  static func imported(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let at = words.firstIndex(of: "import"), words.indices.contains(at + 1),
      words[..<at].allSatisfy({ $0.hasPrefix("@") || $0 == "public" || $0 == "internal" })
    else { return nil }
    return String(words[at + 1])
  }
}
