import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// LHEH5 files: ours for pylhe, pylhe's and others' for us.
@Suite("LHEH5")
struct LHEH5Tests {
  let folder = TemporaryFolder()

  init() { _ = run("tee", [folder.file("a.lhe")], input: Array(BareReadTests.text.utf8)) }

  /// What pylhe makes of a file: events, particles, weights by id, init; NaN and absence are the same, and the values of
  /// `<weights>` without ids, which it passes over in LHE files, do not count.
  static let dump = """
    import sys, pylhe
    def dump(path):
        l = pylhe.LHEFile.fromfile(path)
        i, rows = l.init.initInfo, []
        procs = [(p.procId, p.xSection, p.error, p.unitWeight) for p in l.init.procInfo]
        head = (i.beamA, i.beamB, i.energyA, i.energyB, i.PDFgroupA, i.PDFsetA, i.weightingStrategy)
        for e in l.events:
            v = e.eventinfo
            rows.append(((v.pid, v.nparticles, v.weight, v.scale, v.aqed, v.aqcd),
                [tuple(getattr(p, n) for n in 'id status mother1 mother2 color1 color2 px py pz e m lifetime spin'.split())
                    for p in e.particles],
                {k: w for k, w in e.weights.items() if w == w and not k.startswith('weights.')}))
        return head, procs, rows
    a, b = dump(sys.argv[1]), dump(sys.argv[2])
    assert a[0] == b[0], (a[0], b[0])
    assert a[1] == b[1], (a[1], b[1])
    assert len(a[2]) == len(b[2]), (len(a[2]), len(b[2]))
    for x, y in zip(a[2], b[2]): assert x == y, (x, y)
    """

