import Diagnostics
import EventModel
import Glibc
import TestSupport
import Testing

@testable import EventIO

@Suite struct TransportTests {
  let folder = TemporaryFolder()
  static let text = Array((0..<200_000).map { "\($0)\n" }.joined().utf8)

  private func problem(_ body: () throws -> Void) -> Problem? {
    do {
      try body()
      return nil
    } catch {
      return error as? Problem
    }
  }

  private func gzip(_ bytes: [UInt8]) -> [UInt8] { run("gzip", ["-c"], input: bytes).output }

  @Test func concatenatedGzipMembersAreOneText() throws {
    let path = folder.file("t")
    let half = Self.text.count / 2
    let packed = gzip(Array(Self.text[..<half])) + gzip(Array(Self.text[half...]))
    try Tables.save(packed, to: path)
    let reader = try ByteReader(path: path)
    #expect(reader.isGzip)
    #expect(try reader.peek(4) == Array(Self.text[0..<4]))
    #expect(try reader.readAll() == Self.text)
    #expect(reader.offset == Self.text.count)
    // Zeros at the end come from tapes and block devices.
    try Tables.save(packed + [UInt8](repeating: 0, count: 700_000), to: path)
    #expect(try ByteReader(path: path).readAll() == Self.text)
  }

  @Test func damagedGzipNamesTheByte() throws {
    let path = folder.file("t")
    let packed = gzip(Self.text)
    for (bytes, fact) in [
      (Array(packed.dropLast(9)), "too early"), (Array(packed.prefix(11)), "too early"),
      (packed.dropLast(8) + [1, 2, 3, 4] + packed.suffix(4), "damaged"),
      (packed + Array("garbage".utf8), "not gzip"), (packed + [0, 0, 7], "not gzip"),
      (packed + [0x1f], "too early"),
    ] {
      try Tables.save(bytes, to: path)
      let problem = problem { _ = try ByteReader(path: path).readAll() }
      #expect(problem?.kind == .data && problem?.file == path)
      #expect(problem?.fact.contains(fact) == true, "\(problem?.line ?? "nothing")")
      #expect(problem?.place?.hasPrefix("byte ") == true)
    }
  }

  /// Salvage needs what stands before the damage.
  @Test func bytesBeforeDamageAreGivenFirst() throws {
    let path = folder.file("t")
    try Tables.save(gzip(Self.text).dropLast(200_000), to: path)
    let reader = try ByteReader(path: path)
    var got: [UInt8] = []
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 22, alignment: 8)
    defer { block.deallocate() }
    let problem = problem {
      while case let n = try reader.read(into: block), n > 0 { got += block[0..<n] }
    }
    #expect(problem?.kind == .data)
    #expect(got.count > 100_000 && got.elementsEqual(Self.text[0..<got.count]))
  }

  @Test func absentAndFoldersAreNoInput() {
    #expect(problem { _ = try ByteReader(path: folder.file("absent")) }?.kind == .noInput)
    #expect(problem { _ = try ByteReader(path: folder.path) }?.kind == .noInput)
    #expect(Problem.Kind.noInput.rawValue == 66)
  }

  /// A slow pipe gives a few bytes at a time; the carry puts lines together again.
  @Test(arguments: [false, true]) func threadedChunksCarryOver(isSlow: Bool) throws {
    let path = folder.file("t")
    let bytes = isSlow ? Array(Self.text[0..<3000]) : Self.text
    try Tables.save(isSlow ? bytes : gzip(bytes), to: path)
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let feeder = Thread {
      _ = run(
        "sh",
        [
          "-c",
          isSlow
            ? "for i in 1 2 3; do dd bs=1000 count=1 2>/dev/null; sleep 0.02; done < \(path) > \(fifo)"
            : "cat \(path) > \(fifo)",
        ])
    }
    let reader = try ThreadedByteReader(ByteReader(path: fifo), chunkSize: 10_000)
    var (carry, lines) = (0, 0)
    while let chunk = try reader.next(carrying: carry) {
      let end = (chunk.lastIndex(of: 10) ?? -1) + 1
      for line in chunk[0..<end].split(separator: 10) {
        if String(decoding: line, as: UTF8.self) == String(lines) { lines += 1 }
      }
      carry = chunk.count - end
      #expect(chunk.baseAddress?.load(fromByteOffset: chunk.count, as: UInt8.self) == 0)
    }
    #expect(lines == (isSlow ? bytes.count { $0 == 10 } : 200_000))
    #expect(reader.offset == bytes.count)
    feeder.join()
  }

  /// A carry longer than the room before a chunk, as a file without line ends has it.
  @Test func aCarryMayGrow() throws {
    let path = folder.file("t")
    try Tables.save([UInt8](repeating: 0x61, count: 1_000_000), to: path)
    let reader = try ThreadedByteReader(ByteReader(path: path), chunkSize: 65_536)
    var last = 0
    while let chunk = try reader.next(carrying: last) {
      #expect(chunk.count > last && chunk.allSatisfy { $0 == 0x61 })
      last = chunk.count
    }
    #expect(last == 1_000_000)
  }

  @Test func anAbandonedReaderDoesNotHang() throws {
    let path = folder.file("t")
    try Tables.save(Self.text, to: path)
    for _ in 0..<20 {
      let reader = try ThreadedByteReader(ByteReader(path: path), chunkSize: 1000)
      _ = try reader.next()
    }
  }
}

