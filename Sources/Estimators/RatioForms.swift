import EventModel
import Networks

/// A likelihood ratio that is a known function of θ and of what a network makes of x.
protocol RatioForm: Sendable {
  /// log r̂ and its derivatives by θ of rows of outputs, at one θ for all rows or one for each.
  func logRatio(outputs: [Double], theta: [Double], gradient: Bool) -> (
    values: [Double], gradient: [Double]
  )
}

extension AmplitudeForm: RatioForm {
  init(_ layout: AmplitudeLayout, centre: [Double]) {
    self.init(
      centre: centre, scales: layout.scales, amplitudes: layout.amplitudes,
      crossSection: zip(layout.crossSectionPowers, layout.crossSectionCoefficients).map {
        Term(powers: $0, coefficient: $1)
      }, frame: layout.frame)
  }

  var layout: AmplitudeLayout {
    AmplitudeLayout(
      scales: scales, amplitudes: amplitudes, crossSectionPowers: crossSection.map(\.powers),
      crossSectionCoefficients: crossSection.map(\.coefficient), frame: frame)
  }
}

extension MorphedForm: RatioForm {
  /// Derivatives are by θ itself.
  init(_ layout: MorphedLayout, parameters: Int) {
    self.init(
      components: layout.powers, coefficients: layout.coefficients,
      scales: [Double](repeating: 1, count: parameters), smoothing: layout.smoothing)
  }

  var layout: MorphedLayout {
    MorphedLayout(powers: components, coefficients: coefficients, smoothing: smoothing)
  }
}
