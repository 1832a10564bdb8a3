import EventIO
import Glibc

/// What a process must have settled before it opens anything.
enum ProcessSetup {
  static func prepare() {
    openStandardDescriptors()
    keepFreedMemory()
    // A closed pipe and a file at its size limit are errors of write(2), seen and reported there.
    ignore(SIGPIPE)
    ignore(SIGXFSZ)
    TemporaryFiles.prepare()
    lastWords = nil
    for signal in [SIGINT, SIGTERM, SIGHUP] { dieTidily(of: signal) }
  }

  /// Where 0, 1 or 2 is closed, the next file opened would take its number, and output meant for standard output would
  /// end up in it. `/dev/null` takes the place, opened the wrong way round so that using it is still an error.
  private static func openStandardDescriptors() {
    for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY)] {
      if fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", mode) }
    }
    if fcntl(STDERR_FILENO, F_GETFD) < 0 { _ = open("/dev/null", O_WRONLY) }
  }

  /// Blocks of rows come and go all the time: memory that goes back to the system at once costs a page fault a page the
  /// next time, a tenth of the time of reading.
  ///
  /// Found by name, as the Glibc module leaves `malloc.h` out; the numbers are M_MMAP_THRESHOLD, of which 32 MiB is the
  /// most that glibc takes, and M_TRIM_THRESHOLD.
  private static func keepFreedMemory() {
    typealias SetOption = @convention(c) (Int32, Int32) -> Int32
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    _ = setOption(-3, 32 << 20)
    _ = setOption(-1, 256 << 20)
  }

  /// What a signal prints before the process leaves with 75; nil dies of the signal.
  private nonisolated(unsafe) static var lastWords: UnsafeMutablePointer<CChar>?

  /// From here on INT, TERM and HUP end the process with 75 and this line: what it was at can be resumed.
  static func endResumably(_ line: String) {
    // Never freed: a handler may be reading it.
    lastWords = strdup(line + "\n")
  }

  private static func ignore(_ number: Int32) { _ = signal(number, SIG_IGN) }

  /// Removes the temporary output files and dies of the signal, as the shell and make expect.
  private static func dieTidily(of number: Int32) {
    var old = sigaction()
    sigaction(number, nil, &old)
    // nohup and background jobs ignore some signals on purpose.
    let isIgnored = unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1
    if isIgnored { return }
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      TemporaryFiles.unlinkAll()
      if let words = ProcessSetup.lastWords {
        _ = write(STDERR_FILENO, words, strlen(words))
        _exit(75)
      }
      _ = signal(number, SIG_DFL)
      // Blocked while this handler runs; delivered as it returns.
      raise(number)
    }
    sigaction(number, &action, nil)
  }

  /// The cores this process may use: its affinity mask, which batch systems and `taskset` set.
  ///
  /// Found by name, as the C library shows `sched_getaffinity` to programs in GNU mode only.
  static var availableCores: Int {
    typealias GetAffinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> Int32
    var mask = [UInt64](repeating: 0, count: 128)
    if let symbol = dlsym(nil, "sched_getaffinity"),
      unsafeBitCast(symbol, to: GetAffinity.self)(0, mask.count * 8, &mask) >= 0
    {
      return max(1, mask.reduce(0) { $0 + $1.nonzeroBitCount })
    }
    return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }
}
