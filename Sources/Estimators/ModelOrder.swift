import Diagnostics
import EventModel

// The order in the couplings that a model was trained to. The setup of its sample has the polynomial as it was then.
extension Estimator {
  /// The order to which events must be taken to be compared with the model; nil is the whole polynomial.
  ///
  /// Where the sample of the training does not tell, as that of another simulator, it is what the user gives.
  /// - Throws: `.usage` where the user's order is not that of the training.
  public func order(
    for setup: Setup, given: EFTOrder?, file: String? = nil
  ) throws -> EFTOrder? {
    var result = given
    for (model, name) in zip(models, modelNames) {
      let own = Self.terms(model.sample.setup)
      let orders: [EFTOrder?] = [nil, .quadratic, .linear]
      guard let own,
        let trained = orders.first(where: { Self.terms(setup.truncated(to: $0)) == own })
      else { continue }
      guard given == nil || Self.terms(setup.truncated(to: given)) == own else {
        let fact = trained.map { "to \($0.rawValue) order" } ?? "with the whole polynomial"
        throw Problem(
          .usage, "the model was trained \(fact), and not to \(given?.rawValue ?? "this") order",
          remedy: "leave --order away, or train on a sample of 'augment --order'",
          file: name ?? file)
      }
      result = given ?? trained
    }
    return result
  }

  private static func terms(_ setup: Setup) -> Set<[Int]>? {
    setup.morphing.map { Set($0.components) }
  }
}
