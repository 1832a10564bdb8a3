import ArgumentParser
import Diagnostics
import EventModel

extension Plot {
  /// What `--figure` takes where a file holds more than one drawing.
  enum Subject: String, CaseIterable, ExpressibleByArgument {
    case regions
    case pValues = "p-values"
    case impacts, ellipses, bars, distribution
    case effectiveEvents = "effective-events"
  }

  /// The names in --parameters.
  var parameterNames: [String] {
    parameters.map { $0.split(separator: ",").map(String.init) } ?? []
  }

  /// What is drawn of a kind: the first of its drawings, or the one that was asked for.
  @discardableResult
  func requireSubject(_ known: [Subject], of kind: Kind) throws -> Subject? {
    guard let figure else { return known.first }
    guard known.contains(figure) else {
      throw Problem(
        .usage, "of this \(kind.rawValue) file there is no figure '\(figure.rawValue)'",
        remedy: known.isEmpty
          ? "leave --figure away" : "there are " + known.map(\.rawValue).joined(separator: ", "))
    }
    return figure
  }
}
