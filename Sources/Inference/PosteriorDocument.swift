import EventModel

/// What a posterior is of, beside its numbers: the part of the group `posterior` that grids and chains share.
public struct PosteriorHead: Sendable {
  public var limits: Limits
  public var prior: String
  /// Parameters whose prior was cut off at the training range of the models.
  public var capped: [Int]
  public var levels: [Double]
  /// The point that evidence is compared with, and ln L there; θ alone where nuisance parameters are integrated over.
  public var reference: [Double]
  public var referenceLikelihood: Double

  public init(
    limits: Limits, prior: String, capped: [Int], levels: [Double], reference: [Double],
    referenceLikelihood: Double
  ) {
    self.limits = limits
    self.prior = prior
    self.capped = capped
    self.levels = levels
    self.reference = reference
    self.referenceLikelihood = referenceLikelihood
  }

  static let root = "posterior/"

  func document(method: String) -> Document {
    var d = Document()
    let root = Self.root
    d.set(root + "method", method)
    limits.writeHead(to: &d, at: root)
    d.set(root + "data", limits.isExpected ? "expected" : "observed")
    d.set(root + "parameters", limits.parameterNames)
    d.set(root + "units", limits.parameterUnits)
    d.set(root + "theta_true", limits.thetaTrue)
    d.set(root + "event_count", limits.eventCount)
    d.set(root + "prior", prior)
    d.set(root + "capped_parameters", capped.map { limits.parameterNames[$0] })
    d.set(root + "reference", reference)
    d.set(root + "log_likelihood_at_reference", referenceLikelihood)
    return d
  }
}

extension GridPosterior {
  public func document(_ head: PosteriorHead) -> Document {
    var d = head.document(method: "grid")
    let root = PosteriorHead.root
    let shape = axes.map(\.count)
    d.set(root + "axes/parameter", axes.map(\.parameter))
    d.set(root + "axes/lower", axes.map(\.lower))
    d.set(root + "axes/upper", axes.map(\.upper))
    d.set(root + "axes/count", shape)
    d.set(root + "points", points.flatMap { $0 }, shape: [points.count, points[0].count])
    d.set(root + "log_density", logDensity, shape: shape)
    d.set(root + "log_evidence", logEvidence)
    d.set(root + "log_evidence_ratio", logEvidence - head.referenceLikelihood)
    d.set(root + "mean", mean)
    d.set(root + "covariance", covariance, shape: [mean.count, mean.count])
    d.set(root + "map", points[best])
    d.set(root + "hpd/level", regions.map(\.level))
    d.set(root + "hpd/density", regions.map(\.density))
    d.set(root + "hpd/cells", regions.map(\.cells))
    d.set(root + "hpd/size", regions.map(\.size))
    d.set(root + "hpd/is_open", regions.map { $0.reachesBorder ? 1 : 0 })
    let intervals = axes.indices.flatMap { k in
      head.levels.map { level in
        (
          axes[k].parameter, level, centralInterval(k, level: level),
          shortestInterval(k, level: level)
        )
      }
    }
    d.set(root + "intervals/parameter", intervals.map(\.0))
    d.set(root + "intervals/level", intervals.map(\.1))
    d.set(root + "intervals/lower", intervals.map(\.2.lower))
    d.set(root + "intervals/upper", intervals.map(\.2.upper))
    d.set(root + "intervals/hpd_lower", intervals.map(\.3.lower))
    d.set(root + "intervals/hpd_upper", intervals.map(\.3.upper))
    for (axis, marginal) in zip(axes, marginals) {
      d.set(root + "marginals/" + axis.parameter, marginal)
    }
    return d
  }
}

extension PosteriorSamples {
  public func document(_ head: PosteriorHead) -> Document {
    var d = head.document(method: method.rawValue)
    let root = PosteriorHead.root
    d.set(root + "free_parameters", free.map { head.limits.parameterNames[$0] })
    d.set(root + "mean", mean)
    d.set(root + "standard_deviation", standardDeviation)
    d.set(root + "covariance", covariance, shape: [free.count, free.count])
    d.set(root + "map", points[best])
    d.set(root + "r_hat", rHat)
    d.set(root + "effective_size", effectiveSize)
    d.set(root + "acceptance", acceptance)
    d.set(root + "is_converged", isConverged ? 1 : 0)
    let levels = head.levels
    let intervals = free.indices.flatMap { k in
      levels.map { level in (k, level, centralInterval(k, level: level)) }
    }
    d.set(root + "intervals/parameter", intervals.map { head.limits.parameterNames[free[$0.0]] })
    d.set(root + "intervals/level", intervals.map(\.1))
    d.set(root + "intervals/lower", intervals.map(\.2.lower))
    d.set(root + "intervals/upper", intervals.map(\.2.upper))
    d.set(
      root + "samples", points.flatMap { $0 },
      shape: [points.count, head.limits.parameterCount])
    d.set(root + "log_posterior", values)
    d.set(root + "chain", chains)
    return d
  }

  /// The samples as a table: theta, log_posterior, chain.
  public func table(_ head: PosteriorHead) -> (header: Header, batch: Batch) {
    var document = head.document(method: method.rawValue)
    document.set(PosteriorHead.root + "r_hat", rHat)
    document.set(PosteriorHead.root + "effective_size", effectiveSize)
    let header = Header(
      kind: .estimates, document: document,
      fields: [
        Field("theta", components: head.limits.parameterNames), Field("log_posterior"),
        Field("chain", .int32),
      ])
    let batch = Batch(
      count: points.count,
      columns: [
        .float64(points.flatMap { $0 }), .float64(values), .int32(chains.map(Int32.init)),
      ])
    return (header, batch)
  }
}
