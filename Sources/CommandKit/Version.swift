import EventModel
import Glibc

/// What `--version` prints: the command, the format, and the libraries that are in this process.
enum VersionText {
  static func lines(for name: String) -> String {
    var lines = ["\(name) \(ToolkitVersion.current)", "format \(FormatVersion.current)"]
    lines += libraries
    return lines.joined(separator: "\n") + "\n"
  }

  /// Looked up by symbol: a command names exactly the libraries it is linked with, and CommandKit links none of them.
  private static var libraries: [String] {
    var found: [String] = []
    typealias Text = @convention(c) () -> UnsafePointer<CChar>?
    typealias HDF5Version =
      @convention(c) (
        UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>
      ) -> Int32
    if let symbol = dlsym(nil, "H5get_libversion") {
      var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
      _ = unsafeBitCast(symbol, to: HDF5Version.self)(&major, &minor, &release)
      found.append("hdf5 \(major).\(minor).\(release)")
    }
    for (library, symbol) in [
      ("zlib", "zlibVersion"), ("openblas", "openblas_get_config"), ("expat", "XML_ExpatVersion"),
    ] {
      guard let address = dlsym(nil, symbol) else { continue }
      guard let text = unsafeBitCast(address, to: Text.self)() else { continue }
      // openblas says `OpenBLAS 0.3.21 NO_LAPACKE …`, expat `expat_2.5.0`.
      let words = String(cString: text).split { $0 == " " || $0 == "_" }
      if let version = words.first(where: { $0.first?.isNumber == true }) {
        found.append("\(library) \(version)")
      }
    }
    return found
  }
}
