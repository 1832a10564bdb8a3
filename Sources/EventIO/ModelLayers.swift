import EventModel

/// One layer of a network: weights row-major [output][input], and biases.
struct ModelLayer {
  var inputs: Int
  var outputs: Int
  var weights: [Double]
  var biases: [Double]
}

extension Model {
  /// The layers of each network, in the order in which data go through them; one network but for a density.
  var networks: [[ModelLayer]] {
    let last = layerWidths[layerWidths.count - 1]
    let ends = flow?.outputs(observables: observableNames.count) ?? [last]
    var rest = parameters[...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    return ends.map { outputs in
      let widths = layerWidths.dropLast() + [outputs]
      return zip(widths, widths.dropFirst()).map { inputs, outputs in
        let weights = take(inputs * outputs)
        return ModelLayer(
          inputs: inputs, outputs: outputs, weights: weights, biases: take(outputs))
      }
    }
  }
}
