import Diagnostics
import EventModel

/// A likelihood of some events, with what a result says of it.
public struct LimitChannel {
  let source: LimitSource
  let likelihood: any LogLikelihood
  /// What it is of; nothing that follows from the likelihood.
  let head: Limits
  /// Ratio models that the likelihood is made of.
  var models: [any RatioEvaluator] = []

  var name: String { source.simulation.file ?? "events" }
}

/// The fit of one channel, or of several together: minima, regions and intervals are those of the sum of −2 ln L.
public struct ChannelFit {
  private let channels: [LimitChannel]
  private let parameters: LimitParameters
  private let journal: Journal?

  /// At least one channel.
  /// - Throws: `.data` where parameters differ.
  public init(_ channels: [LimitChannel], journal: Journal? = nil) throws {
    precondition(!channels.isEmpty)
    self.channels = channels
    self.journal = journal
    parameters = try LimitParameters(
      joining: channels.map { ($0.source.parameters, $0.name) })
  }

  public func run(_ given: LimitSettings) throws -> Limits {
    let head = head()
    var settings = given
    let nominal = head.isExpected ? head.thetaTrue : parameters.origin
    settings.starts = [nominal] + settings.starts
    settings.bounds += parameters.otherBounds
    for channel in channels { settings = try channel.narrowed(settings, parameters.names) }
    let constrained = ConstrainedLikelihood(
      likelihood, parameters.constraints,
      found: head.isExpected ? parameters.trueNuisances : nil)
    var result = try LimitCalculation(
      constrained, names: parameters.names, settings: settings, journal: journal
    ).run(head)
    result.bins = channels.flatMap { bins($0, nominal, result.bestFit) }
    if !result.bins.isEmpty {
      warnAboutBins(result, hasFreeBins: channels[0].source.options.includesStatistics)
    }
    // Of a true point that --fix leaves out there is nothing to say.
    if result.isExpected, given.fixed.allSatisfy({ $0.value == result.thetaTrue[$0.key] }) {
      let value = try constrained.evaluate(at: result.thetaTrue, gradient: false).total
      result.qTrue = max(0, -2 * value - result.minimum)
    }
    for channel in channels where !channel.models.isEmpty {
      channel.warnOutside(result, journal)
    }
    if result.isExpected, channels.contains(where: { !$0.models.isEmpty }) {
      warnAboutNoise(result)
    }
    return result
  }

  private var likelihood: any LogLikelihood {
    guard channels.count > 1 else { return channels[0].likelihood }
    return JointLikelihood(
      channels: channels.map {
        ($0.likelihood, parameters.places(of: $0.source.parameters), $0.head.eventCount)
      }, parameterCount: parameters.names.count)
  }

  /// What all channels have in common, and the sums over them.
  private func head() -> Limits {
    var head = channels[0].head
    guard channels.count > 1 else { return head }
    let heads = channels.map(\.head)
    head.mode = Set(heads.map(\.mode)).count == 1 ? head.mode : .combined
    head.parameterNames = parameters.names
    head.parameterUnits = parameters.units
    head.nuisance = parameters.nuisanceRecords
    if head.isExpected {
      head.thetaTrue = parameters.names.map { name in
        heads.lazy.compactMap { head in
          head.parameterNames.firstIndex(of: name).map { head.thetaTrue[$0] }
        }.first ?? .nan
      }
    }
    head.eventCount = heads.reduce(0) { $0 + $1.eventCount }
    head.events = heads.reduce(0) { $0 + $1.events }
    head.effectiveEvents = heads.map(\.effectiveEvents).min() ?? 0
    // Bins of one channel say nothing of another: notes do.
    (head.observables, head.edges) = ([], [])
    head.notes += channels.map {
      Limits.channelNote($0.name, $0.head.mode, observables: $0.head.observables)
    }
    return head
  }

