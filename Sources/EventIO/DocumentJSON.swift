import Diagnostics
import EventModel

// Documents as JSON. What plain JSON cannot tell apart (an empty list, a list of NaN alone, the fixed width of MadMiner's
// texts) stands, in the exact form that streams carry, as an object with `@type`.

extension Document {
  /// JSON text of the document for people and other programs: groups are objects, arrays nest by shape.
  public func json(pretty: Bool = false) -> String {
    var text = ""
    JSON.write(jsonValue(exact: false), to: &text, pretty: pretty)
    return text
  }

  /// JSON text that reads back as an equal document.
  public var exactJSON: String {
    var text = ""
    JSON.write(jsonValue(exact: true), to: &text, pretty: false)
    return text
  }

  /// Reads either form. Throws `.data` with the byte for text that is not JSON, and for what documents have no place for.
  public init(json: String) throws {
    let value = try JSONParser.parse(json)
    guard case .object = value else { throw Problem(.data, "the JSON text is not an object") }
    self = try Document(value)
  }

  func jsonValue(exact: Bool) -> JSON.Value {
    .object(
      names.compactMap { name in
        self[name].map { node in
          (exact && name.hasPrefix("@") ? "@" + name : name, Self.value(of: node, exact: exact))
        }
      })
  }

  private static func value(of node: Node, exact: Bool) -> JSON.Value {
    switch node {
    case .group(let child): return child.jsonValue(exact: exact)
    case .text(let text): return .text(text)
    case .texts(let texts, let shape, let width):
      let values = texts.map { JSON.Value.text($0) }
      guard exact && (width != nil || isAmbiguous(values, shape)) else {
        return nest(values, shape)
      }
      let more: [(name: String, value: JSON.Value)] =
        width.map { [("@width", .integer(Int64($0)))] } ?? []
      return typed("texts", values, shape, more)
    case .integers(let integers, let shape):
      let values = integers.map { JSON.Value.integer($0) }
      return exact && shape.contains(0) ? typed("integers", values, shape) : nest(values, shape)
    case .reals(let reals, let shape):
      let values = reals.map { JSON.Value.real($0) }
      let plain = !shape.contains(0) && reals.contains { $0.isFinite }
      return exact && !plain ? typed("reals", values, shape) : nest(values, shape)
    }
  }

  /// True for lists of texts that would be read as something else: an empty one, or a scalar.
  private static func isAmbiguous(_ values: [JSON.Value], _ shape: [Int]) -> Bool {
    shape.isEmpty || shape.contains(0)
  }

  private static func typed(
    _ type: String, _ values: [JSON.Value], _ shape: [Int],
    _ more: [(name: String, value: JSON.Value)] = []
  ) -> JSON.Value {
    .object(
      [("@type", .text(type)), ("@shape", .list(shape.map { .integer(Int64($0)) }))] + more
        + [("@values", .list(values))])
  }

  private static func nest(_ values: [JSON.Value], _ shape: [Int]) -> JSON.Value {
    guard let first = shape.first else { return values.first ?? .null }
    guard shape.count > 1 else { return .list(values) }
    let rest = Array(shape.dropFirst())
    let size = rest.reduce(1, *)
    return .list(
      (0..<first).map { nest(Array(values[($0 * size)..<(($0 + 1) * size)]), rest) })
  }

  // MARK: reading

  init(_ value: JSON.Value) throws {
    self.init()
    guard case .object(let members) = value else { return }
    for (name, value) in members {
      let plain = name.hasPrefix("@@") ? String(name.dropFirst()) : name
      self[plain] = try Self.node(value, name: plain)
    }
  }

  private static func node(_ value: JSON.Value, name: String) throws -> Node {
    switch value {
    case .object:
      if let type = value["@type"] { return try typedNode(value, type, name: name) }
      return .group(try Document(value))
    case .text(let text):
      return .text(text)
    case .integer(let number):
      return .integers([number], shape: [])
    case .real(let number):
      return .reals([number], shape: [])
    case .list:
      var leaves: [JSON.Value] = []
      var shape: [Int] = []
      try flatten(value, depth: 0, shape: &shape, leaves: &leaves, name: name)
      return try array(leaves, shape, name: name)
    case .null, .boolean:
      throw Problem(.data, "'\(name)' is neither a text nor a number nor a group")
    }
  }

  private static func flatten(
    _ value: JSON.Value, depth: Int, shape: inout [Int], leaves: inout [JSON.Value], name: String
  ) throws {
    let uneven = Problem(.data, "the rows of '\(name)' are not of one length")
    guard case .list(let values) = value else {
      guard depth == shape.count else { throw uneven }
      leaves.append(value)
      return
    }
    if depth == shape.count {
      guard leaves.isEmpty else { throw uneven }
      shape.append(values.count)
    }
    guard shape[depth] == values.count else { throw uneven }
    for value in values {
      try flatten(value, depth: depth + 1, shape: &shape, leaves: &leaves, name: name)
    }
  }

  private static func array(
    _ leaves: [JSON.Value], _ shape: [Int], name: String
  ) throws -> Node {
    let integers = leaves.compactMap { leaf -> Int64? in
      if case .integer(let value) = leaf { value } else { nil }
    }
    if integers.count == leaves.count && !leaves.isEmpty {
      return .integers(integers, shape: shape)
    }
    let texts = leaves.compactMap { leaf -> String? in
      if case .text(let value) = leaf { value } else { nil }
    }
    if texts.count == leaves.count { return .texts(texts, shape: shape, width: nil) }
    return .reals(try leaves.map { try real($0, name: name) }, shape: shape)
  }

  private static func real(_ leaf: JSON.Value, name: String) throws -> Double {
    switch leaf {
    case .integer(let value): return Double(value)
    case .real(let value): return value
    case .text("nan"): return .nan
    case .text("inf"): return .infinity
    case .text("-inf"): return -.infinity
    default: throw Problem(.data, "'\(name)' holds something that is not a number")
    }
  }

  private static func typedNode(
    _ value: JSON.Value, _ type: JSON.Value, name: String
  ) throws -> Node {
    let broken = Problem(.data, "the typed value '\(name)' is not whole")
    guard case .list(let leaves)? = value["@values"], case .list(let sizes)? = value["@shape"]
    else { throw broken }
    let shape = try sizes.map { size -> Int in
      guard case .integer(let n) = size, n >= 0, n < 1 << 32 else { throw broken }
      return Int(n)
    }
    var count = 1
    for n in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: n)
      guard !overflow else { throw broken }
      count = product
    }
    guard count == leaves.count else { throw broken }
    switch type {
    case .text("reals"):
      return .reals(try leaves.map { try real($0, name: name) }, shape: shape)
    case .text("integers"):
      let values = leaves.compactMap { if case .integer(let v) = $0 { v } else { nil } }
      guard values.count == count else { throw broken }
      return .integers(values, shape: shape)
    case .text("texts"):
      let values = leaves.compactMap { if case .text(let v) = $0 { v } else { nil } }
      guard values.count == count else { throw broken }
      var width: Int?
      if case .integer(let w)? = value["@width"], (1...65536).contains(w) { width = Int(w) }
      return .texts(values, shape: shape, width: width)
    default: throw broken
    }
  }
}
