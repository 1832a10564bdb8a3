import EventModel
import Numerics

/// How limits are set from a likelihood.
public struct LimitSettings: Sendable {
  /// What q is measured from.
  public enum Reference: Sendable {
    /// The maximum of the likelihood, fitted between grid points.
    case fit
    /// The best point of the grid.
    case gridMaximum
  }

  /// The axes of the grid; nil takes ±5σ of the information around the maximum, for one or two free parameters.
  public var axes: [GridAxis]?
  /// Parameters kept at a value, by index. All others without an axis are profiled.
  public var fixed: [Int: Double]
  public var levels: [Double]
  /// Nil is the number of gridded parameters.
  public var degreesOfFreedom: Int?
  public var reference: Reference
  /// The space that fits may search, [parameter]; grids widen it.
  public var bounds: [ClosedRange<Double>]
  /// Where else fits start.
  public var starts: [[Double]]
  /// Points of an axis that is not given.
  public var pointsPerAxis: Int
  public var wantsIntervals: Bool
  /// Fits again with each nuisance parameter moved.
  public var wantsImpacts: Bool
  /// Parameters that get an automatic axis, by index; nil is all that are free and no nuisance parameters.
  public var ofInterest: [Int]?

  public init(
    axes: [GridAxis]? = nil, fixed: [Int: Double] = [:], levels: [Double] = [0.68, 0.95],
    degreesOfFreedom: Int? = nil, reference: Reference = .fit, bounds: [ClosedRange<Double>],
    starts: [[Double]] = [], pointsPerAxis: Int = 25, wantsIntervals: Bool = true,
    wantsImpacts: Bool = false, ofInterest: [Int]? = nil
  ) {
    self.wantsImpacts = wantsImpacts
    self.ofInterest = ofInterest
    self.axes = axes
    self.fixed = fixed
    self.levels = levels
    self.degreesOfFreedom = degreesOfFreedom
    self.reference = reference
    self.bounds = bounds
    self.starts = starts
    self.pointsPerAxis = pointsPerAxis
    self.wantsIntervals = wantsIntervals
  }

  /// q at the border of the region of a level.
  func threshold(_ level: Double, _ limits: Limits) -> Double {
    ChiSquare(degreesOfFreedom: limits.degreesOfFreedom).quantile(level)
  }
}
