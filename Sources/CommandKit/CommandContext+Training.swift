import Diagnostics
import EventIO
import EventModel
import Glibc

// What the trainers share: models to continue, and states of trainings that were interrupted.
extension CommandContext {
  /// The model after `--continue`.
  public func continuedModel(_ options: TrainingOptions) throws -> ModelEnsemble? {
    try options.continued.map(readModel)
  }

  /// Where a training keeps its state, and the state that is there already; nil without `--checkpoint`.
  ///
  /// From here on a signal ends the process with 75.
  public func checkpoint(
    _ options: TrainingOptions, output: FileOutputGroup
  ) throws -> (every: Int, document: Document?, file: String?, save: (Document) throws -> Void)? {
    guard let path = options.checkpoint else { return nil }
    guard path != output.output else {
      throw Problem(
        .usage, "state and model cannot be one file", remedy: "give --checkpoint another name",
        file: path)
    }
    var document: Document?
    if access(path, F_OK) == 0 {
      document = try Input.readHeader(
        path, expecting: [.checkpoint], options: InputOptions(), journal: journal
      ).document
    }
    ProcessSetup.endResumably(
      "\(program): error: \(path): interrupted; the same command goes on from here")
    return (
      options.checkpointEvery, document, path,
      { document in
        try Output.writeDocument(
          Header(kind: .checkpoint, document: document), to: path,
          options: OutputOptions(format: .hdf5, provenance: false))
      }
    )
  }

  /// Writes what a training made, and then removes its state.
  public func finishTraining(
    _ model: ModelEnsemble, _ options: TrainingOptions, output: FileOutputGroup
  ) throws {
    try writeDocument(kind: .model, document: model.document, output: output)
    if let path = options.checkpoint { unlink(path) }
  }
}