/// A thread that a test waits for.
final class Thread: @unchecked Sendable {
  private var thread = pthread_t()
  private let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Thread>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }
  func join() { pthread_join(thread, nil) }
}

@Suite struct OutputTests {
  let folder = TemporaryFolder()

  private func problem(_ body: () throws -> Void) -> Problem? {
    do {
      try body()
      return nil
    } catch {
      return error as? Problem
    }
  }

  @Test func textAppearsWholeWithModeAndLinksKept() throws {
    let (real, link) = (folder.file("real"), folder.file("link"))
    try Tables.save([1, 2, 3], to: real)
    chmod(real, 0o640)
    #expect(symlink("real", link) == 0)
    try Output.writeText("new\n", to: link, options: .init())
    #expect(try Tables.bytes(real) == Array("new\n".utf8))
    var info = stat()
    #expect(lstat(link, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(real, &info) == 0 && info.st_mode & 0o777 == 0o640)
    let dangling = folder.file("dangling")
    #expect(symlink("absent", dangling) == 0)
    try Output.writeText("x", to: dangling, options: .init())
    #expect(folder.contents == ["absent", "dangling", "link", "real"])
  }

  @Test func nothingAppearsBeforeFinishOrWithoutIt() throws {
    for format in [OutputFormat.hdf5, .stream, .tsv, .npy, .json] {
      let path = folder.file("t")
      var sink: (any Sink)? = try Output.openTable(
        path, header: Tables.header, options: .init(format: format))
      try sink?.write(Tables.batch(from: 0, count: 100_000))
      #expect(!Place.exists(path))
      #expect(folder.contents.allSatisfy { $0.hasPrefix(".t.tmp.") })
      sink = nil
      #expect(folder.contents.isEmpty, "\(format)")
    }
  }

  @Test func failuresHaveTheirKinds() throws {
    let header = Tables.header
    #expect(
      problem { try Output.writeText("x", to: folder.path, options: .init()) }?.kind
        == .cannotCreate)
    #expect(
      problem { try Output.writeText("x", to: folder.file("no/such"), options: .init()) }?.kind
        == .cannotCreate)
    #expect(problem { try Output.writeText("x", to: "/dev/full", options: .init()) }?.kind == .io)
    for format in [OutputFormat.stream, .tsv, .npy, .json] {
      let problem = problem {
        try Tables.write(2000, to: "/dev/full", options: .init(format: format), header: header)
      }
      #expect(problem?.kind == .io, "\(format)")
    }
    #expect(
      problem { try Tables.write(1, to: "/dev/null", options: .init(format: .hdf5)) }?.kind
        == .usage)
    try Tables.write(10, to: "/dev/null", options: .init(format: .stream))
    #expect(FileStatus.of("/dev/null")?.isRegular == false)
  }

  @Test func anInputIsNotOverwrittenUnlessForced() throws {
    let path = folder.file("t.h5")
    try Tables.write(5, to: path)
    #expect(symlink("t.h5", folder.file("l.h5")) == 0)
    let refused = problem {
      try Tables.write(6, to: path, options: .init(inputs: [folder.file("l.h5")]))
    }
    #expect(refused?.kind == .usage)
    #expect(try Tables.open(path).rowCount == 5)
    // Reading goes on from the file that was opened.
    let source = try Tables.open(path)
    try Tables.write(6, to: path, options: .init(force: true, inputs: [path]))
    #expect(try Tables.rows(source).count == 5)
    #expect(try Tables.open(path).rowCount == 6)
  }

  /// A limit on the size of files stands for a full disk.
  @Test(arguments: ["hdf5", "stream", "npy", "json", "tsv"], [2, 40, 200, 900])
  func aFullDiskLeavesNothing(format: String, blocks: Int) throws {
    try Tables.write(20_000, to: folder.file("t.h5"))
    let spools = folder.path
    let outcome = shell(
      "ulimit -f \(blocks); events convert t.h5 -O \(format) -o out", in: folder.path,
      environment: ["TMPDIR": spools])
    #expect(outcome.status == 74, "\(outcome.error)")
    #expect(outcome.signal == 0)
    #expect(folder.contents == ["t.h5"])
    #expect(outcome.error.split(separator: "\n").count == 1)
  }

  @Test func standardOutputIsChecked() throws {
    try Tables.write(20_000, to: folder.file("t.h5"))
    #expect(shell("events convert t.h5 > /dev/full", in: folder.path).status == 74)
    #expect(shell("events head t.h5 > /dev/full", in: folder.path).status == 74)
    let left = shell(
      "set -o pipefail; events convert t.h5 | head -c 1000 > /dev/null", in: folder.path)
    #expect(left.status == 0 && left.error.isEmpty)
  }

  @Test func aSignalRemovesTheTemporaryFile() throws {
    try Tables.write(10, to: folder.file("t"), options: .init(format: .stream))
    // The input never ends: the command waits in the middle of its work.
    let outcome = shell(
      """
      head -c -8 t > cut
      (cat cut; sleep 5) | events convert -O tsv -o out & job=$!
      for i in $(seq 100); do ls .out.tmp.* > /dev/null 2>&1 && break; sleep 0.05; done
      ls .out.tmp.* | wc -l
      kill -TERM $job; wait $job; echo $?
      """, in: folder.path)
    #expect(
      outcome.text.split(separator: "\n").map(String.init) == ["1", "143"], "\(outcome.error)")
    #expect(folder.contents.allSatisfy { !$0.hasPrefix(".out") && $0 != "out" })
  }
}
