import Diagnostics
import EventModel
import Numerics

extension StrengthScan {
  /// CLs of pseudo-experiments from a table on the grid of one parameter.
  /// - Parameters:
  ///   - null: the hypothesis without signal.
  ///   - data: ln L at all hypotheses of a table, and the nuisance parameters that pseudo-experiments are thrown at.
  public mutating func replaceByToys(
    _ table: ToyTable, null: Int, toys: Int, seed: UInt64, names: [String],
    data: ToyData, team: ThreadTeam, journal: Journal?
  ) throws {
    let points = Array((null + 1)..<table.gridCount)
    func name(_ h: Int) -> String {
      zip(names, table.hypotheses[h]).map { "\($0)=\($1)" }.joined(separator: ",")
    }
    func statistics(_ truth: Int, _ some: [Int], _ purpose: RandomPurpose) throws -> [Double] {
      let drawing = try ToyDrawing(
        table, at: table.hypotheses[truth], nu: data.nu.isEmpty ? nil : data.nu[truth],
        name: name(truth), journal: journal)
      return table.strengthStatistics(
        drawnAt: truth, points: some, null: null, statistic, drawing: drawing, toys: toys,
        seed: seed, purpose: purpose, team: team)
    }
    let background = try statistics(null, points, .experiments)
    var made: [StrengthToys] = []
    for (k, h) in points.enumerated() {
      made.append(
        StrengthToys(
          signal: try statistics(h, [h], .toys),
          background: (0..<toys).map { background[$0 * points.count + k] }))
      journal?.progress("values of the parameter", k + 1, of: points.count)
    }
    replace(
      with: made, count: toys,
      statistics: points.map { h in
        hasData ? table.strengthStatistic(of: data.totals, at: h, null: null, statistic) : .nan
      })
  }
}
