import EventIO
import EventModel
import Glibc
import TestSupport
import Testing

/// The behaviour at the edges that every command gets from CommandKit, on commands that stand for all.
@Suite struct EdgeTests {
  private let folder = TemporaryFolder()
  private static let sample = Place.root + "/Tests/Fixtures/wh_200.lhe.gz"

  init() throws {
    let setup = Setup(
      name: "wh",
      parameters: [
        Parameter(name: "cHW", lhaBlock: "SMEFT", lhaID: 7, range: -1...1),
        Parameter(name: "cHq3", lhaBlock: "SMEFT", lhaID: 25, range: -0.3...0.3),
      ],
      benchmarks: [
        Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "chw_pos", values: [1, 0]),
      ],
      observables: [Observable(name: "pt_l", expression: "l[0].pt")])
    try PlotFixtures.write(
      .setup, setup.document(withReference: false), to: folder.file("setup.h5"))
    try PlotFixtures.write(.limits, PlotFixtures.limits().document, to: folder.file("limits.h5"))
  }

  private func sh(_ line: String, _ environment: [String: String] = [:]) -> Outcome {
    var all = environment
    all["SAMPLE"] = Self.sample
    all["READ"] = "lhe-read --setup setup.h5 --sample sm:\(Self.sample)"
    return shell(line, in: folder.path, environment: all)
  }

  private var before: [String] { ["limits.h5", "setup.h5"] }

  // MARK: Standard output

  @Test func readerThatLeavesIsQuietSuccess() {
    let outcome = sh("set -o pipefail; $READ | head -c 1 | wc -c")
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    #expect(outcome.text.filter(\.isNumber) == "1")
    // Nobody reads at all, and the shell has SIGPIPE ignored or not.
    for trap in ["", "trap '' PIPE; "] {
      let none = sh("\(trap)(sleep 0.2; plot limits.h5 -O tsv; echo status $? >&2) | true")
      #expect(none.error == "status 0\n", "\(none.error)")
    }
  }

  @Test(arguments: ["plot limits.h5 -O tsv", "$READ", "plot --help", "plot --cite"])
  func fullDiskIsSeen(command: String) {
    let outcome = sh("\(command) > /dev/full")
    #expect(outcome.status == 74, "\(outcome.error)")
    #expect(outcome.error.hasSuffix("no space left on device\n"))
    #expect(outcome.error.split(separator: "\n").count == 1)
  }

  @Test func closedStandardOutputIsAnErrorAndNoFileTakesItsPlace() {
    #expect(sh("plot limits.h5 -O tsv >&-").status == 74)
    // A file opened in place of a closed descriptor would get what is meant for it.
    #expect(sh("$READ -o out.h5 >&- <&- 2>&-").status == 0)
    #expect(sh("plot out.h5 --observable pt_l -O tsv > /dev/null").status == 65)
    #expect(sh("lhe-read --no-such-option 2>&- >&-").status == 64)
  }

  @Test func binaryDataDoNotGoToATerminal() {
    // script(1) gives the command a terminal.
    let outcome = sh(
      "script -qec \"$READ\" /dev/null < /dev/null | tr -d '\\r'; exit ${PIPESTATUS[0]}")
    #expect(outcome.status == 64)
    #expect(outcome.text.contains("lhe-read: error: ") && outcome.text.contains("terminal"))
    let text = sh("script -qec 'plot limits.h5 -O tsv' /dev/null < /dev/null | head -1; true")
    #expect(text.text.hasPrefix("# panel"))
  }

  @Test(arguments: ["plot", "fisher sum", "fisher project --keep cHW", "fisher profile --keep cHW"])
  func standardInputFromATerminalIsRefused(command: String) {
    let outcome = sh("script -qec '\(command)' /dev/null | tr -d '\\r'; exit ${PIPESTATUS[0]}")
    #expect(outcome.status == 64 && outcome.text.contains("standard input is a terminal"))
  }

  // MARK: Files

  @Test func missingInputsAndFoldersThatAreNotThere() {
    for (line, status) in [
      ("plot absent.h5", 66), ("plot .", 66), ("lhe-read --setup absent.h5 $SAMPLE", 66),
      ("$READ -o absent/out.h5", 73), ("plot limits.h5 -o absent/p.svg", 73), ("$READ -o .", 73),
      ("plot limits.h5 -O tsv -o limits.h5", 64),
    ] {
      let outcome = sh(line)
      #expect(outcome.status == status, "\(line): \(outcome.error)")
      #expect(outcome.error.split(separator: "\n").count == 1, "\(line): \(outcome.error)")
      #expect(outcome.error.wholeMatch(of: /[a-z-]+: error: .+\n/) != nil)
    }
    #expect(folder.contents == before)
  }

  @Test func devicesAndPipesAreWrittenDirectly() {
    let outcome = sh(
      "mkfifo pipe; cat pipe > copy & plot limits.h5 -O tsv -o pipe; wait; test -p pipe && wc -l < copy"
    )
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect((Int(outcome.text.filter(\.isNumber)) ?? 0) > 50)
    #expect(sh("plot limits.h5 -O tsv -o /dev/stdout | head -1").text.hasPrefix("# panel"))
    #expect(sh("plot limits.h5 -o /dev/null -O svg && test -c /dev/null").status == 0)
  }

  @Test func linksAreFollowedAndModesKept() {
    let outcome = sh(
      "touch real.svg; chmod 640 real.svg; ln -s real.svg link.svg; plot limits.h5 -o link.svg; "
        + "test -L link.svg && stat -c %a real.svg && grep -c '</svg>' real.svg")
    #expect(outcome.text == "640\n1\n", "\(outcome.error)")
    #expect(sh("umask 027; plot limits.h5 -o new.svg; stat -c %a new.svg").text == "640\n")
  }

  /// The file system's answer to a full disk, made with a limit on the size of files.
  @Test(arguments: ["out.h5", "out.arrow"])
  func limitOnFileSizeLeavesNothing(name: String) {
    let outcome = sh("ulimit -f 2; $READ -o \(name)")
    #expect(outcome.status == 74, "\(outcome)")
    #expect(outcome.error.hasPrefix("lhe-read: error: "))
    #expect(folder.contents == before)
  }

  /// Every kind of output, on its way to a file or waiting for its end in the spool.
  @Test(arguments: [
    "lhe-read $SAMPLE --particles -O lheh5 -o out", "events convert $SAMPLE -O lheh5 -o out",
    "events convert $SAMPLE -O lhe -o out", "events convert $SAMPLE -o out.lhe.gz",
    "events convert $SAMPLE -O hdf5 -o out", "events split $SAMPLE --parts 2 -o out%d.lhe",
    "events merge $SAMPLE -o out.lhe", "lhe-read $SAMPLE --particles",
    "events split $SAMPLE --by document -o out%d.lhe",
    "events convert $SAMPLE --add-weight 'own/twice=2 * XWGTUP' -o out.lhe",
    "events convert $SAMPLE --weight-form weights -o out.lhe",
  ])
  func limitOnFileSizeLeavesNothingOfAnyOutput(command: String) {
    let outcome = sh("ulimit -f 2; \(command)")
    #expect(outcome.status == 74 && outcome.text.isEmpty, "\(outcome)")
    #expect(outcome.error.hasSuffix("cannot write: file too large\n"))
    #expect(folder.contents == before)
  }

  // MARK: Signals

  /// Nothing can be tidied up after SIGKILL; the target is whole or absent all the same.
  @Test(arguments: [
    "lhe-read --setup setup.h5 --sample sm:events -o out.h5",
    "lhe-read events --particles -O lheh5 -o out.h5",
    "events convert events -O lhe -o out.h5",
    "events convert events -O lhe --add-weight 'own/twice=2 * XWGTUP' -o out.h5",
    "events convert events -O lhe --weight-form weights -o out.h5",
    "events split events --by document -o out.h%d",
  ])
  func killedInMidWriteLeavesTheFormerFile(command: String) {
    let outcome = sh(
      """
      set -m
      mkfifo events
      echo former > out.h5
      ln out.h5 out.h1
      (zcat "$SAMPLE" | head -n 3000; sleep 60) > events & writer=$!
      \(command) -f & reader=$!
      for i in $(seq 100); do ls -A | grep -q '^[.]out' && break; sleep 0.1; done
      kill -KILL $reader
      wait $reader
      echo $?
      kill -- -$writer
      cat out.h5 out.h1
      """)
    #expect(outcome.text == "137\nformer\nformer\n", "\(outcome)")
  }

  @Test(arguments: [("INT", SIGINT), ("TERM", SIGTERM), ("HUP", SIGHUP)])
  func signalRemovesTheTemporaryFileAndKills(name: String, number: Int32) {
    // The reader waits for the rest of its pipe, with its output begun.
    let outcome = sh(
      """
      set -m
      mkfifo events
      (zcat "$SAMPLE" | head -n 3000; sleep 60) > events & writer=$!
      lhe-read --setup setup.h5 --sample sm:events -o out.h5 & reader=$!
      for i in $(seq 100); do ls -A | grep -q '^[.]out' && break; sleep 0.1; done
      ls -A | grep -c '^[.]out'
      kill -\(name) $reader
      wait $reader
      echo $?
      kill -- -$writer
      ls -A | grep -c '^[.]out'
      """)
    let lines = outcome.text.split(separator: "\n")
    #expect(lines == ["1", "\(128 + number)", "0"], "\(outcome)")
    #expect(!folder.contents.contains("out.h5"))
  }

  @Test func ignoredSignalsStayIgnored() {
    let outcome = sh(
      """
      mkfifo events
      (trap '' HUP; exec lhe-read --setup setup.h5 --sample sm:events -o out.h5) & reader=$!
      (sleep 0.5; kill -HUP $reader; zcat "$SAMPLE") > events
      wait $reader; echo $?
      """)
    #expect(outcome.text == "0\n" && folder.contents.contains("out.h5"), "\(outcome)")
  }

  // MARK: Provenance and determinism

  @Test func runsAreRecordedWithoutDatesAndPlaces() throws {
    let path = folder.file("out.h5")
    #expect(
      sh("cp $SAMPLE s.lhe.gz; lhe-read --setup setup.h5 --sample 'sm:s.lhe.gz' -o out.h5").status
        == 0)
    let header = try Input.readHeader(path, expecting: [.events], journal: .init())
    let record = try #require(header.provenance.last)
    #expect(record.program == "lhe-read" && record.version == ToolkitVersion.current)
    #expect(record.commandLine == "lhe-read --setup setup.h5 --sample sm:s.lhe.gz -o out.h5")
    #expect(record.inputs.map(\.name).contains("setup.h5"))
    #expect(record.inputs.allSatisfy { $0.digest.count == 16 })
  }

  @Test func withoutProvenanceEqualContentIsEqualBytes() {
    let outcome = sh(
      """
      $READ -o a.h5 --no-provenance && sleep 1.1 && $READ -q -@ 1 -o b.h5 --no-provenance && cmp a.h5 b.h5
      $READ --no-provenance > a.arrow; $READ -@ 2 --no-provenance | cmp - a.arrow
      """)
    #expect(outcome.status == 0 && outcome.text.isEmpty && outcome.error.isEmpty, "\(outcome)")
  }

  @Test func commandAnswersToItsPrefixedName() {
    let outcome = sh(
      "ln -s $(command -v plot) sluice-plot; ./sluice-plot absent.h5; ./sluice-plot --help | grep USAGE"
    )
    #expect(outcome.error.hasPrefix("sluice-plot: error: absent.h5"))
    #expect(outcome.text.hasPrefix("USAGE: sluice-plot "))
  }

  // MARK: Standard error

  @Test func quietByDefaultAndTalkativeWhenAsked() {
    #expect(sh("$READ -o out.h5").error.isEmpty)
    let lines = sh("$READ -v -o out.h5").error.split(separator: "\n")
    #expect(lines.last?.contains("MiB peak memory") == true)
    #expect(lines.last?.contains("200 rows written") == true)
    #expect(lines.allSatisfy { $0.hasPrefix("lhe-read: ") })
  }

  @Test func progressIsForTerminalsOnly() {
    // Only a long run shows any; where it does, it begins the line again and again, and leaves nothing behind.
    let outcome = sh("$READ -o out.h5 2> log; wc -c < log")
    #expect(outcome.text.filter(\.isNumber) == "0")
    let dumb = sh("TERM=dumb script -qec \"$READ -o out.h5\" /dev/null < /dev/null")
    #expect(dumb.status == 0 && dumb.text.isEmpty)
  }

  @Test(arguments: [
    ("--threads 5000", "--threads takes"), ("-@ -1", "missing value"),
    ("-@ many", "the value 'many'"),
    ("-O spreadsheet", "it is one of"), ("-o", "missing value"),
  ])
  func wrongValues(options: String, says: String) {
    let outcome = sh("$READ \(options)")
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.error.contains(says), "\(outcome.error)")
    #expect(outcome.error.split(separator: "\n").count == 2)
  }
}
