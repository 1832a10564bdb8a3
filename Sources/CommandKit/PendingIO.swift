// Until EventIO has landed these: the agreed spelling, so that commands can be written.
import Diagnostics
import EventIO
import EventModel
import Glibc

public enum InputFormat: String, Sendable, CaseIterable { case hdf5, stream }
public struct InputOptions: Sendable {
  public var format: InputFormat?
  public var salvage: Bool
  public init(format: InputFormat? = nil, salvage: Bool = false) {
    self.format = format
    self.salvage = salvage
  }
}
public enum OutputFormat: String, Sendable, CaseIterable { case hdf5, stream, tsv, npy, json, lhe }
public struct OutputOptions: Sendable {
  public var format: OutputFormat?
  public var compress: Bool, deferred: Bool, force: Bool, provenance: Bool
  public init(
    format: OutputFormat? = nil, compress: Bool = false, deferred: Bool = false,
    force: Bool = false, provenance: Bool = true
  ) {
    self.format = format
    self.compress = compress
    self.deferred = deferred
    self.force = force
    self.provenance = provenance
  }
}
enum Input {
  static func openTable(
    _ path: String, expecting: Set<Kind>, options: InputOptions, journal: Journal
  ) throws -> any Source { throw Problem(.software, "not yet") }
  static func readHeader(
    _ path: String, expecting: Set<Kind>, options: InputOptions, journal: Journal
  ) throws -> Header { throw Problem(.software, "not yet") }
}
enum ContentDigest { static func of(_ header: Header) -> String { "" } }
enum TemporaryFiles { static func unlinkAll() {} }
enum Output {
  static func openTable(_ path: String?, header: Header, options: OutputOptions) throws -> any Sink
  { throw Problem(.software, "not yet") }
  static func writeDocument(_ header: Header, to path: String, options: OutputOptions) throws {
    throw Problem(.software, "not yet")
  }
  static func writeText(_ text: String, to path: String?, options: OutputOptions) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let n = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
      if n < 0 { throw errno == EPIPE ? ClosedPipe() : Problem(.io, "cannot write") as any Error }
      bytes = bytes.dropFirst(n)
    }
  }
}
extension Document { func json(pretty: Bool) -> String { "" } }
