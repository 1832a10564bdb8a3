/// A computation in the terms of ONNX (https://onnx.ai/onnx/repo-docs/IR.html), operator set 13: nodes that take and give
/// named arrays.
///
/// Reals are of one type throughout. Numbers of fields are those of onnx.proto.
struct ONNXGraph {
  enum Element: Int {
    case float32 = 1
    case float64 = 11
    fileprivate static let int64 = 7
  }

  /// An array of the graph, by its name.
  typealias Value = String

  /// The length of an axis: known, or with a name where it is the caller's.
  enum Axis {
    case count(Int)
    case named(String)
  }

  static let operatorSet = 13
  private static let intermediateVersion = 7

  let element: Element
  private let name: String
  private var nodes: [ProtocolBuffer] = []
  private var constants: [ProtocolBuffer] = []
  private var inputs: [ProtocolBuffer] = []
  private var outputs: [ProtocolBuffer] = []
  private var metadata: [(name: String, value: String)] = []
  private var used: [String: Int] = [:]

  init(name: String, element: Element) {
    self.name = name
    self.element = element
  }

  /// A name that nothing has yet.
  private mutating func fresh(_ name: String) -> String {
    let count = used[name, default: 0]
    used[name] = count + 1
    return count == 0 ? name : "\(name)_\(count + 1)"
  }

  mutating func input(_ name: String, _ axes: [Axis], note: String) -> Value {
    let name = fresh(name)
    inputs.append(description(name, axes, note))
    return name
  }

  /// Gives an array its name outside.
  mutating func output(_ name: String, _ value: Value, _ axes: [Axis], note: String) {
    add("Identity", [value], name: name, [])
    outputs.append(description(name, axes, note))
  }

  mutating func note(_ name: String, _ value: String) { metadata.append((name, value)) }

  // MARK: Constants

  /// Reals, row-major; the empty shape is a scalar.
  mutating func constant(_ name: String, _ values: [Double], _ shape: [Int]) -> Value {
    var bytes: [UInt8] = []
    for value in values {
      switch element {
      case .float32: bytes.append(littleEndian: Float(value).bitPattern)
      case .float64: bytes.append(littleEndian: value.bitPattern)
      }
    }
    return constant(name, type: element.rawValue, shape, bytes)
  }

  mutating func scalar(_ name: String, _ value: Double) -> Value { constant(name, [value], []) }

  mutating func integers(_ name: String, _ values: [Int]) -> Value {
    var bytes: [UInt8] = []
    for value in values { bytes.append(littleEndian: Int64(value)) }
    return constant(name, type: Element.int64, [values.count], bytes)
  }

  private mutating func constant(
    _ name: String, type: Int, _ shape: [Int], _ bytes: [UInt8]
  ) -> Value {
    let name = fresh(name)
    var tensor = ProtocolBuffer()
    for size in shape { tensor.integer(1, size) }
    tensor.integer(2, type)
    tensor.text(8, name)
    tensor.raw(9, bytes)
    constants.append(tensor)
    return name
  }

  // MARK: Nodes

  /// Adds a node with one result.
  /// - Parameter integers: its attributes.
  mutating func callAsFunction(
    _ operation: String, _ inputs: Value..., integers: [(name: String, value: Int)] = []
  ) -> Value {
    let name = fresh(operation.lowercased())
    add(operation, inputs, name: name, integers.map { ($0.name, [$0.value], false) })
    return name
  }

  /// Σ, or log Σ exp, over axes that vanish or keep the length 1.
  mutating func reduce(
    _ value: Value, over axes: [Int], logarithmic: Bool = false, keepsAxes: Bool = false
  ) -> Value {
    let name = fresh(logarithmic ? "logsumexp" : "sum")
    let keep = ("keepdims", [keepsAxes ? 1 : 0], false)
    if logarithmic {
      add("ReduceLogSumExp", [value], name: name, [("axes", axes, true), keep])
    } else {
      add("ReduceSum", [value, integers("axes", axes)], name: name, [keep])
    }
    return name
  }

  /// The largest value over axes that keep the length 1.
  mutating func largest(_ value: Value, over axes: [Int]) -> Value {
    let name = fresh("largest")
    add("ReduceMax", [value], name: name, [("axes", axes, true), ("keepdims", [1], false)])
    return name
  }

  mutating func concatenate(_ values: [Value]) -> Value {
    guard values.count > 1 else { return values.first ?? "" }
    let name = fresh("concat")
    add("Concat", values, name: name, [("axis", [1], false)])
    return name
  }

  /// Columns of rows.
  mutating func columns(_ value: Value, _ range: Range<Int>) -> Value {
    self(
      "Slice", value, integers("start", [range.lowerBound]), integers("end", [range.upperBound]),
      integers("axis", [1]))
  }

  private mutating func add(
    _ operation: String, _ inputs: [Value], name: String,
    _ attributes: [(name: String, values: [Int], isList: Bool)]
  ) {
    var node = ProtocolBuffer()
    for input in inputs { node.text(1, input) }
    node.text(2, name)
    node.text(3, name)
    node.text(4, operation)
    for attribute in attributes {
      node.message(5) {
        $0.text(1, attribute.name)
        for value in attribute.values { $0.integer(attribute.isList ? 8 : 3, value) }
        $0.integer(20, attribute.isList ? 7 : 2)
      }
    }
    nodes.append(node)
  }

  private func description(_ name: String, _ axes: [Axis], _ note: String) -> ProtocolBuffer {
    var value = ProtocolBuffer()
    value.text(1, name)
    value.message(2) { type in
      type.message(1) { tensor in
        tensor.integer(1, element.rawValue)
        tensor.message(2) { shape in
          for axis in axes {
            shape.message(1) {
              switch axis {
              case .count(let count): $0.integer(1, count)
              case .named(let name): $0.text(2, name)
              }
            }
          }
        }
      }
    }
    value.text(3, note)
    return value
  }

  /// The whole as the bytes of a file.
  func bytes(producer: String, version: String, note: String) -> [UInt8] {
    var model = ProtocolBuffer()
    model.integer(1, Self.intermediateVersion)
    model.text(2, producer)
    model.text(3, version)
    model.text(6, note)
    model.message(7) { graph in
      for node in nodes { graph.message(1, node) }
      graph.text(2, name)
      for constant in constants { graph.message(5, constant) }
      for input in inputs { graph.message(11, input) }
      for output in outputs { graph.message(12, output) }
    }
    model.message(8) {
      $0.text(1, "")
      $0.integer(2, Self.operatorSet)
    }
    for (name, value) in metadata {
      model.message(14) {
        $0.text(1, name)
        $0.text(2, value)
      }
    }
    return model.bytes
  }
}
