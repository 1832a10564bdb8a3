import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics
import Observables

/// Events with the columns that are asked for, after cuts and efficiencies. Beside observables, expressions may name the
/// scores that models estimate: `t_cHW` for the parameter cHW.
struct EventsWithColumns {
  let table: EventTable
  let theta: [Double]
  let digest: String

  init(
    _ source: any Source, columns: [String], selection: SelectionOptions,
    models: [TrainedModel] = [], order: EFTOrder? = nil, partition: Partition? = nil,
    theta resolve: (Setup) throws -> [Double], context: CommandContext
  ) throws {
    let header = source.header
    let setup = try Setup(document: header.document)
    theta = try resolve(setup)
    let field = header.index(of: EventFields.observations)
    let available = field.flatMap { header.fields[$0].components } ?? []
    let scores = models.isEmpty ? [] : setup.parameterNames.map { "t_" + $0 }
    let expressions = try ColumnExpressions(
      columns: columns, cuts: selection.cut, efficiencies: selection.efficiency,
      available: available + scores, file: source.name)
    let usesScores = expressions.inputs.contains { scores.contains($0) }
    var wanted = expressions.inputs.filter { !scores.contains($0) }
    for name in models.flatMap(\.observableNames) where !wanted.contains(name) {
      wanted.append(name)
    }
    var table = try EventTable.load(source, observables: wanted)
    digest = (source as? any DigestedSource)?.contentDigest ?? ContentDigest.of(header)
    table.setup = table.setup.truncated(to: order)
    let part = partition ?? .all
    if part != .all {
      // Weights scaled so that every sample keeps its cross section.
      let (rows, factors) = try table.rows(in: part)
      table = table.selecting(
        rows, scales: rows.map { factors[Int(table.sampleIndices[$0])] })
    }
    if usesScores {
      for model in models {
        model.warnIfTrained(on: part, of: table, digest: digest, journal: context.journal)
      }
      try table.addScores(of: models, at: theta, names: scores)
    }
    self.table = try expressions.apply(to: table, file: source.name)
  }
}
