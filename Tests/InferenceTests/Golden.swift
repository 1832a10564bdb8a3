import Foundation
import TestSupport
import Testing

/// Reference numbers of ../shared/golden, flattened row-major.
struct Golden {
  private let content: [String: Any]

  init(_ path: String, _ key: String? = nil) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Place.shared + "/golden/" + path))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    content = try key.map { try #require(root[$0] as? [String: Any]) } ?? root
  }

  func numbers(_ entry: String, _ version: String) throws -> [Double] {
    let group = try #require(content[entry] as? [String: Any], "no entry \(entry)")
    return Self.flatten(try #require(group[version], "no \(version) in \(entry)"))
  }

  /// One number of an entry.
  func number(_ entry: String, _ name: String) throws -> Double {
    let numbers = try numbers(entry, name)
    try #require(numbers.count == 1, "\(entry) \(name) holds \(numbers.count) numbers")
    return numbers[0]
  }

  /// An entry that is a list itself.
  func list(_ entry: String) throws -> [Double] {
    Self.flatten(try #require(content[entry], "no entry \(entry)"))
  }

  private static func flatten(_ value: Any) -> [Double] {
    if let list = value as? [Any] { return list.flatMap(flatten) }
    return (value as? NSNumber).map { [$0.doubleValue] } ?? []
  }
}

/// A list of groups of reference numbers.
struct GoldenList {
  private let content: [[String: Any]]

  init(_ path: String, _ key: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Place.shared + "/golden/" + path))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    content = try #require(root[key] as? [[String: Any]])
  }

  func number(_ index: Int, _ name: String) throws -> Double {
    try #require(content[index][name] as? NSNumber).doubleValue
  }
}

/// The largest |a − b| over the largest |b|: the right measure for matrices with elements that are zero.
func deviation(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  let scale = b.map(abs).max() ?? 1
  return zip(a, b).map { abs($0 - $1) / scale }.max() ?? .infinity
}
