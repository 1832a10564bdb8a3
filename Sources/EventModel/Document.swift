/// The small content of a file or stream: a tree of named arrays and texts.
///
/// HDF5 writes it as groups and datasets, streams and `--json` as JSON. Every kind of file (setup, model,
/// information, limits …) converts to and from this tree, so that EventIO needs to know no kind.
public struct Document: Sendable, Equatable {
  public indirect enum Node: Sendable, Equatable {
    case group(Document)
    /// A scalar text, variable-length UTF-8 in HDF5.
    case text(String)
    /// A list of texts. `width` is the fixed length of MadMiner's strings (256, null-padded ASCII); nil is variable-length UTF-8.
    case texts([String], shape: [Int], width: Int?)
    /// Row-major integers; the empty shape is a scalar.
    case integers([Int64], shape: [Int])
    /// Row-major reals; the empty shape is a scalar.
    case reals([Double], shape: [Int])
  }

  /// Names in the order they were added.
  public private(set) var names: [String] = []
  private var nodes: [String: Node] = [:]

  public init() {}

  /// The node at a path such as `samples/weights`; setting makes the groups on the way, nil removes.
  public subscript(path: String) -> Node? {
    get {
      let (head, rest) = Self.split(path)
      guard let rest else { return nodes[head] }
      guard case .group(let child)? = nodes[head] else { return nil }
      return child[rest]
    }
    set {
      let (head, rest) = Self.split(path)
      if let rest {
        var child = Document()
        if case .group(let existing)? = nodes[head] { child = existing }
        child[rest] = newValue
        put(head, .group(child))
      } else {
        put(head, newValue)
      }
    }
  }

  private mutating func put(_ name: String, _ node: Node?) {
    if nodes[name] == nil, node != nil { names.append(name) }
    if node == nil { names.removeAll { $0 == name } }
    nodes[name] = node
  }

  private static func split(_ path: String) -> (String, String?) {
    guard let slash = path.firstIndex(of: "/") else { return (path, nil) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  public var isEmpty: Bool { names.isEmpty }
}

extension Document {
  public mutating func set(_ path: String, _ value: String) { self[path] = .text(value) }
  public mutating func set(_ path: String, _ value: Int) {
    self[path] = .integers([Int64(value)], shape: [])
  }
  public mutating func set(_ path: String, _ value: Double) {
    self[path] = .reals([value], shape: [])
  }
  public mutating func set(_ path: String, _ values: [Double], shape: [Int]? = nil) {
    self[path] = .reals(values, shape: shape ?? [values.count])
  }
  public mutating func set(_ path: String, _ values: [Int], shape: [Int]? = nil) {
    self[path] = .integers(values.map(Int64.init), shape: shape ?? [values.count])
  }
  public mutating func set(_ path: String, _ values: [String], width: Int? = nil) {
    self[path] = .texts(values, shape: [values.count], width: width)
  }

  public func text(_ path: String) -> String? {
    switch self[path] {
    case .text(let value)?: value
    case .texts(let values, _, _)? where values.count == 1: values[0]
    default: nil
    }
  }
  public func texts(_ path: String) -> [String]? {
    switch self[path] {
    case .texts(let values, _, _)?: values
    case .text(let value)?: [value]
    default: nil
    }
  }
  public func integers(_ path: String) -> [Int]? {
    switch self[path] {
    case .integers(let values, _)?: values.map { Int($0) }
    case .reals(let values, _)?:
      values.allSatisfy { $0 == $0.rounded() && abs($0) <= 0x1p53 } ? values.map { Int($0) } : nil
    default: nil
    }
  }
  public func integer(_ path: String) -> Int? {
    guard let values = integers(path), values.count == 1 else { return nil }
    return values[0]
  }
  /// Reals, or integers read as reals (MadMiner stores integer-valued ranges as integers).
  public func reals(_ path: String) -> [Double]? {
    switch self[path] {
    case .reals(let values, _)?: values
    case .integers(let values, _)?: values.map { Double($0) }
    default: nil
    }
  }
  public func real(_ path: String) -> Double? {
    guard let values = reals(path), values.count == 1 else { return nil }
    return values[0]
  }
  public func shape(_ path: String) -> [Int]? {
    switch self[path] {
    case .texts(_, let shape, _)?, .integers(_, let shape)?, .reals(_, let shape)?: shape
    default: nil
    }
  }
  public func group(_ path: String) -> Document? {
    guard case .group(let document)? = self[path] else { return nil }
    return document
  }
}
