import Diagnostics

/// How the networks of a density model, a masked autoregressive flow, follow one another.
public struct FlowLayout: Sendable, Equatable {
  /// For each network the observables, by number, in the order in which they depend on one another.
  public var orders: [[Int]]
  /// Gaussians in the base density of each observable, which the last network describes.
  public var components: Int
  /// B of the log precisions ℓ = B tanh(a/B), where a is an output of a network.
  public var logPrecisionBound: Double

  public init(orders: [[Int]], components: Int, logPrecisionBound: Double) {
    self.orders = orders
    self.components = components
    self.logPrecisionBound = logPrecisionBound
  }

  /// The number of outputs of each network: means and log precisions, of a mixture also log weights.
  public func outputs(observables: Int) -> [Int] {
    orders.indices.map {
      $0 < orders.count - 1 || components == 1 ? 2 * observables : 3 * components * observables
    }
  }

  /// Whether there is a network, and every order is one of all observables.
  func fits(observables: Int) -> Bool {
    !orders.isEmpty && components > 0 && logPrecisionBound > 0
      && orders.allSatisfy { $0.sorted() == Array(0..<observables) }
  }

  func write(to document: inout Document) {
    let width = orders.first?.count ?? 0
    document.set(
      "model/network/orders", orders.flatMap { $0 }, shape: [orders.count, width])
    document.set("model/network/components", components)
    document.set("model/network/log_precision_bound", logPrecisionBound)
  }

  init(document: Document) throws {
    let width = document.texts("model/observables")?.count ?? 0
    guard let orders = document.integers("model/network/orders"),
      let components = document.integer("model/network/components"),
      let bound = document.real("model/network/log_precision_bound"), width > 0,
      orders.count % width == 0
    else {
      throw Problem(
        .data, "the model is not whole", remedy: "train it again",
        place: "dataset model/network/orders")
    }
    self.init(
      orders: stride(from: 0, to: orders.count, by: width).map { Array(orders[$0..<$0 + width]) },
      components: components, logPrecisionBound: bound)
  }
}
