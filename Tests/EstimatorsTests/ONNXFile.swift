import Testing

/// An ONNX file read back, as far as tests look: its parts by the numbers of their fields in onnx.proto.
struct ONNXFile {
  typealias Node = (operation: String, inputs: [String], outputs: [String])
  typealias Constant = (name: String, type: Int, shape: [Int], bytes: Int)
  var operatorSet = 0
  var nodes: [Node] = []
  var constants: [Constant] = []
  var inputs: [String] = []
  var outputs: [String] = []
  var metadata: [String: String] = [:]

  init(_ bytes: [UInt8]) throws {
    let model = try Message(bytes[...])
    let graph = try Message(try #require(model.parts[7]?.first))
    for part in model.parts[8] ?? [] { operatorSet = try Message(part).integer(2) }
    for part in model.parts[14] ?? [] {
      let entry = try Message(part)
      metadata[try entry.text(1)] = try entry.text(2)
    }
    for part in graph.parts[1] ?? [] {
      let node = try Message(part)
      nodes.append((try node.text(4), node.texts(1), node.texts(2)))
    }
    for part in graph.parts[5] ?? [] {
      let tensor = try Message(part)
      constants.append(
        (
          try tensor.text(8), tensor.integer(2), tensor.integers[1] ?? [],
          tensor.parts[9]?.first?.count ?? 0
        ))
    }
    inputs = try (graph.parts[11] ?? []).map { try Message($0).text(1) }
    outputs = try (graph.parts[12] ?? []).map { try Message($0).text(1) }
  }

  private struct Truncated: Error {}

  /// The fields of one message: integers, and everything that says its length.
  private struct Message {
    var integers: [Int: [Int]] = [:]
    var parts: [Int: [ArraySlice<UInt8>]] = [:]

    init(_ bytes: ArraySlice<UInt8>) throws {
      var rest = bytes
      func varint() throws -> Int {
        var (value, shift) = (UInt64(0), UInt64(0))
        while true {
          guard let byte = rest.popFirst() else { throw Truncated() }
          value |= UInt64(byte & 0x7f) << shift
          shift += 7
          if byte < 0x80 { return Int(truncatingIfNeeded: value) }
        }
      }
      while !rest.isEmpty {
        let tag = try varint()
        switch tag & 7 {
        case 0: integers[tag >> 3, default: []].append(try varint())
        case 2:
          let count = try varint()
          try #require(count >= 0 && count <= rest.count)
          parts[tag >> 3, default: []].append(rest.prefix(count))
          rest = rest.dropFirst(count)
        case 5: rest = rest.dropFirst(4)
        default: try #require(Bool(false), "wire type \(tag & 7)")
        }
      }
    }

    func integer(_ field: Int) -> Int { integers[field]?.last ?? 0 }
    func texts(_ field: Int) -> [String] {
      (parts[field] ?? []).map { String(decoding: $0, as: UTF8.self) }
    }
    func text(_ field: Int) throws -> String { try #require(texts(field).first) }
  }
}
