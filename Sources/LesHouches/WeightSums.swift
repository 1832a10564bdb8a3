/// What a file's weights are known by once all its events are counted: sums of the sampling weight before cuts.
public struct WeightSums: Sendable, Equatable {
  /// The events of one process (IDPRUP) in one document of the file.
  public struct Part: Sendable, Equatable {
    public var process: Int
    public var document: Int
    public var count = 0
    /// Events whose weight is negative.
    public var negative = 0
    /// Σw, Σ|w| and Σw².
    public var sum = 0.0
    public var sumAbsolute = 0.0
    public var sumSquares = 0.0
    /// Σ of the attribute `trials`; 0 where events have none.
    public var trials = 0.0

    @inline(__always)
    mutating func add(_ weight: Double, trials: Double) {
      count += 1
      if weight < 0 { negative += 1 }
      sum += weight
      sumAbsolute += abs(weight)
      sumSquares += weight * weight
      self.trials += trials
    }

    func scaled(by factor: Double) -> Part {
      var part = self
      part.sum *= factor
      part.sumAbsolute *= abs(factor)
      part.sumSquares *= factor * factor
      if factor < 0 { part.negative = count - negative }
      return part
    }
  }
  /// The events that the file's were selected from, where it holds only some of them.
  public struct Selected: Sendable, Equatable {
    /// Their number.
    public var events: Double
    /// Σw and Σ trials of them, where known.
    public var weight: Double?
    public var trials: Double?
    /// Their share of the events of the run: below 1 for one part of a split run. It matters where weights add up to the
    /// cross section of the run.
    public var shareOfRun: Double?
    /// Those of each process, where there are several and they are known.
    public var processes: [Int: SelectionRecord.Sums] = [:]

    public init(
      events: Double, weight: Double? = nil, trials: Double? = nil, shareOfRun: Double? = nil,
      processes: [Int: SelectionRecord.Sums] = [:]
    ) {
      self.events = events
      self.weight = weight
      self.trials = trials
      self.shareOfRun = shareOfRun
      self.processes = processes
    }
  }
  /// What the file itself says about a selection.
  public var selected: Selected?
  /// In the order of their first events.
  public private(set) var parts: [Part] = []
  private var last = 0
  /// Number, from 1, of the first event without `trials` and of the first whose are no positive integer.
  private var firstWithoutTrials: Int?
  private var firstBadTrials: Int?
  /// Events whose trials are 0, as files have it whose format wants the number and whose generator does not.
  private var zeroTrials = 0

  public init() {}

  /// Counts an event; returns the index of its part. `trials` is nil where the event has no such attribute, and NaN where
  /// it is no positive integer.
  @discardableResult
  public mutating func add(
    _ weight: Double, process: Int = 0, document: Int = 0, trials: Double? = nil
  ) -> Int {
    if last >= parts.count || parts[last].process != process || parts[last].document != document {
      last = index(process, document)
    }
    guard let trials, trials > 0 else {
      parts[last].add(weight, trials: 0)
      if trials == nil {
        firstWithoutTrials = firstWithoutTrials ?? count
      } else {
        firstBadTrials = firstBadTrials ?? count
        if trials == 0 { zeroTrials += 1 }
      }
      return last
    }
    parts[last].add(weight, trials: trials)
    return last
  }

  mutating func append(_ part: Part) { parts.append(part) }

  private mutating func index(_ process: Int, _ document: Int) -> Int {
    if let found = parts.firstIndex(where: { $0.process == process && $0.document == document }) {
      return found
    }
    parts.append(Part(process: process, document: document))
    return parts.count - 1
  }

  /// Events in the file.
  public var count: Int { parts.reduce(0) { $0 + $1.count } }
  public var negative: Int { parts.reduce(0) { $0 + $1.negative } }
  /// Σw, Σ|w| and Σw² of the sampling weight, as the file has it.
  public var sum: Double { parts.reduce(0) { $0 + $1.sum } }
  public var sumAbsolute: Double { parts.reduce(0) { $0 + $1.sumAbsolute } }
  public var sumSquares: Double { parts.reduce(0) { $0 + $1.sumSquares } }
  /// Σ of the attribute `trials`; nil where events have none.
  public var trials: Double? {
    let sum = parts.reduce(0) { $0 + $1.trials }
    return sum > 0 ? sum : nil
  }
  /// What is wrong with the attribute `trials`; nil where all events have it, or none has or all are 0.
  var trialsFault: String? {
    if zeroTrials == count { return nil }
    if let event = firstBadTrials {
      return "the trials of event \(event) are no positive integer"
    }
    guard let event = firstWithoutTrials, trials != nil else { return nil }
    return "event \(event) has no trials, and others have"
  }
  /// Kish's effective number of events, (Σw)²/Σw².
  public var effectiveCount: Double { sumSquares > 0 ? sum * sum / sumSquares : 0 }

  var processes: Set<Int> { Set(parts.map(\.process)) }
  /// The sums of one process, or of one document.
  func process(_ process: Int) -> WeightSums { filtered { $0.process == process } }
  func document(_ document: Int) -> WeightSums { filtered { $0.document == document } }

  private func filtered(_ isWanted: (Part) -> Bool) -> WeightSums {
    var result = WeightSums()
    result.parts = parts.filter(isWanted)
    return result
  }
}
