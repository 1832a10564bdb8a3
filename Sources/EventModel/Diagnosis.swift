import Diagnostics

/// What tests of a model found: checks with their verdicts, and curves to draw. Kept as `estimates` without rows.
public struct Diagnosis: Sendable, Equatable {
  public enum Verdict: String, Sendable, CaseIterable {
    case pass
    /// Off by more than the tolerance, and by more than `significance` standard errors.
    case fail
    /// The standard error is larger than the tolerance: too few events to tell.
    case weak
    /// A number without a right value.
    case note
  }

  /// One number that a right model has at `expected`.
  public struct Check: Sendable, Equatable {
    public var name: String
    /// The point, or empty where the check is of the whole model.
    public var point: String
    public var value: Double
    /// Standard error; 0 where there is none.
    public var error: Double
    /// NaN for a note.
    public var expected: Double
    public var tolerance: Double
    public var verdict: Verdict

    /// A check whose verdict follows from its numbers.
    public init(
      _ name: String, point: String = "", value: Double, error: Double, expected: Double,
      tolerance: Double
    ) {
      let distance = abs(value - expected)
      let verdict: Verdict
      if value.isNaN || distance > tolerance && distance > Diagnosis.significance * error {
        verdict = .fail
      } else {
        verdict = error <= tolerance ? .pass : .weak
      }
      self.init(
        name: name, point: point, value: value, error: error, expected: expected,
        tolerance: tolerance, verdict: verdict)
    }

    /// A number that is only told.
    public init(note name: String, point: String = "", value: Double, error: Double = 0) {
      self.init(
        name: name, point: point, value: value, error: error, expected: .nan, tolerance: .nan,
        verdict: .note)
    }

    private init(
      name: String, point: String, value: Double, error: Double, expected: Double,
      tolerance: Double, verdict: Verdict
    ) {
      self.name = name
      self.point = point
      self.value = value
      self.error = error
      self.expected = expected
      self.tolerance = tolerance
      self.verdict = verdict
    }

    fileprivate init?(_ d: Document, _ i: Int) {
      let path = Diagnosis.path + "checks/"
      guard let names = d.texts(path + "names"), let points = d.texts(path + "points"),
        let verdicts = d.texts(path + "verdicts"), let values = d.reals(path + "values"),
        let errors = d.reals(path + "errors"), let expected = d.reals(path + "expected"),
        let tolerances = d.reals(path + "tolerances"),
        [
          points.count, verdicts.count, values.count, errors.count, expected.count,
          tolerances.count,
        ]
        .allSatisfy({ $0 == names.count }), names.indices.contains(i),
        let verdict = Verdict(rawValue: verdicts[i])
      else { return nil }
      self.init(
        name: names[i], point: points[i], value: values[i], error: errors[i],
        expected: expected[i], tolerance: tolerances[i], verdict: verdict)
    }
  }

  /// Learned quantity against what the events say, in bins of the learned one, and some single events.
  public struct Curve: Sendable, Equatable {
    /// A point of a ratio, a parameter of a score.
    public var name: String
    /// Bin by bin: means of the learned and the joint quantity, and the error of the latter.
    public var learned: [Double]
    public var joint: [Double]
    public var errors: [Double]
    /// Learned and joint quantity of a few events.
    public var eventsLearned: [Double]
    public var eventsJoint: [Double]

    public init(
      name: String, learned: [Double], joint: [Double], errors: [Double],
      eventsLearned: [Double] = [], eventsJoint: [Double] = []
    ) {
      self.name = name
      self.learned = learned
      self.joint = joint
      self.errors = errors
      self.eventsLearned = eventsLearned
      self.eventsJoint = eventsJoint
    }
  }

  /// Standard errors beyond which a deviation counts.
  public static let significance = 4.0
  static let path = "diagnosis/"

  public var target: Model.Target
  public var method: String
  public var events: Int
  public var part: Partition
  public var checks: [Check]
  public var curves: [Curve]

  public init(
    target: Model.Target, method: String, events: Int, part: Partition, checks: [Check],
    curves: [Curve]
  ) {
    self.target = target
    self.method = method
    self.events = events
    self.part = part
    self.checks = checks
    self.curves = curves
  }

  public var failures: Int { checks.count { $0.verdict == .fail } }

  public var document: Document {
    var d = Document()
    let path = Self.path
    d.set(path + "target", target.rawValue)
    d.set(path + "method", method)
    d.set(path + "events", events)
    d.set(path + "part", part.rawValue)
    d.set(path + "failures", failures)
    d.set(path + "checks/names", checks.map(\.name))
    d.set(path + "checks/points", checks.map(\.point))
    d.set(path + "checks/values", checks.map(\.value))
    d.set(path + "checks/errors", checks.map(\.error))
    d.set(path + "checks/expected", checks.map(\.expected))
    d.set(path + "checks/tolerances", checks.map(\.tolerance))
    d.set(path + "checks/verdicts", checks.map(\.verdict.rawValue))
    d.set(path + "curves/names", curves.map(\.name))
    d.set(path + "curves/bins", curves.map(\.learned.count))
    d.set(path + "curves/learned", curves.flatMap(\.learned))
    d.set(path + "curves/joint", curves.flatMap(\.joint))
    d.set(path + "curves/errors", curves.flatMap(\.errors))
    d.set(path + "curves/events", curves.map(\.eventsLearned.count))
    d.set(path + "curves/events_learned", curves.flatMap(\.eventsLearned))
    d.set(path + "curves/events_joint", curves.flatMap(\.eventsJoint))
    return d
  }

  /// Whether estimates are a diagnosis.
  public static func isHeld(by document: Document) -> Bool {
    document.group(String(path.dropLast())) != nil
  }

  public init(document d: Document) throws {
    let path = Self.path
    let broken = Problem(
      .data, "the diagnosis is not whole", remedy: "make it again with evaluate diagnose")
    guard let target = d.text(path + "target").flatMap(Model.Target.init),
      let method = d.text(path + "method"), let events = d.integer(path + "events"),
      let part = d.text(path + "part").flatMap(Partition.init(rawValue:)),
      let names = d.texts(path + "checks/names"), let curves = d.texts(path + "curves/names"),
      let bins = d.integers(path + "curves/bins"), let sizes = d.integers(path + "curves/events"),
      let learned = d.reals(path + "curves/learned"), let joint = d.reals(path + "curves/joint"),
      let errors = d.reals(path + "curves/errors"),
      let eventsLearned = d.reals(path + "curves/events_learned"),
      let eventsJoint = d.reals(path + "curves/events_joint"), bins.count == curves.count,
      sizes.count == curves.count, (bins + sizes).allSatisfy({ $0 >= 0 }),
      [learned, joint, errors].allSatisfy({ $0.count == bins.reduce(0, +) }),
      [eventsLearned, eventsJoint].allSatisfy({ $0.count == sizes.reduce(0, +) })
    else { throw broken }
    self.init(
      target: target, method: method, events: events, part: part,
      checks: try names.indices.map {
        guard let check = Check(d, $0) else { throw broken }
        return check
      }, curves: [])
    var (bin, event) = (0, 0)
    for (i, name) in curves.enumerated() {
      let (b, e) = (bin..<bin + bins[i], event..<event + sizes[i])
      self.curves.append(
        Curve(
          name: name, learned: Array(learned[b]), joint: Array(joint[b]), errors: Array(errors[b]),
          eventsLearned: Array(eventsLearned[e]), eventsJoint: Array(eventsJoint[e])))
      (bin, event) = (b.upperBound, e.upperBound)
    }
  }
}