  private func bins(
    _ channel: LimitChannel, _ nominal: [Double], _ bestFit: [Double]
  ) -> [Limits.Bin] {
    guard let binned = channel.likelihood as? BinnedLikelihood else { return [] }
    let places = parameters.places(of: channel.source.parameters)
    let bins = binned.contents(
      prefit: places.map { nominal[$0] }, postfit: places.map { bestFit[$0] })
    guard channels.count > 1 else { return bins }
    return bins.map { bin in
      var named = bin
      named.label = "\(channel.name): \(bin.label)"
      return named
    }
  }

  /// Templates of too few simulated events, and contents too low for χ².
  private func warnAboutBins(_ limits: Limits, hasFreeBins: Bool) {
    let poor = limits.bins.filter { $0.postfit * $0.postfit < 10 * $0.error * $0.error }
    if let first = poor.first, !hasFreeBins {
      LimitWarnings.warnAboutSimulation(
        poor.count, of: limits.bins.count, such: first.label,
        remedy: "join bins, or let them vary with --mc-statistics", journal)
    }
    let low = limits.bins.filter { $0.postfit < 1 }
    if let first = low.first, limits.bins.count > 1, limits.eventCount.rounded() >= 10 {
      journal?.warn(
        "limits.asymptotic",
        "less than 1 event is expected in \(low.count) of \(limits.bins.count) bins, such as \(first.label); check p-values with toys"
      )
    }
  }

  private func warnAboutNoise(_ limits: Limits) {
    let number = LimitCalculation.rounded
    if limits.qTrue > 0.5 {
      journal?.warn(
        "limits.noise",
        "q at the true point is \(number(limits.qTrue)), not 0: the Asimov set is too noisy or log r is biased; use more events or less luminosity"
      )
    } else if limits.eventCount > limits.effectiveEvents / 10 {
      journal?.warn(
        "limits.noise",
        "\(number(limits.effectiveEvents)) effective events stand for \(number(limits.eventCount)) expected ones; use ten times as many, or less luminosity"
      )
    }
  }
}

extension Limits {
  /// What a result of several channels says of one.
  static func channelNote(_ name: String, _ mode: Mode, observables: [String]) -> String {
    "channel: \(name) (\(mode.rawValue)"
      + (observables.isEmpty ? ")" : " of \(observables.joined(separator: ", ")))")
  }
}

extension LimitChannel {
  /// Fits stay where the models were trained; a parameter that was never varied is fixed unless it has an axis.
  /// - Parameter names: of all parameters of the fit.
  fileprivate func narrowed(_ settings: LimitSettings, _ names: [String]) throws -> LimitSettings {
    guard !models.isEmpty else { return settings }
    let theory = source.setup.parameters.count
    var result = settings
    for model in models where !model.thetaRange.isEmpty {
      for (name, range) in zip(model.parameterNames, model.thetaRange) {
        guard let p = names.firstIndex(of: name) else { continue }
        let hasAxis = settings.axes?.contains { $0.parameter == name } ?? false
        if range.lowerBound == range.upperBound {
          if !hasAxis, result.fixed[p] == nil { result.fixed[p] = range.lowerBound }
        } else {
          let bound = result.bounds[p].clamped(to: range)
          if bound.lowerBound < bound.upperBound { result.bounds[p] = bound }
        }
      }
    }
    guard settings.axes != nil || (0..<theory).contains(where: { result.fixed[$0] == nil }) else {
      throw Problem(
        .data, "the models know one value of each parameter, so there is nothing to fit",
        remedy: "test points with 'limits points', or train on more of them",
        file: models.first?.name)
    }
    return result
  }

  fileprivate func warnOutside(_ limits: Limits, _ journal: Journal?) {
    let n = limits.parameterCount
    let theta = source.setup.parameterNames.compactMap(limits.parameterNames.firstIndex)
    let points = (0..<limits.pointCount).map { point in
      theta.map { limits.points[point * n + $0] }
    }
    for model in models { LimitWarnings.warnAboutRange(model, points, journal) }
  }
}
