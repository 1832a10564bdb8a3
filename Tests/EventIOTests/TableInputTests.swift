import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

/// Tables of other programs: text and numpy.
@Suite struct TableInputTests {
  let folder = TemporaryFolder()

  private func open(_ text: String, _ options: InputOptions = .init()) throws -> any Source {
    try Tables.save(Array(text.utf8), to: folder.file("t"))
    return try Tables.open(folder.file("t"), options)
  }

  @Test func textOfAnySeparator() throws {
    let texts = [
      "event\tpt\n1\t2.5\n-3\tnan\n", "# event\tpt\r\n1\t2.5\r\n\r\n# comment\r\n-3\tNaN\r\n",
      "event,pt\n1,2.5\n-3,nan", "\"event\", \"pt\"\n1, 2.5\n-3, nan\n",
      "# event   pt\n 1  2.5\n -3 nan\n",
    ]
    for text in texts {
      let source = try open(text)
      #expect(source.header.fields == [Field("event", .int64), Field("pt")], "\(text)")
      #expect(source.header.kind == .events && source.rowCount == 2)
      let rows = try Tables.rows(source)
      #expect(rows.columns[0] == .int64([1, -3]), "\(text)")
      #expect(rows.columns[1].doubles[0] == 2.5 && rows.columns[1].doubles[1].isNaN)
    }
    var options = InputOptions()
    options.format = .tsv
    options.columns = ["b"]
    let rows = try Tables.rows(try open("a b\n1 2\n3 4\n", options))
    #expect(rows.columns == [.int64([2, 4])])
  }

  /// Whole numbers stay exact until a column has a real one; the types are found whatever the number of rows.
  @Test func typesOfColumns() throws {
    let big = Int64.max - 5
    var text = "id\tx\n"
    for i in 0..<70_000 { text += "\(big - Int64(i))\t\(i == 69_999 ? "0.5" : "\(i)")\n" }
    let rows = try Tables.rows(try open(text))
    #expect(rows.columns[0].type == .int64 && rows.columns[0].integers[3] == big - 3)
    #expect(rows.columns[1].doubles[69_998] == 69_998 && rows.columns[1].doubles[69_999] == 0.5)
  }

  static let badTexts: [(text: String, says: String)] = [
    ("a\tb\n1\t2\n3\n", "line 3: 1 values where 2 columns"),
    ("a\tb\n1\t2\n3\t4\t5\n", "line 3: 3 values"),
    ("a\tb\n\n1\tx2\n", "line 3: 'x2' in column 'b' is no number"),
    ("a\tb\n1\t\n", "line 2: column 'b' is empty"),
    (
      "1\t2\n3\t4\n",
      "line 1: there is no line with the names of the columns; write one above the numbers"
    ),
    (
      "1 2\n3 4\n",
      "line 1: there is no line with the names of the columns; write one above the numbers, after a #"
    ),
    ("a\ta\n1\t2\n", "two columns are named 'a'"),
    ("a\t\tb\n1\t2\t3\n", "column 2 has no name"),
    ("a\tx/y\n1\t2\n", "'x/y' cannot be the name"),
    ("hello world\n", "this is a text, not HDF5"),
  ]

  @Test(arguments: badTexts.indices) func badText(index: Int) throws {
    let (text, says) = Self.badTexts[index]
    do {
      _ = try Tables.rows(try open(text))
      Issue.record("read: \(text)")
    } catch let problem as Problem {
      #expect(problem.kind == .data && problem.line.contains(says), "\(problem.line)")
      #expect(problem.file == folder.file("t") && problem.remedy != nil)
    }
  }

  /// What we write as text or numpy is read again.
  @Test func ourOwnTablesComeBack() throws {
    for format in [OutputFormat.tsv, .npy] {
      let path = folder.file("t.\(format.rawValue)")
      try Tables.write(3000, to: path, options: .init(format: format))
      let source = try Tables.open(path)
      #expect(source.header.fields.map(\.path) == StreamLayout.columnNames(Tables.header.fields))
      let rows = try Tables.rows(source)
      let expected = Tables.batch(from: 0, count: 3000)
      #expect(rows.columns[2].doubles == (0..<3000).map { expected.columns[1].doubles[2 * $0] })
      #expect(rows.columns[6] == expected.columns[4], "event ids are exact")
    }
    let outcome = shell(
      "events convert t.tsv -o t.h5 && events convert t.npy | events head -n 1 && events info t.h5",
      in: folder.path)
    #expect(outcome.status == 0 && outcome.text.contains("rows: 3000"), "\(outcome.error)")
  }

