import FuzzTargets
@preconcurrency import Glibc

private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// The driver of libFuzzer, for programs with a main of their own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argc: UnsafeMutablePointer<CInt>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: Callback
) -> CInt

/// Set once, before the first input.
nonisolated(unsafe) private var target = FuzzTarget.lhe

/// `FUZZ_TARGET=lhe fuzz [libFuzzer's options] CORPUS`; built by `make fuzz` only.
@main struct Fuzz {
  static func main() {
    guard let word = getenv("FUZZ_TARGET"), let named = FuzzTarget(rawValue: String(cString: word))
    else {
      fputs("fuzz: FUZZ_TARGET is none of \(FuzzTarget.allCases.map(\.rawValue))\n", stderr)
      exit(64)
    }
    target = named
    var argc = CommandLine.argc
    var argv = CommandLine.unsafeArgv
    exit(
      runDriver(&argc, &argv) { data, size in
        target(UnsafeRawBufferPointer(start: data, count: size))
        return 0
      })
  }
}
