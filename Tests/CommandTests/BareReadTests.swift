import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// `lhe-read` without a setup, and the particles that it keeps.
@Suite("lhe-read without a setup")
struct BareReadTests {
  let folder = TemporaryFolder()

  /// Two weights declared, one not, an attribute, scales, and a second process; -4 with two events.
  static let text = """
    <LesHouchesEvents version="3.0">
    <header>
    <initrwgt>
    <weightgroup name='scale'>
    <weight id='1001'>mu=1</weight>
    <weight id='b c'>mu=2</weight>
    </weightgroup>
    </initrwgt>
    </header>
    <init>
    2212 2212 6500 6500 0 0 247000 247000 -4 1
    2.0 0.01 2.0 1
    </init>
    <event npLO=' 1 ' npNLO='-1' trials='3'>
    3 1 +2.0000000e+00 9.1e+01 7.5e-03 1.2D-01
    2 -1 0 0 501 0 0. 0. +1.0e+02 1.0e+02 0. 0. 1.
    -1 -1 0 0 0 501 0. 0. -1.0e+02 1.0e+02 0. 0. -1.
    24 1 1 2 0 0 30.5 40. 0. 200.0 80.4 0. 9.
    <scales muf='50.5' mur='60.25' mups='1'></scales>
    <rwgt>
    <wgt id='1001'> 1.5 </wgt>
    <wgt id='b c'> -2.5 </wgt>
    <wgt id='late'> 7 </wgt>
    </rwgt>
    </event>
    <event>
    2 4 -1.0 9.1e+01 7.5e-03 0.12
    11 1 0 0 0 0 3. 4. 0. 5. 0. 0. 9.
    -11 1 0 0 0 0 -3. -4. 0. 5.0000000000000009 0. 0. 9.
    <rwgt>
    <wgt id='b c'> 0.1 </wgt>
    </rwgt>
    </event>
    </LesHouchesEvents>

    """

  init() { write(Self.text, "a.lhe") }

  func write(_ text: String, _ name: String) {
    _ = run("tee", [folder.file(name)], input: Array(text.utf8))
  }

  func read(_ name: String) throws -> (Header, Batch) {
    let source = try Input.openTable(
      folder.file(name), expecting: [.events], journal: Journal())
    var all = Batch(count: 0, columns: source.header.fields.map(Column.empty))
    while let batch = try source.next() {
      for (i, field) in source.header.fields.enumerated() {
        all.columns[i].append(
          rowsOf: batch.columns[i], from: 0, count: batch.count, width: field.width)
      }
      all.count += batch.count
    }
    return (source.header, all)
  }