  @Test(.needsPython) func numpyOfAnyKind() throws {
    let made = Python.run(
      script: """
        import numpy as np
        from numpy.lib import format
        a = np.array([(1, 2.5, 3, True), (4, np.nan, -6, False)],
            dtype=[('event', '<i8'), ('x', '<f4'), ('k', '<i2'), ('b', '?')])
        np.save('a.npy', a)
        with open('a2.npy', 'wb') as f: format.write_array(f, a, version=(2, 0))
        with open('a3.npy', 'wb') as f: format.write_array(f, a, version=(3, 0))
        np.save('padded.npy', np.zeros(2, dtype=np.dtype([('i', '<i4'), ('x', '<f8')], align=True)))
        np.save('plain.npy', np.array([[1., 2.], [3., 4.], [5., 6.]]))
        np.save('one.npy', np.arange(3, dtype='<u2'))
        np.save('fortran.npy', np.asfortranarray(np.ones((3, 2))))
        np.save('big.npy', np.ones((3, 2), dtype='>f8'))
        np.save('complex.npy', np.ones((3, 2), dtype=complex))
        np.save('unsigned.npy', np.ones((3, 2), dtype='<u8'))
        np.save('text.npy', np.array([('a', 1.)], dtype=[('s', 'U4'), ('x', '<f8')]))
        np.save('sub.npy', np.zeros(2, dtype=[('x', '<f8', (3,))]))
        np.save('cube.npy', np.zeros((2, 2, 2)))
        b = open('a.npy', 'rb').read()
        open('cut.npy', 'wb').write(b[:-3])
        open('head.npy', 'wb').write(b[:40])
        open('more.npy', 'wb').write(b + b'x')
        open('bad.npy', 'wb').write(b.replace(b"'descr'", b"'desc,'"))
        """, in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    for name in ["a.npy", "a2.npy", "a3.npy"] {
      let rows = try Tables.rows(try Tables.open(folder.file(name)))
      #expect(rows.columns[0] == .int64([1, 4]) && rows.columns[2] == .int64([3, -6]), "\(name)")
      #expect(rows.columns[3] == .int64([1, 0]))
      #expect(rows.columns[1].type == .float32 && rows.columns[1].doubles[0] == 2.5)
    }
    let padded = try Tables.open(folder.file("padded.npy"))
    #expect(padded.header.fields.map(\.path) == ["i", "x"])
    #expect(try Tables.rows(padded).count == 2)
    var options = InputOptions()
    options.columns = ["x", "y"]
    let plain = try Tables.rows(try Tables.open(folder.file("plain.npy"), options))
    #expect(plain.columns == [.float64([1, 3, 5]), .float64([2, 4, 6])])
    for (name, says) in [
      ("plain", "names no columns"), ("big", ""), ("cut", "ends in row 2 of 2"),
      ("head", "truncated"), ("more", "bytes stand after"), ("bad", "not whole"),
      ("text", "column 's' is of type <U4"), ("sub", "more than one number"),
    ] {
      let problem = Tables.problem(reading: folder.file(name + ".npy"))
      #expect(
        problem?.kind == .data && problem?.line.contains(says) == true,
        "\(name): \(problem?.line ?? "")")
    }
    for (name, says) in [
      ("fortran", "Fortran order"), ("big", "big-endian"), ("complex", "<c16"),
      ("unsigned", "<u8"), ("cube", "3 axes"), ("one", "has 1 columns"),
    ] {
      let problem = Tables.problem(reading: folder.file(name + ".npy"), options)
      #expect(
        problem?.kind == .data && problem?.line.contains(says) == true,
        "\(name): \(problem?.line ?? "")")
    }
  }
}
