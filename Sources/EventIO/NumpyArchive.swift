import CZlib
import Diagnostics
import EventModel

/// A document as a numpy archive (`.npz`): every dataset an array of its path's name, stored without compression.
///
/// Texts become arrays of fixed-width Unicode. Of a model there are also the weights and biases of each layer in shape.
struct NumpyArchive {
  private var bytes: [UInt8] = []
  /// The central directory, which comes last.
  private var directory: [UInt8] = []
  private var count = 0

  static func bytes(_ header: Header) throws -> [UInt8] {
    var archive = NumpyArchive()
    try archive.add(header.document, under: "")
    if header.kind == .model {
      archive.addLayers(try ModelEnsemble(document: header.document))
    }
    return try archive.finished()
  }

  private mutating func add(_ document: Document, under path: String) throws {
    for name in document.names {
      let place = path + name
      switch document[name] {
      case .group(let child)?: try add(child, under: place + "/")
      case .text(let text)?: add(place, texts: [text], [])
      case .texts(let texts, let shape, _)?: add(place, texts: texts, shape)
      case .integers(let values, let shape)?:
        var data: [UInt8] = []
        for value in values { data.append(littleEndian: value) }
        add(place, "<i8", shape, data)
      case .reals(let values, let shape)?: add(place, values, shape)
      case nil: break
      }
    }
  }

  private mutating func addLayers(_ ensemble: ModelEnsemble) {
    for (m, model) in ensemble.members.enumerated() {
      let member = ensemble.members.count > 1 ? "member\(m + 1)/" : ""
      for (n, layers) in model.networks.enumerated() {
        for (l, layer) in layers.enumerated() {
          let place = member + "network\(n + 1)/layer\(l + 1)/"
          add(place + "weights", layer.weights, [layer.outputs, layer.inputs])
          add(place + "biases", layer.biases, [layer.outputs])
        }
      }
    }
  }

  private mutating func add(_ name: String, _ values: [Double], _ shape: [Int]) {
    var data: [UInt8] = []
    for value in values { data.append(littleEndian: value.bitPattern) }
    add(name, "<f8", shape, data)
  }

  private mutating func add(_ name: String, texts: [String], _ shape: [Int]) {
    let width = max(1, texts.map(\.unicodeScalars.count).max() ?? 1)
    var data: [UInt8] = []
    for text in texts {
      for scalar in text.unicodeScalars { data.append(littleEndian: scalar.value) }
      for _ in text.unicodeScalars.count..<width { data.append(littleEndian: UInt32(0)) }
    }
    add(name, "<U\(width)", shape, data)
  }

  private mutating func add(_ name: String, _ type: String, _ shape: [Int], _ data: [UInt8]) {
    let file = NumpyHead.bytes(descr: "'\(type)'", shape: shape) + data
    add(Array((name + ".npy").utf8), file)
  }

  // MARK: zip (APPNOTE.TXT of PKWARE, 4.3)

  private mutating func add(_ name: [UInt8], _ file: [UInt8]) {
    let start = UInt32(truncatingIfNeeded: bytes.count)
    let sum = file.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
    // Version 2.0, names in UTF-8, stored, at the first day that zip knows.
    var entry: [UInt8] = []
    for value: UInt16 in [20, 0x0800, 0, 0, 0x0021] { entry.append(littleEndian: value) }
    entry.append(littleEndian: UInt32(truncatingIfNeeded: sum))
    for _ in 0..<2 { entry.append(littleEndian: UInt32(truncatingIfNeeded: file.count)) }
    entry.append(littleEndian: UInt16(truncatingIfNeeded: name.count))
    entry.append(littleEndian: UInt16(0))
    bytes.append(littleEndian: UInt32(0x0403_4b50))
    bytes += entry + name + file
    directory.append(littleEndian: UInt32(0x0201_4b50))
    directory.append(littleEndian: UInt16(20))
    directory += entry
    // No comment, first disk, no attributes.
    for _ in 0..<3 { directory.append(littleEndian: UInt16(0)) }
    directory.append(littleEndian: UInt32(0))
    directory.append(littleEndian: start)
    directory += name
    count += 1
  }

  private mutating func finished() throws -> [UInt8] {
    let start = bytes.count
    guard start + directory.count < 1 << 32, count < 1 << 16 else {
      throw Problem(
        .data, "\(count) arrays of \(start) bytes are too much for a numpy archive",
        remedy: "use -O hdf5")
    }
    bytes += directory
    bytes.append(littleEndian: UInt32(0x0605_4b50))
    for value in [0, 0, count, count] { bytes.append(littleEndian: UInt16(value)) }
    bytes.append(littleEndian: UInt32(directory.count))
    bytes.append(littleEndian: UInt32(start))
    bytes.append(littleEndian: UInt16(0))
    return bytes
  }
}

/// What stands before the values of a numpy array.
enum NumpyHead {
  /// - Parameter descr: the type, as a Python literal.
  static func bytes(descr: String, shape: [Int]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    var text = "{'descr': \(descr), 'fortran_order': False, 'shape': (\(sizes)), }"
    // Magic, version, length and text together fill a multiple of 64 bytes; the text ends with a new line.
    let isLong = text.utf8.count > 65_000
    let fixed = isLong ? 12 : 10
    while (fixed + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    var head: [UInt8] = [0x93] + Array("NUMPY".utf8) + [isLong ? 2 : 1, 0]
    let length = text.utf8.count
    for shift in 0..<(isLong ? 4 : 2) { head.append(UInt8(length >> (8 * shift) & 0xff)) }
    return head + Array(text.utf8)
  }
}
