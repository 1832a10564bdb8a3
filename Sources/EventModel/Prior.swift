import Diagnostics

extension ThetaSpecification {
  /// Distribution of one parameter.
  public enum Prior: Sendable, Equatable {
    /// One value.
    case fixed(Double)
    /// Uniform between two values.
    case flat(Double, Double)
    /// Uniform in the logarithm between two positive values.
    case logUniform(Double, Double)
    /// Normal, and zero outside of `truncation` where that is given.
    case gauss(mean: Double, standardDeviation: Double, truncation: ClosedRange<Double>? = nil)
  }

  /// The correlation coefficient of two Gaussian parameters, which come in the order of their names.
  public struct Correlation: Sendable, Equatable {
    public var first: String
    public var second: String
    public var coefficient: Double

    public init(_ first: String, _ second: String, _ coefficient: Double) {
      self.first = min(first, second)
      self.second = max(first, second)
      self.coefficient = coefficient
    }
  }
}

/// Reads priors: `flat:a=-1:1,gauss:b=0:0.5,c=0:1:-2:2,b/c=0.3,log:d=1e-3:1,fixed:e=1`.
///
/// The word before a colon holds until the next one.
struct PriorParser {
  private(set) var priors: [String: ThetaSpecification.Prior] = [:]
  private(set) var correlations: [ThetaSpecification.Correlation] = []
  private let text: String

  enum Form: String, CaseIterable {
    case flat, log, gauss, fixed

    var example: String {
      switch self {
      case .flat: "flat:cHW=LOW:HIGH"
      case .log: "log:cHW=LOW:HIGH"
      case .gauss: "gauss:cHW=MEAN:WIDTH or gauss:cHW=MEAN:WIDTH:LOW:HIGH"
      case .fixed: "fixed:cHW=VALUE"
      }
    }
  }

  /// The form whose word a text begins with.
  static func form(of text: some StringProtocol) -> Form? {
    let text = text.trimmed
    return Form.allCases.first { text.hasPrefix($0.rawValue + ":") }
  }

  init(_ text: String) throws {
    self.text = text
    var form = Form.flat
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      var part = part.trimmed
      if let next = Self.form(of: part) {
        form = next
        part = String(part.dropFirst(next.rawValue.count + 1))
      }
      try read(part, form)
    }
    try checkCorrelations()
  }

  private func problem(_ fact: String, _ remedy: String) -> Problem {
    Problem(.usage, fact, remedy: remedy)
  }

  private mutating func read(_ part: String, _ form: Form) throws {
    let pair = part.split(separator: "=", omittingEmptySubsequences: false)
    let numbers =
      pair.count == 2
      ? pair[1].split(separator: ":", omittingEmptySubsequences: false).map { Double($0.trimmed) }
      : []
    let values = numbers.compactMap { $0 }.filter(\.isFinite)
    let name = pair[0].trimmed
    guard !name.isEmpty, !values.isEmpty, values.count == numbers.count else {
      throw problem("'\(part)' in prior '\(text)' is not NAME=NUMBERS", "write \(form.example)")
    }
    if name.contains("/") {
      try readCorrelation(name, values, part)
      return
    }
    guard let prior = try prior(form, values, name) else {
      throw problem(
        "'\(part)' in prior '\(text)' has \(values.count) numbers", "write \(form.example)")
    }
    guard priors.updateValue(prior, forKey: name) == nil else {
      throw problem("parameter '\(name)' is given twice in prior '\(text)'", "name it once")
    }
  }

  private func prior(
    _ form: Form, _ values: [Double], _ name: String
  ) throws -> ThetaSpecification.Prior? {
    func empty(_ why: String) -> Problem { problem("the prior of '\(name)' is empty", why) }
    switch (form, values.count) {
    case (.fixed, 1): return .fixed(values[0])
    case (.flat, 2):
      guard values[0] < values[1] else { throw empty("the first number must be the smaller") }
      return .flat(values[0], values[1])
    case (.log, 2):
      guard 0 < values[0], values[0] < values[1] else {
        throw empty("both numbers must be positive, and the first the smaller")
      }
      return .logUniform(values[0], values[1])
    case (.gauss, 2), (.gauss, 4):
      guard values[1] > 0 else { throw empty("the width must be positive") }
      guard values.count == 4 else {
        return .gauss(mean: values[0], standardDeviation: values[1])
      }
      guard values[2] < values[3] else { throw empty("the first limit must be the smaller") }
      return .gauss(
        mean: values[0], standardDeviation: values[1], truncation: values[2]...values[3])
    default: return nil
    }
  }

  private mutating func readCorrelation(
    _ name: String, _ values: [Double], _ part: String
  ) throws {
    let names = name.split(separator: "/", omittingEmptySubsequences: false).map(\.trimmed)
    guard names.count == 2, names[0] != names[1], values.count == 1, abs(values[0]) < 1 else {
      throw problem(
        "'\(part)' in prior '\(text)' is no correlation between -1 and 1",
        "write gauss:a=0:0.5,b=0:0.2,a/b=0.3")
    }
    let next = ThetaSpecification.Correlation(names[0], names[1], values[0])
    guard !correlations.contains(where: { $0.first == next.first && $0.second == next.second })
    else { throw problem("the correlation '\(name)' is given twice", "give it once") }
    correlations.append(next)
  }

  private func checkCorrelations() throws {
    for name in correlations.flatMap({ [$0.first, $0.second] }) {
      guard case .gauss? = priors[name] else {
        throw problem(
          "'\(name)' in a correlation has no Gaussian prior in '\(text)'",
          "write gauss:a=0:0.5,b=0:0.2,a/b=0.3")
      }
    }
  }
}

extension ThetaSpecification.Prior {
  /// The word that stands before it, and its numbers.
  fileprivate var written: (form: PriorParser.Form, numbers: [Double]) {
    switch self {
    case .fixed(let value): (.fixed, [value])
    case .flat(let low, let high): (.flat, [low, high])
    case .logUniform(let low, let high): (.log, [low, high])
    case .gauss(let mean, let width, nil): (.gauss, [mean, width])
    case .gauss(let mean, let width, let limits?):
      (.gauss, [mean, width, limits.lowerBound, limits.upperBound])
    }
  }
}

extension ThetaSpecification {
  /// Priors as they are written on a command line.
  static func text(_ priors: [String: Prior], _ correlations: [Correlation]) -> String {
    var parts = priors.sorted { $0.key < $1.key }.map { name, prior in
      let (form, numbers) = prior.written
      return "\(form.rawValue):\(name)=" + numbers.map { "\($0)" }.joined(separator: ":")
    }
    parts += correlations.map { "\($0.first)/\($0.second)=\($0.coefficient)" }
    return parts.joined(separator: ",")
  }
}
