import Foundation
import TestSupport
import Testing

/// Reference numbers beside the project.
struct Golden {
  private let value: Any

  init(_ name: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Place.shared + "/" + name))
    value = try JSONSerialization.jsonObject(with: data)
  }
  private init(_ value: Any) { self.value = value }

  subscript(key: String) -> Golden {
    get throws { Golden(try #require((value as? [String: Any])?[key], "no key \(key)")) }
  }
  var keys: [String] { ((value as? [String: Any])?.keys.sorted()) ?? [] }
  var number: Double { get throws { try #require((value as? NSNumber)?.doubleValue) } }
  var numbers: [Double] { get throws { try #require(value as? [NSNumber]).map(\.doubleValue) } }
  var rows: [[Double]] {
    get throws { try #require(value as? [[NSNumber]]).map { $0.map(\.doubleValue) } }
  }
  /// The numbers of a key such as `[0.3, 0.05]`.
  static func point(_ key: String) -> [Double] {
    key.split(whereSeparator: { "[], ".contains($0) }).compactMap { Double($0) }
  }
}