  @Test("weights by id in pb, the process, attributes; absent weights are NaN and counted")
  func bare() throws {
    let outcome = shell("lhe-read -v a.lhe -o a.h5", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.contains("2 values of weights beyond benchmarks are missing"))
    let (header, rows) = try read("a.h5")
    func column(_ path: String) -> [Double] {
      header.index(of: path).map { rows.columns[$0].doubles } ?? []
    }
    // IDWTUP -4: the mean is the cross section, so a half of each.
    #expect(column(EventFields.nominal) == [1, -0.5])
    #expect(column(EventFields.process) == [1, 4])
    let weights = header.fields[try #require(header.index(of: EventFields.extraWeights))]
    #expect(weights.components == ["1001", "b c", "late"] && weights.unit == "pb")
    let values = column(EventFields.extraWeights)
    #expect(values[0..<3] == [0.75, -1.25, 3.5] && values[4] == 0.05)
    #expect(values[3].isNaN && values[5].isNaN)
    let attributes = header.fields[try #require(header.index(of: EventFields.attributes))]
    #expect(attributes.components == ["npLO", "npNLO", "trials"])
    #expect(column(EventFields.attributes)[0..<3] == [1, -1, 3])
    let samples = try #require(try SampleTable.read(header.document))
    #expect(samples[0].negativeWeights == 1 && samples[0].weightFactor == 0.5)
    #expect(samples[0].process == "a" && samples[0].effectiveEvents == 0.25 / 1.25)
    let names = header.fields.first { $0.path == EventFields.observations }?.components ?? []
    #expect(names.contains("et_miss") && names.contains("pt_l1"))
    #expect(shell("events check a.h5", in: folder.path).status == 0)
    let info = shell("events info a.h5", in: folder.path).text
    #expect(info.contains("1 (50%)") && info.contains("nominal"))
  }

  @Test("observables and cuts of the command line; a mistake in them is usage")
  func ownObservables() throws {
    let outcome = shell(
      """
      lhe-read --observable 'n=n_particles' --observable 'twice=2*n' --cut 'n > 0' a.lhe -O tsv \
        | cut -f 1-3
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.first == "# observations.n\tobservations.twice\tnominal")
    #expect(lines.count == 3 && lines[2] == "2.0\t4.0\t-0.5")
    for wrong in ["--observable 'n'", "--observable 'n=len('", "--cut 'zzz > 1'"] {
      let outcome = shell("lhe-read \(wrong) a.lhe -o x.h5", in: folder.path)
      #expect(outcome.status == 64, "\(wrong): \(outcome.error)")
      #expect(outcome.error.split(separator: "\n").count == 1)
    }
  }

  @Test("several files have the union of weight ids; one sample twice is refused; stdin is read")
  func several() throws {
    write(
      Self.text.replacing("'1001'", with: "'2002'").replacing(
        "3. 4. 0. 5. 0.", with: "3. 4. 0. 6. 0."
      )
      .replacing("30.5 40.", with: "30.25 40."), "b.lhe")
    let outcome = shell("lhe-read a.lhe --sample tt:b.lhe -o u.h5", in: folder.path)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let (header, rows) = try read("u.h5")
    let at = try #require(header.index(of: EventFields.extraWeights))
    #expect(header.fields[at].components == ["1001", "b c", "late", "2002"])
    let values = rows.columns[at].doubles
    #expect(values[0] == 0.75 && values[3].isNaN && values[8].isNaN && values[11] == 0.75)
    #expect(try SampleTable.read(header.document)?.map(\.process) == ["a", "tt"])
    let twice = shell("cp a.lhe c.lhe; lhe-read a.lhe c.lhe -o x.h5", in: folder.path)
    #expect(twice.status == 65 && twice.error.contains("same sample"))
    let piped = shell("cat a.lhe | lhe-read | events diff - <(lhe-read a.lhe)", in: folder.path)
    // The same rows, but for the file's name and the process after it.
    #expect(piped.status == 1 && !piped.text.contains("row"), "\(piped.text)\(piped.error)")
    let benchmark = shell(
      "lhe-read a.lhe -o a.h5; morph cross-section a.h5 --theta sm", in: folder.path)
    #expect(benchmark.status == 65, "\(benchmark.error)")
    #expect(benchmark.error.contains("lhe-read --setup"))
  }

  @Test("particles: file, stream and back are one content; threads do not matter; HDF5 is LHEH5")
  func particles() throws {
    let outcome = shell(
      """
      set -e
      for n in 1 2 3; do
        lhe-read --particles --no-provenance -@ $n \(Place.root)/Tests/Fixtures/wh_200.lhe.gz -o $n.h5
      done
      cmp 1.h5 2.h5
      cmp 1.h5 3.h5
      events convert 1.h5 | events convert -o 4.h5
      events diff 1.h5 4.h5
      events check 4.h5
      lhe-read --particles a.lhe -o p.h5
      """, in: folder.path)
    #expect(outcome.status == 0 && outcome.text == "", "\(outcome.text)\(outcome.error)")
    let (header, rows) = try read("p.h5")
    let block = try #require(ParticleRows(header))
    #expect(block.weightIDs == ["1001", "b c", "late"])
    #expect(header.index(of: EventFields.extraWeights) == nil)
    var events: [ParticleEvent] = []
    block.forEach(in: rows) { row, event, extras in
      events.append(event)
      if row == 0 {
        #expect(Array(extras.weights) == [1.5, -2.5, 7] && extras.trials == 3)
        #expect(extras.factorisationScale == 50.5 && extras.renormalisationScale == 60.25)
      } else {
        #expect(extras.trials.isNaN && extras.factorisationScale.isNaN)
      }
    }
    #expect(events.map(\.weight) == [2, -1] && events.map(\.processID) == [1, 4])
    #expect(events[0].particles.count == 3 && events[0].particles[1].status == -1)
    #expect(events[0].particles[2].mothers == (1, 2) && events[0].particles[0].colours == (501, 0))
    #expect(events[1].particles[1].momentum.e == 5.0000000000000009)
    #expect(events[0].alphaQCD == 0.12 && events[0].scale == 91)
  }

  @Test("with a setup the weights at benchmarks stay, and the particles stand beside them")
  func particlesWithSetup() throws {
    let setup = Setup(
      name: "toy", parameters: [Parameter(name: "c", lhaBlock: "X", lhaID: 1, range: -1...1)],
      benchmarks: [
        Benchmark(name: "1001", values: [0]), Benchmark(name: "b c", values: [1]),
      ], observables: [Observable(name: "n", expression: "n_particles")])
    try Output.writeDocument(
      Header(kind: .setup, document: setup.document(withReference: false)),
      to: folder.file("setup.h5"), options: OutputOptions(format: .hdf5))
    write(
      Self.text.replacing(
        "<wgt id='b c'> 0.1", with: "<wgt id='1001'> 4 </wgt>\n<wgt id='b c'> 0.1"), "s.lhe")
    let outcome = shell(
      "lhe-read --setup setup.h5 --particles --sample 1001:s.lhe -o s.h5", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let table = try EventTable.load(
      Input.openTable(folder.file("s.h5"), expecting: [.events], journal: Journal()))
    #expect(table.weights == [0.75, -1.25, 2, 0.05])
    let (header, _) = try read("s.h5")
    #expect(ParticleRows(header)?.weightIDs == ["1001", "b c", "late"])
  }

  @Test(
    "pandas and pyarrow get pleasant columns", .needsPython)
  func stream() throws {
    let outcome = shell(
      """
      lhe-read --observable 'pt_l1=l[0].pt' a.lhe | "$PY" -c '
      import sys, pyarrow.ipc as ipc
      t = ipc.open_stream(sys.stdin.buffer).read_all()
      assert t.column_names == ["observations.pt_l1", "nominal", "process", "sample", "event_id",
        "weights.1001", "weights.b c", "weights.late", "attributes.npLO", "attributes.npNLO",
        "attributes.trials"], t.column_names
      assert t["nominal"].to_pylist() == [1, -0.5]
      '
      lhe-read --particles a.lhe | "$PY" -c '
      import sys, pyarrow.ipc as ipc
      t = ipc.open_stream(sys.stdin.buffer).read_all()
      assert [len(p) for p in t["particles"].to_pylist()] == [3, 2]
      assert t["particles"][0].as_py()[2]["px"] == 30.5
      '
      """, in: folder.path, environment: ["PY": Python.interpreter ?? "python3"])
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  /// Files of other generators: events, weight ids, and ΣXWGTUP as pylhe 2.1 sums it.
  static let zoo: [(file: String, events: Int, ids: Int, sum: Double)] = [
    // Nine by id, and three of <weights> without ids, which pylhe passes over.
    ("pylhe-testfile-madgraph-2.0.0-wbj.lhe", 59, 12, 2956.436487),
    ("pylhe-testfile-madgraph-2.2.1-Z-fxfx.lhe.gz", 10000, 0, 33963334.42800314),
    ("pylhe-testfile-madgraph5-3.5.8-pp_to_jj.lhe.gz", 1000, 145, 699670670000),
    ("pylhe-testfile-powheg-box-v2-W.lhe", 100, 1, 491162.28),
    ("pylhe-testfile-powheg-box-v2-directphoton.lhe", 100, 7, 3292693415.2484517),
    ("pylhe-testfile-powheg-box-v2-hvq.lhe", 6, 45, 22290600),
    ("pylhe-testfile-pr29.lhe", 791, 0, 11.567879896400193),
    ("pylhe-testfile-pythia-6.413-ttbar.lhe", 100, 0, 100),
    ("pylhe-testfile-pythia-8.3.14-weakbosons.lhe", 100, 0, 100),
    ("pylhe-testfile-sherpa-3.0.1-eejjj.lhe", 100, 0, 67565.39623599983),
    ("pylhe-testlhef3.lhe", 59, 12, 2956.436487),
  ]

  @Test("every file of other generators is read without options", .needsShared, arguments: zoo)
  func zooFile(file: String, events: Int, ids: Int, sum: Double) throws {
    let outcome = shell(
      "lhe-read --particles \(Place.shared)/lhe-zoo/\(file) -o p.h5 && lhe-read \(Place.shared)/lhe-zoo/\(file) -o w.h5",
      in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let (header, rows) = try read("p.h5")
    let block = try #require(ParticleRows(header))
    #expect(rows.count == events && block.weightIDs.count == ids)
    var total = 0.0
    block.forEach(in: rows) { _, event, _ in total += event.weight }
    // Both add ten thousand doubles or fewer in the same order.
    #expect(relativeError(total, sum) < 1e-12)
    let (bare, weights) = try read("w.h5")
    #expect(weights.count == events)
    let found = bare.index(of: EventFields.extraWeights).map { bare.fields[$0].width } ?? 0
    #expect(found == ids)
    let nominal = weights.columns[try #require(bare.index(of: EventFields.nominal))].doubles
    let record = try #require(try SampleTable.read(bare.document)?.first)
    // The factor of the sample table is what turned one into the other.
    #expect(relativeError(nominal.reduce(0, +), total * (record.weightFactor ?? 0)) < 1e-9)
  }
}