  @Test(
    "pylhe gets from our events file with particles, and from our LHEH5, what it gets from the LHE",
    .needsPylhe, .needsShared, arguments: BareReadTests.zoo.map(\.file))
  func pylheReadsOurs(file: String) throws {
    let path = "\(Place.shared)/lhe-zoo/\(file)"
    let outcome = shell(
      "lhe-read --particles \(path) -o e.h5 && lhe-read --particles \(path) -o p.lheh5",
      in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    for made in ["e.h5", "p.lheh5"] {
      let check = Pylhe.run(script: Self.dump, arguments: [path, made], in: folder.path)
      #expect(check.status == 0, "\(made): \(check.error.suffix(600))")
    }
  }

  @Test(
    "we get from pylhe's LHEH5, and from our own, what we get from the LHE",
    .needsPylhe, .needsShared, arguments: BareReadTests.zoo.map(\.file))
  func weReadPylhes(file: String) throws {
    let path = "\(Place.shared)/lhe-zoo/\(file)"
    let made = Pylhe.run(
      script: "import sys, pylhe; pylhe.LHEFile.fromfile(sys.argv[1]).tofile('p.lheh5')",
      arguments: [path], in: folder.path)
    // pylhe cannot write every file that it reads.
    let files = (made.status == 0 ? ["p.lheh5"] : []) + ["e.h5", "o.lheh5"]
    let outcome = shell(
      """
      set -e
      lhe-read --particles \(path) -o e.h5
      lhe-read --particles e.h5 -o o.lheh5
      for f in \(files.joined(separator: " ")); do lhe-read --particles $f -o $f.back.h5; done
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let truth = try rows("e.h5")
    for f in files {
      let back = try rows(f + ".back.h5")
      #expect(
        back.ids == truth.ids.filter { f != "p.lheh5" || !$0.hasPrefix("weights.") }, "\(f)")
      #expect(back.events == truth.events, "\(f)")
      let places = back.ids.compactMap { truth.ids.firstIndex(of: $0) }
      let expected = truth.events.indices.flatMap { row in
        places.map { truth.weights[row * truth.ids.count + $0] }
      }
      #expect(
        back.weights.elementsEqual(expected) {
          $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
        }, "\(f)")
    }
  }

  private func rows(_ name: String) throws -> (
    ids: [String], events: [ParticleEvent], weights: [Double]
  ) {
    let source = try Input.openTable(folder.file(name), expecting: [.events], journal: Journal())
    let block = try #require(ParticleRows(source.header))
    var (events, weights): ([ParticleEvent], [Double]) = ([], [])
    while let batch = try source.next() {
      block.forEach(in: batch) { _, event, extras in
        events.append(event)
        weights += extras.weights
      }
    }
    return (block.weightIDs, events, weights)
  }

  @Test(
    "files of others: columns by name in any order, older attribute names, no start, gaps",
    .needsPython)
  func foreignFiles() throws {
    let outcome = Python.run(
      script: """
        import h5py, numpy as np
        P = 'id status mother1 mother2 color1 color2 px py pz e m lifetime spin'.split()
        def write(name, attr, events, columns, particles, order):
            with h5py.File(name, 'w') as f:
                def put(path, data, names):
                    d = f.create_dataset(path, data=np.array(data, dtype='f8'))
                    d.attrs[attr or path] = [n.encode() for n in names]
                put('init', [2212, 2212, 6500, 6500, 0, 0, 1, 1, 3, 1],
                    'beamA beamB energyA energyB PDFgroupA PDFgroupB PDFsetA PDFsetB weightingStrategy numProcesses'.split())
                put('procInfo', [[7, 1, -1, 2.5, 0.1, 1]], 'procId npLO npNLO xSection error unitWeight'.split())
                put('events', events, columns)
                put('particles', np.array(particles)[:, order], [P[i] for i in order])
                f['version'] = np.array([2, 0, 0])
        particles = [[11 + k, 1, 0, 0, 0, 0, k, k / 3, -k, 10.1 + k, 0, 0, 9] for k in range(6)]
        # Version 2.0: `weight`, npLO as columns, the attribute named like the dataset, no `start`.
        write('old.h5', None, [[1.5, 7, 2, 91, 1, -1], [2.5, 7, 4, 92, 0, 2]],
            ['weight', 'pid', 'nparticles', 'scale', 'npLO', 'npNLO'], particles, list(range(13))[::-1])
        # Events that leave particles out and share them, out of order, with a further weight.
        write('gaps.h5', 'properties', [[7, 2, 4, 1, 1.5, 0.25], [7, 1, 0, 2, 2.5, np.nan], [7, 2, 4, 1, 3.5, 5]],
            ['pid', 'nparticles', 'start', 'trials', 'NOMINAL', 'up'], particles, list(range(13)))
        write('past.h5', 'properties', [[7, 2, 5, 1, 1.5]],
            ['pid', 'nparticles', 'start', 'trials', 'NOMINAL'], particles, list(range(13)))
        write('missing.h5', 'properties', [[7, 5, 1, 1.5]],
            ['pid', 'start', 'trials', 'NOMINAL'], particles, list(range(13)))
        """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let read = shell(
      "for f in old gaps; do lhe-read --particles $f.h5 -o $f.back.h5 || exit; done",
      in: folder.path)
    #expect(read.status == 0, "\(read.error)")
    let old = try rows("old.back.h5")
    #expect(old.events.map(\.weight) == [1.5, 2.5] && old.events.map(\.scale) == [91, 92])
    #expect(old.events.map { $0.particles.map(\.pdgID) } == [[11, 12], [13, 14, 15, 16]])
    #expect(old.events[1].particles[3].momentum == FourVector(px: 5, py: 5 / 3, pz: -5, e: 15.1))
    let header = try Input.readHeader(
      folder.file("old.back.h5"), expecting: [.events], journal: Journal())
    let attributes = header.fields.first { $0.path == EventFields.attributes }
    #expect(attributes?.components == ["npLO", "npNLO"])
    let gaps = try rows("gaps.back.h5")
    #expect(gaps.events.map { $0.particles.map(\.pdgID) } == [[15, 16], [11], [15, 16]])
    #expect(gaps.ids == ["up"] && gaps.weights[0] == 0.25 && gaps.weights[1].isNaN)
    for (file, fact) in [("past.h5", "event 1 has particles"), ("missing.h5", "nparticles")] {
      let outcome = shell("lhe-read \(file) -o x.h5", in: folder.path)
      #expect(outcome.status == 65 && outcome.error.contains(fact), "\(outcome.error)")
    }
    #expect(!folder.contents.contains("x.h5"))
  }

  @Test("an events file without particles is refused as LHEH5, and a setup file as input")
  func refusals() throws {
    let outcome = shell(
      "lhe-read a.lhe -o a.h5; events convert a.h5 -o b.lheh5", in: folder.path)
    #expect(outcome.status == 65 && outcome.error.contains("--particles"), "\(outcome.error)")
    let read = shell("lhe-read a.h5 -o b.h5", in: folder.path)
    #expect(read.status == 65 && read.error.contains("no Les Houches events"), "\(read.error)")
    let pipe = shell("lhe-read --particles a.lhe -O lheh5", in: folder.path)
    #expect(pipe.status == 64, "\(pipe.error)")
    #expect(folder.contents == ["a.h5", "a.lhe"])
  }

  @Test("events of ours with particles become LHEH5; what was cut away leaves no gap", .needsPython)
  func fromEvents() throws {
    let outcome = shell(
      "lhe-read --particles --cut 'len(e) == 2' a.lhe | events convert -o c.lheh5", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let check = Python.run(
      script: """
        import h5py
        with h5py.File('c.lheh5') as f:
            assert sorted(f) == ['events', 'init', 'particles', 'procInfo', 'version', 'xml'], sorted(f)
            assert f['events'].shape == (1, 13) and list(f['events'][0, :3]) == [4, 2, 0]
            assert f['particles'].shape == (2, 13) and f['particles'][0, 0] == 11
            assert list(f['init'].attrs['properties'])[-1] == 'numProcesses'
            assert f['procInfo'].shape == (1, 6) and f['procInfo'][0, 3] == 2
            assert list(f['version']) == [2, 6, 0]
        """, in: folder.path)
    #expect(check.status == 0, "\(check.error)")
  }

  private static let generators = """
    <generator name='Own' version='1.0 &lt;beta&gt;' date="2026">please cite &amp; read</generator>
    <generator version="2.8.5">WHIZARD</generator>
    <generator name="short"/>
    """

  @Test("generators go to LHEH5 and back; pylhe reads them from ours")
  func generators() throws {
    let text = BareReadTests.text.replacing("</init>", with: Self.generators + "\n</init>")
    try #require(text.contains("WHIZARD"))
    _ = run("tee", [folder.file("g.lhe")], input: Array(text.utf8))
    let outcome = shell(
      """
      set -e
      events convert g.lhe -O lheh5 -o g.lheh5
      events convert g.lheh5 -O lhe -o g1.lhe
      events convert g.lhe -o g.h5
      events convert g.h5 -O lhe -o g2.lhe
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    for name in ["g1.lhe", "g2.lhe"] {
      let back = run("cat", [folder.file(name)]).text
      for line in [
        "<generator name=\"Own\" version=\"1.0 &lt;beta&gt;\" date=\"2026\">please cite &amp; read</generator>",
        "<generator version=\"2.8.5\">WHIZARD</generator>",
        "<generator name=\"short\"></generator>",
      ] {
        #expect(back.contains(line + "\n"), "\(name): \(line)")
      }
    }
  }

  @Test(.needsPylhe) func pylheReadsGenerators() {
    // pylhe passes over an empty element in LHE files.
    let some = Self.generators.split(separator: "\n").dropLast().joined(separator: "\n")
    let text = BareReadTests.text.replacing("</init>", with: some + "\n</init>")
    _ = run("tee", [folder.file("g.lhe")], input: Array(text.utf8))
    _ = shell("events convert g.lhe -O lheh5 -o g.lheh5", in: folder.path)
    let check = Pylhe.run(
      script: """
        import pylhe
        a, b = (pylhe.LHEFile.fromfile(p).init.generators for p in ('g.lhe', 'g.lheh5'))
        assert len(a) == 2 and a == b, (a, b)
        """, arguments: [], in: folder.path)
    #expect(check.status == 0, "\(check.error.suffix(600))")
  }

  @Test("many events in any order: each gets its own particles, to the last bit", .needsPython)
  func blocks() throws {
    let made = Python.run(
      script: """
        import h5py, numpy as np
        rng = np.random.default_rng(1)
        n, k = 70000, 2
        particles = np.zeros((n * k, 13)); particles[:, 0] = 11; particles[:, 1] = 1
        particles[:, 6:10] = rng.normal(size=(n * k, 4)) * 10.0 ** rng.integers(-20, 20, (n * k, 4))
        events = np.zeros((n, 10))
        events[:, 0], events[:, 1], events[:, 9] = 7, k, rng.normal(size=n)
        # Runs of events whose particles stand together, shuffled; -0.0 and huge whole numbers as well.
        events[:, 2] = k * np.concatenate(rng.permutation(np.arange(n).reshape(-1, 100)))
        particles[:4, 6] = [-0.0, 0.0, 1e15, -123456789012345678.0]
        init = 'beamA beamB energyA energyB PDFgroupA PDFgroupB PDFsetA PDFsetB weightingStrategy numProcesses'
        with h5py.File('many.h5', 'w') as f:
            def put(path, data, names):
                f.create_dataset(path, data=np.array(data, dtype='f8')).attrs['properties'] = [
                    x.encode() for x in names.split()]
            put('init', [2212, 2212, 6500, 6500, 0, 0, 1, 1, 3, 1], init)
            put('procInfo', [[7, 1, -1, 2.5, 0.1, 1]], 'procId npLO npNLO xSection error unitWeight')
            put('particles', particles, 'id status mother1 mother2 color1 color2 px py pz e m lifetime spin')
            put('events', events, 'pid nparticles start trials scale fscale rscale aqed aqcd NOMINAL')
        first = (events[:, 2] / k).astype(int)
        np.save('truth.npy', particles[:, 6:10].reshape(n, k, 4)[first].reshape(-1, 4))
        """, in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let read = shell("lhe-read --particles many.h5 -o back.h5", in: folder.path)
    #expect(read.status == 0, "\(read.error)")
    let check = Python.run(
      script: """
        import h5py, numpy as np
        with h5py.File('back.h5') as f: found = f['particles'][:, 6:10]
        truth = np.load('truth.npy')
        assert found.shape == truth.shape, found.shape
        assert (found.view('i8') == truth.view('i8')).all()
        """, in: folder.path)
    #expect(check.status == 0, "\(check.error)")
  }

  /// A group for each table and a dataset for each column, as files before 2.0 have it; integers are integers there.
  @Test("version 1 is read by name like version 2", .needsPython)
  func versionOne() {
    let made = Python.run(
      script: """
        import h5py, numpy as np
        with h5py.File('one.h5', 'w') as f:
            def put(group, **columns):
                for name, data in columns.items(): f.create_dataset(group + '/' + name, data=np.array(data))
            put('init', beamA=[2212], beamB=[2212], energyA=[6500.], energyB=[6500.], PDFgroupA=[0], PDFgroupB=[0],
                PDFsetA=[303400], PDFsetB=[303400], weightingStrategy=[3], numProcesses=[1])
            put('procInfo', procId=[7], npLO=[1], npNLO=[-1], xSection=[2.5], error=[0.1], unitWeight=[1.])
            put('index', start=[2, 0], end=[4, 2])
            put('event', nparticles=[2, 2], pid=[7, 7], weight=[1., 1.], trials=[3., 5.], scale=[91., 92.],
                fscale=[80., 81.], rscale=[90., 91.], aqed=[.0078, .0078], aqcd=[.118, .118], npLO=[1, 1], npNLO=[-1, -1])
            put('particle', id=[11, -11, 13, -13], status=[1, 1, 1, 1], mother1=[0, 0, 0, 0], mother2=[0, 0, 0, 0],
                color1=[0, 0, 0, 0], color2=[0, 0, 0, 0], px=[1., -1., 2., -2.], py=[0., 0., 0., 0.], pz=[0., 0., 0., 0.],
                e=[1., 1., 2., 2.], m=[0., 0., 0., 0.], lifetime=[0., 0., 0., 0.], spin=[9., 9., 9., 9.])
        """, in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let outcome = shell(
      """
      set -e
      events convert one.h5 -O lhe | grep -A 3 -E '^<(event|init)'
      lhe-read one.h5 --observable 'e=p[0].e' --observable 'id=p[0].pdgid' -O tsv | grep -v '^#' | cut -f 1-2
      """, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    for line in [
      "2212 2212 6500.0 6500.0 0 0 303400 303400 3 1", "2.5 0.1 1.0 7",
      "<event trials='3' npLO='1' npNLO='-1'>", "13 1 0 0 0 0 2.0 0.0 0.0 2.0 0.0 0.0 9.0",
      "\n2.0\t13.0\n1.0\t11.0\n",
    ] {
      #expect(outcome.text.contains(line), "\(line): \(outcome.text)")
    }
    let spoiled = Python.run(
      script:
        "import h5py\nf = h5py.File('one.h5', 'a'); del f['event/pid']; f['event/pid'] = [7]",
      in: folder.path)
    #expect(spoiled.status == 0, "\(spoiled.error)")
    let refused = shell("lhe-read one.h5", in: folder.path)
    #expect(refused.status == 65 && refused.error.contains("there are"), "\(refused.error)")
  }
}
