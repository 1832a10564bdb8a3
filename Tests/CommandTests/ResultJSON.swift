import Foundation
import TestSupport
import Testing

/// What a command printed with `--json`, by path.
struct ResultJSON {
  private let content: Any

  init(_ outcome: Outcome, _ comment: Comment? = nil) throws {
    try #require(outcome.status == 0, "\(outcome.error)")
    content = try JSONSerialization.jsonObject(with: Data(outcome.output))
  }

  /// A file of reference numbers.
  init(file: String) throws {
    content = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file)))
  }

  private func node(_ path: [String]) throws -> Any {
    var node = content
    for name in path {
      let group = try #require(node as? [String: Any], "no \(path)")
      // Results stand under `document`.
      node = try #require(group[name] ?? (group["document"] as? [String: Any])?[name], "no \(path)")
    }
    return node
  }

  /// Numbers at a path, flattened row-major; "nan" is NaN.
  func numbers(_ path: String...) throws -> [Double] { Self.flatten(try node(path)) }
  func text(_ path: String...) throws -> String { try node(path) as? String ?? "" }
  func texts(_ path: String...) throws -> [String] { try node(path) as? [String] ?? [] }

  private static func flatten(_ value: Any) -> [Double] {
    if let list = value as? [Any] { return list.flatMap(flatten) }
    if let text = value as? String { return [Double(text) ?? .nan] }
    return (value as? NSNumber).map { [$0.doubleValue] } ?? []
  }
}
