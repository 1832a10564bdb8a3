import EventModel

/// Expressions of Examples/wh that these tests check by number.
enum WHExpressions {
  /// mt_w is the transverse mass of lepton and missing momentum, √(2 pT(l) pT(miss) (1 − cos Δφ)).
  static let shared = [
    Observable(name: "pt_l", expression: "l[0].pt"),
    Observable(name: "pt_v", expression: "met.pt"),
    Observable(name: "pt_w", expression: "(l[0] + met).pt"),
    Observable(
      name: "mt_w", expression: "sqrt(2 * l[0].pt * met.pt * (1 - cos(l[0].deltaphi(met))))"),
    Observable(name: "m_bb", expression: "(b[0] + b[1]).m"),
  ]
}
