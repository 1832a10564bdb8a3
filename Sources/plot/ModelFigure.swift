import Diagnostics
import EventModel

/// The loss of a training, epoch by epoch; of several models the validation loss alone. Members of an ensemble are curves of
/// one colour.
struct ModelFigure {
  typealias Entry = (label: String, ensemble: ModelEnsemble)

  static func figure(_ entries: [Entry]) throws -> Figure {
    var panel = Panel(xLabel: AxisLabel(name: "epoch"), yLabel: AxisLabel(name: "mean loss"))
    let isAlone = entries.count == 1
    for (e, entry) in entries.enumerated() {
      for (m, model) in entry.ensemble.members.enumerated() {
        guard !model.trainingLoss.isEmpty else {
          throw Problem(.data, "the model holds no loss history", file: entry.label)
        }
        // The first member of an ensemble names them all.
        let name = { (text: String) in m == 0 ? text : "" }
        if isAlone || model.validationLoss.isEmpty {
          panel.curves.append(
            curve(
              name(isAlone ? "training" : entry.label), model.trainingLoss, isAlone ? 1 : e + 1))
        }
        if !model.validationLoss.isEmpty {
          panel.curves.append(
            curve(
              name(isAlone ? "validation" : entry.label), model.validationLoss,
              isAlone ? 2 : e + 1))
        }
        let history = model.validationLoss.isEmpty ? model.trainingLoss : model.validationLoss
        if history.indices.contains(model.bestEpoch) {
          panel.curves.append(
            Curve(
              label: name(isAlone ? "best epoch" : ""), style: .disc, colour: isAlone ? 2 : e + 1,
              pieces: [.init(x: [Double(model.bestEpoch + 1)], y: [history[model.bestEpoch]])]))
        }
      }
    }
    let title = isAlone ? entries[0].ensemble.first.method : "validation"
    return Figure(title: title, panels: [panel])
  }

  private static func curve(_ label: String, _ loss: [Double], _ colour: Int) -> Curve {
    Curve(
      label: label, colour: colour,
      pieces: [.init(x: loss.indices.map { Double($0 + 1) }, y: loss)])
  }
}
