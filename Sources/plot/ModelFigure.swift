import Diagnostics
import EventModel

/// The loss of a training, epoch by epoch; of several models the validation loss alone.
struct ModelFigure {
  typealias Entry = (label: String, model: Model)

  static func figure(_ entries: [Entry]) throws -> Figure {
    var panel = Panel(xLabel: AxisLabel(name: "epoch"), yLabel: AxisLabel(name: "mean loss"))
    let isAlone = entries.count == 1
    for (e, entry) in entries.enumerated() {
      let model = entry.model
      guard !model.trainingLoss.isEmpty else {
        throw Problem(.data, "the model holds no loss history", file: entry.label)
      }
      if isAlone || model.validationLoss.isEmpty {
        panel.curves.append(
          curve(isAlone ? "training" : entry.label, model.trainingLoss, isAlone ? 1 : e + 1))
      }
      if !model.validationLoss.isEmpty {
        panel.curves.append(
          curve(isAlone ? "validation" : entry.label, model.validationLoss, isAlone ? 2 : e + 1))
      }
      let history = model.validationLoss.isEmpty ? model.trainingLoss : model.validationLoss
      if history.indices.contains(model.bestEpoch) {
        panel.curves.append(
          Curve(
            label: isAlone ? "best epoch" : "", style: .disc, colour: isAlone ? 2 : e + 1,
            pieces: [.init(x: [Double(model.bestEpoch + 1)], y: [history[model.bestEpoch]])]))
      }
    }
    let title = isAlone ? entries[0].model.method : "validation"
    return Figure(title: title, panels: [panel])
  }

  private static func curve(_ label: String, _ loss: [Double], _ colour: Int) -> Curve {
    Curve(
      label: label, colour: colour,
      pieces: [.init(x: loss.indices.map { Double($0 + 1) }, y: loss)])
  }
}
