import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

/// Files that MadMiner wrote, and what h5py reads in them.
@Suite(.needsShared) struct GoldenFileTests {
  static let events = Place.shared + "/golden/events/"

  /// Sums of all values, as h5py and numpy give them; tolerance: the order of the additions.
  @Test(
    .needsPython,
    arguments: [
      "golden/events/example.h5", "golden/events/example_fd.h5", "golden/inference/toy_mc.h5",
    ])
  func numbersAreThoseOfH5py(file: String) throws {
    let path = Place.shared + "/" + file
    let outcome = Python.run(
      script: """
        import h5py, sys, numpy as np
        f = h5py.File(sys.argv[1])
        for name in ('observations', 'weights', 'sampling_benchmarks'):
            a = np.nan_to_num(f['samples/' + name][()])
            print(name, a.shape[0], 1 if a.ndim == 1 else a.shape[1], repr(float(a.sum())), repr(float(a.ravel()[-1])))
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    let journal = Journal()
    let source = try Tables.open(path, journal: journal)
    #expect(source.header.kind == .events)
    #expect(journal.warnings.isEmpty)
    let rows = try Tables.rows(source)
    let lines = outcome.text.split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
    #expect(lines.count == source.header.fields.count)
    for (line, (field, column)) in zip(lines, zip(source.header.fields, rows.columns)) {
      #expect(field.path == "samples/" + line[0])
      #expect(rows.count == Int(line[1]) && field.width == Int(line[2]))
      let values = column.doubles.map { $0.isNaN ? 0 : $0 }
      #expect(relativeError(values.reduce(0, +), Double(line[3]) ?? .nan) < 1e-12)
      #expect(values.last == Double(line[4]))
    }
  }

  @Test func setupAndEventsOfMadMinerOpen() throws {
    let setup = try Input.readHeader(
      Self.events + "setup.h5", expecting: [.setup], journal: Journal())
    #expect(setup.kind == .setup)
    let model = try Setup(document: setup.document)
    let table = try EventTable.load(Tables.open(Self.events + "example.h5"))
    #expect(table.setup.parameters.map(\.name) == model.parameters.map(\.name))
    #expect(table.count > 0 && table.weights.count == table.count * table.weightCount)
    #expect(table.observableNames.count > 0)
  }
}

/// Variants of MadMiner's layout that h5py, other versions and other programs write.
@Suite(.needsPython) struct ForeignHDF5Tests {
  let folder = TemporaryFolder()

  /// Makes a small events file; `more` is Python that changes it.
  private func make(_ more: String, _ name: String = "f.h5") -> String {
    let path = folder.file(name)
    let outcome = Python.run(
      script: """
        import h5py, numpy as np, sys
        f = h5py.File(sys.argv[1], 'w')
        S = 'S256'
        f['parameters/names'] = np.array([b'a', b'b'], S)
        f['parameters/lha_blocks'] = np.array([b'x', b'x'], S)
        f['parameters/lha_ids'] = np.array([1, 2])
        f['parameters/max_power'] = np.array([2, 2])
        f['parameters/val_ranges'] = np.array([[-1., 1.], [-1., 1.]])
        f['parameters/transforms'] = np.array([b'theta', b'theta'], S)
        f['benchmarks/names'] = np.array([b'sm', b'w'], S)
        f['benchmarks/values'] = np.array([[0., 0.], [1., 0.]])
        f['observables/names'] = np.array([b'pt'], S)
        f['samples/observations'] = np.arange(10.).reshape(10, 1)
        f['samples/weights'] = np.arange(20.).reshape(10, 2)
        f['samples/sampling_benchmarks'] = np.zeros(10, np.int64)
        def replace(name, value, **more):
            del f[name]
            f.create_dataset(name, data=value, **more)
        \(more)
        f.close()
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    return path
  }

  @Test(arguments: [
    "pass", "replace('parameters/names', np.array([b'a', b'b'], 'S8'))",
    "replace('parameters/names', ['a', 'b'], dtype=h5py.string_dtype())",
    "replace('parameters/names', [b'a', b'b'], dtype=h5py.string_dtype('utf-8', 12))",
    "replace('samples/weights', f['samples/weights'][()].astype('f4'), chunks=(3, 1), compression='gzip', shuffle=True)",
    "replace('samples/weights', f['samples/weights'][()].astype('>f8'))",
    "replace('samples/sampling_benchmarks', np.zeros(10, np.int32))",
    "f['extra/group/deep'] = np.zeros((3, 4, 5)); f['parameters'].attrs['x'] = 3",
    "f['extra'] = h5py.SoftLink('/nowhere'); f['parameters/loop'] = f['parameters']",
    "f['extra'] = h5py.ExternalLink('other.h5', '/'); f['benchmarks/odd'] = np.array([1+2j])",
  ])
  func variantsAreRead(change: String) throws {
    // A group that holds itself is refused by its depth, not read for ever.
    let path = make(change)
    if change.contains("loop") {
      #expect(Tables.problem(reading: path)?.kind == .data)
      return
    }
    let table = try EventTable.load(Tables.open(path))
    #expect(table.setup.parameters.map(\.name) == ["a", "b"])
    #expect(table.weights == (0..<20).map(Double.init))
    #expect(table.observations == (0..<10).map(Double.init))
  }

  @Test(arguments: [
    ("replace('samples/observations', np.zeros((9, 1)))", "rows"),
    ("replace('samples/weights', np.zeros((10, 3)))", "3 columns"),
    ("replace('samples/weights', np.zeros((10, 2, 2)))", "axes"),
    ("replace('samples/weights', np.array([[b'a', b'b']] * 10))", "no numbers"),
    ("del f['samples/weights']; f.create_group('samples/weights')", "no such dataset"),
    ("del f['samples/weights']; f['samples/weights'] = h5py.ExternalLink('o.h5', '/w')", "inside"),
    (
      "del f['samples/weights']; f.create_dataset('samples/weights', (1 << 40, 2), chunks=(1024, 2))",
      "does not hold them"
    ),
    ("del f['parameters/names']; del f['samples']", "something else"),
    ("replace('parameters/lha_ids', h5py.Empty('i8'))", "no values"),
    (
      "del f['parameters/lha_ids']; f.create_dataset('parameters/lha_ids', (1 << 45,), 'i8', chunks=(8,))",
      "claims"
    ),
  ])
  func badFilesAreRefused(change: String, fact: String) {
    let problem = Tables.problem(reading: make(change))
    #expect(problem?.kind == .data)
    #expect(problem?.line.contains(fact) == true, "\(problem?.line ?? "nothing")")
  }

  @Test func anotherProgramsRowsSetOurGroupAside() throws {
    let path = folder.file("t.h5")
    try Tables.write(100, to: path)
    let outcome = Python.run(
      script: """
        import h5py, sys
        f = h5py.File(sys.argv[1], 'r+')
        f['samples/weights'][...] = f['samples/weights'][()][::-1]
        f.close()
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    let journal = Journal()
    let source = try Tables.open(path, journal: journal)
    #expect(journal.warnings.count == 1)
    #expect(source.header.kind == .events)
    #expect(source.header.document.group("sluice") == nil)
    #expect(
      source.header.fields.map(\.path)
        == ["samples/observations", "samples/weights", "samples/sampling_benchmarks"])
    #expect(try Tables.rows(source).count == 100)
  }

  @Test func rowsAddedToASetupOfOursAreEvents() throws {
    let path = folder.file("t.h5")
    try Output.writeDocument(
      Header(kind: .setup, document: Tables.setup.document(withReference: false)), to: path,
      options: .init())
    let outcome = Python.run(
      script: """
        import h5py, sys, numpy as np
        f = h5py.File(sys.argv[1], 'r+')
        f['samples/observations'] = np.zeros((4, 2))
        f['samples/weights'] = np.ones((4, 2))
        f.close()
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    let journal = Journal()
    let source = try Tables.open(path, journal: journal)
    #expect(source.header.kind == .events)
    #expect(journal.warnings.isEmpty)
    #expect(try Setup(document: source.header.document).observables.first?.unit == "GeV")
  }

  @Test func h5pyReadsOurFile() throws {
    let path = folder.file("t.h5")
    try Tables.write(70_000, to: path)
    let outcome = Python.run(
      script: """
        import h5py, sys
        f = h5py.File(sys.argv[1])
        w = f['samples/weights']
        assert w.shape == (70000, 2) and w.dtype == '<f8' and w.chunks[0] == 65536 and w.maxshape[0] is None
        assert w[69999, 0] == 1e-3 * 69999 and w.compression is None
        assert list(w.attrs['components']) == ['sm', 'w'] and w.attrs['unit'] == 'pb'
        assert f['parameters/names'].dtype == 'S256' and f['parameters/names'][1] == b'cHq3'
        assert f['parameters/val_ranges'].shape == (2, 2)
        assert f['samples/sampling_benchmarks'][4] == 0
        assert f['sluice/kind'][()] == b'events' and f['sluice/format_version'][()] == 1
        assert f['sluice/content/rows'][()] == 70000
        assert f['sluice/provenance/program'][0] == b'lhe-read'
        assert f['sluice/rows/sample'].dtype == '<i4'
        assert f['sluice/setup/observable_expressions'][1].decode() == 'größe'
        """, arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  @Test func newerVersionsAreRefused() throws {
    let path = folder.file("t.h5")
    try Tables.write(3, to: path)
    let outcome = Python.run(
      script:
        "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); f['sluice/format_version'][()] = 2",
      arguments: [path])
    #expect(outcome.status == 0, "\(outcome.error)")
    let problem = Tables.problem(reading: path)
    #expect(problem?.kind == .data && problem?.fact.contains("version 2") == true)
  }
}

/// Truncated HDF5: the end that the file states is checked before anything is read.
@Suite struct TruncatedHDF5Tests {
  let folder = TemporaryFolder()

  @Test func cutsAreRefused() throws {
    let (whole, cut) = (folder.file("t.h5"), folder.file("c.h5"))
    try Tables.write(20, to: whole)
    let bytes = try Tables.bytes(whole)
    for n in Array(0..<64) + Array(stride(from: 64, to: bytes.count, by: 97)) + [bytes.count - 1] {
      try Tables.save(bytes[0..<n], to: cut)
      let problem = Tables.problem(reading: cut)
      #expect(problem?.kind == .data, "cut at \(n)")
      if n > 64 { #expect(problem?.fact.contains("\(n) bytes of \(bytes.count)") == true) }
    }
    #expect(Tables.problem(reading: whole) == nil)
  }

  @Test func whatItLooksLikeIsSaid() throws {
    let path = folder.file("t")
    for (text, fact, remedy) in [
      ("<LesHouchesEvents version=\"3.0\">\n", "Les Houches", "lhe-read"),
      ("", "empty", "write it"),
      ("Dear reader,\nhello\n", "column 2 has no name", "letters"),
      ("{\"a\": 1}", "JSON", "commands"),
      ("\u{1}\u{2}\u{3}abcdefgh", "no known format", "commands"),
    ] {
      try Tables.save(Array(text.utf8), to: path)
      let problem = Tables.problem(reading: path)
      #expect(problem?.kind == .data)
      #expect(problem?.fact.contains(fact) == true, "\(problem?.line ?? "")")
      #expect(problem?.line.contains(remedy) == true, "\(problem?.line ?? "")")
    }
    try Tables.write(3, to: folder.file("t.h5"))
    #expect(run("gzip", [folder.file("t.h5")]).status == 0)
    #expect(Tables.problem(reading: folder.file("t.h5.gz"))?.remedy?.contains("gunzip") == true)
    #expect(Tables.problem(reading: folder.file("none"))?.kind == .noInput)
  }

  @Test func wrongKindsAreNamed() throws {
    let path = folder.file("t.h5")
    try Tables.write(3, to: path)
    do {
      _ = try Input.readHeader(path, expecting: [.setup], journal: Journal())
      Issue.record("events passed for a setup")
    } catch let problem as Problem {
      #expect(problem.kind == .data && problem.fact.contains("events, where setup"))
    }
  }
}
