import Diagnostics
import Estimators
import EventIO
import EventModel
import Numerics
import TestSupport
import Testing

/// Models in the formats of other programs.
@Suite struct ExportTests {
  private func write(_ ensemble: ModelEnsemble, to path: String) throws {
    try Output.writeDocument(
      Header(kind: .model, document: ensemble.document), to: path, options: OutputOptions())
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    let outcome = run("cat", [path])
    try #require(outcome.status == 0)
    return outcome.output
  }

  /// What the model says, by our own evaluation.
  private func expected(
    _ ensemble: ModelEnsemble, theta: [Double], denominator: [Double] = []
  ) throws -> [Double] {
    let estimator = try Estimator([ensemble], team: ThreadTeam(threads: 1))
    switch estimator.target {
    case .ratio:
      return try estimator.logRatio(
        x: ExportModels.x, theta: ExportModels.points(theta, for: ensemble.first),
        denominator: estimator.hasTwoHypotheses
          ? ExportModels.points(denominator, for: ensemble.first) : nil)
    case .density: return try estimator.logDensity(x: ExportModels.x, theta: theta)
    case .score: return try estimator.score(x: ExportModels.x)
    }
  }

  @Test func theGraphIsWhole() throws {
    let folder = TemporaryFolder()
    #expect(ExportModels.all.count == 54)
    #expect(ExportModels.all.filter { $0.ensemble.members.count == 3 }.count == 12)
    for (name, ensemble) in ExportModels.all {
      let model = ensemble.first
      try write(ensemble, to: folder.file(name + ".onnx"))
      let file = try ONNXFile(bytes(folder.file(name + ".onnx")))
      #expect(file.operatorSet == 13)
      let points =
        model.target == .score ? [] : model.hasTwoHypotheses ? ["theta0", "theta1"] : ["theta"]
      #expect(file.inputs == ["x"] + points, "\(name)")
      let outputs: [Model.Target: String] = [.ratio: "log_r", .density: "log_p", .score: "score"]
      #expect(file.outputs == [outputs[model.target]], "\(name)")
      #expect(file.metadata["observables"] == "x1,x2,x3" && file.metadata["parameters"] == "a,b")
      #expect(file.metadata["method"] == model.method)
      // Every array is there before a node reads it, and is made once.
      var known = Set(file.inputs + file.constants.map(\.name))
      #expect(known.count == file.inputs.count + file.constants.count, "\(name)")
      for node in file.nodes {
        #expect(known.isSuperset(of: node.inputs), "\(name): \(node.operation) \(node.inputs)")
        for output in node.outputs { #expect(known.insert(output).inserted, "\(name): \(output)") }
      }
      #expect(known.isSuperset(of: file.outputs))
      // A runtime warns of arrays that nothing reads.
      if ensemble.calibration != nil {
        let read = Set(file.nodes.flatMap(\.inputs))
        for constant in file.constants { #expect(read.contains(constant.name), "\(name)") }
      }
      let type = model.precision == "float64" ? 11 : 1
      for constant in file.constants {
        #expect(constant.type == type || constant.type == 7, "\(name): \(constant.name)")
        let size = constant.type == 1 ? 4 : 8
        #expect(constant.bytes == size * constant.shape.reduce(1, *), "\(name): \(constant.name)")
      }
    }
  }

  @Test(.needsONNXRuntime) func onnxruntimeSaysTheSame() throws {
    let folder = TemporaryFolder()
    for (name, ensemble) in ExportModels.all {
      try write(ensemble, to: folder.file(name + ".onnx"))
    }
    let outcome = Peers.run(
      script: """
        import sys, numpy, onnxruntime
        rows, names = int(sys.argv[1]), sys.argv[2].split(",")
        x = numpy.array([float(v) for v in sys.argv[3].split(",")]).reshape(rows, -1)
        theta = numpy.array([float(v) for v in sys.argv[4].split(",")]).reshape(rows, -1)
        other = numpy.array([float(v) for v in sys.argv[5].split(",")]).reshape(rows, -1)
        value = float(sys.argv[6])
        for name in names:
          session = onnxruntime.InferenceSession(
            name + ".onnx", providers=["CPUExecutionProvider"])
          kind = numpy.float64 if name.endswith("64") else numpy.float32
          wants = [i.name for i in session.get_inputs()]
          notes = session.get_modelmeta().custom_metadata_map
          names = notes["parameters"].split(",")
          fixed = [names.index(n) for n in notes["fixed_parameters"].split(",") if n]
          for first, second in ((theta, other), (theta[:1], other[:1])):
            first, second = first.astype(kind), second.astype(kind)
            first[:, fixed] = second[:, fixed] = value
            feed = {"x": x.astype(kind), "theta": first, "theta0": first, "theta1": second}
            out = session.run(None, {n: feed[n] for n in wants})[0]
            print(name, *(repr(float(v)) for v in out.ravel()))
        """,
      arguments: [
        "\(ExportModels.rows)", ExportModels.all.map(\.name).joined(separator: ","),
        ExportModels.x.map { "\($0)" }.joined(separator: ","),
        ExportModels.theta.map { "\($0)" }.joined(separator: ","),
        ExportModels.denominators.map { "\($0)" }.joined(separator: ","),
        "\(ExportModels.fixedValue)",
      ], in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 2 * ExportModels.all.count)
    for (k, line) in lines.enumerated() {
      let (name, ensemble) = ExportModels.all[k / 2]
      let count = k % 2 == 0 ? ExportModels.theta.count : 2
      let numbers = line.split(separator: " ").dropFirst().compactMap { Double($0) }
      let own = try expected(
        ensemble, theta: Array(ExportModels.theta.prefix(count)),
        denominator: Array(ExportModels.denominators.prefix(count)))
      #expect(numbers.count == own.count, "\(name)")
      // The rounding of sums of a few tens of terms of size one.
      let tolerance = ensemble.first.precision == "float64" ? 1e-11 : 2e-4
      for (a, b) in zip(numbers, own) {
        #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(name): \(a) \(b)")
      }
    }
  }

  @Test(.needsPython) func numpyReadsEveryArray() throws {
    let folder = TemporaryFolder()
    let model = ModelEnsemble(ExportModels.model(.score, precision: "float64"))
    try write(model, to: folder.file("m.npz"))
    let outcome = Python.run(
      script: """
        import numpy, sys
        f = numpy.load("m.npz")
        x = numpy.array([float(v) for v in sys.argv[1].split(",")]).reshape(-1, 3)
        h = (x - f["model/scaling/x_means"]) / f["model/scaling/x_scales"]
        layers = sum(1 for n in f.files if n.endswith("/weights"))
        for l in range(1, layers + 1):
          h = h @ f[f"network1/layer{l}/weights"].T + f[f"network1/layer{l}/biases"]
          if l < layers: h = numpy.tanh(h)
        assert list(f["model/observables"]) == ["x1", "x2", "x3"], f["model/observables"]
        assert str(f["model/method"]) == "sally" and int(f["model/history/best_epoch"]) == 0
        print(*(repr(float(v)) for v in (h * f["model/scaling/score_scales"]).ravel()))
        """, arguments: [ExportModels.x.map { "\($0)" }.joined(separator: ",")], in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
    let numbers = outcome.text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    let own = try expected(model, theta: [])
    #expect(numbers.count == own.count)
    for (a, b) in zip(numbers, own) { #expect(abs(a - b) < 1e-12 * max(1, abs(b))) }
  }

  @Test func tablesAndOtherKindsAreRefused() throws {
    let folder = TemporaryFolder()
    for (format, path) in [("onnx", "t.onnx"), ("npz", "t.npz")] {
      let problem = #expect(throws: Problem.self) {
        _ = try Output.openTable(
          folder.file(path), header: Header(kind: .events), options: OutputOptions())
      }
      #expect(problem?.kind == .usage && problem?.fact.contains(format) == true)
    }
    let problem = #expect(throws: Problem.self) {
      try Output.writeDocument(
        Header(kind: .setup, document: ExportModels.setup.document()), to: folder.file("s.onnx"),
        options: OutputOptions())
    }
    #expect(problem?.remedy == "use -O hdf5, json or npz")
    var calibrated = ModelEnsemble(ExportModels.model(.ratio))
    calibrated.calibration = Calibration(
      method: .expectation, points: [1, 0, 1, 0], scales: [1, 1], knots: [[0], [0]],
      corrections: [[0], [0.1]], errors: [0, 0], part: .validation, eventsDigest: "")
    let same = #expect(throws: Problem.self) {
      try write(calibrated, to: folder.file("c.onnx"))
    }
    #expect(same?.kind == .data && same?.fact.contains("cannot be told apart") == true)
    #expect(folder.contents.isEmpty)
  }
}
