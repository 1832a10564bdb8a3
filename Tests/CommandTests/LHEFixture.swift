import TestSupport

/// A Les Houches document whose parts a test can spoil, and a folder to put it in.
struct LHEFixture {
  let folder = TemporaryFolder()
  var norm = "average"
  var process = 7
  var crossSection = 2.0
  var scale = 1.0
  /// What stands after the root, as POWHEG leaves it.
  var rest = " #Random number generator exit values:  1 15570 0\n"

  var head: String {
    """
    <LesHouchesEvents version="3.0">
    <!-- cards & <b>no</b> XML -->
    <header>
    <MGRunCard>
      \(norm) = event_norm ! what weights mean
      6 = nevents
      21 = iseed
    </MGRunCard>
    <initrwgt>
    <weightgroup name="scales">
    <weight id="up"> mur=2 </weight>
    <weight id="down"> mur=0.5 </weight>
    </weightgroup>
    </initrwgt>
    </header>
    <init>
    2212 2212 6.5e+03 6.5E+03 0 0 247000 247000 -4 1
      \(crossSection) 1e-2 2.0 \(process)
    </init>

    """
  }

  /// Event i from 0: a scattering u d~ > W+ Z in which energy and momentum are conserved to the last digit.
  func event(_ i: Int) -> String {
    let weight = scale * (Double(i) - 1.5) * crossSection
    return """
      <event npLO=" -1 " npNLO=" 1 ">
       4 \(process) \(weight) 9.1e+01 7.5e-03 -.12D+00
        2 -1 0 0 501 0 0. 0. +1.0e+02 1.0e+02 0. 0. 1.
       -1 -1 0 0 0 501 0. 0. -1.0e+02 1.0e+02 0. 0. -1.
       22 1 1 2 0 0 \(60 + i).0 0. 0. \(60 + i).0 0. 0. 9.
       22 1 1 2 0 0 -\(60 + i).0 0. \(0).0 \(60 + i).0 0. 0. 9.
       14 1 1 2 0 0 0. 0. \(40 - i).0 \(40 - i).0 0. 0. 9.
      -14 1 1 2 0 0 0. 0. -\(40 - i).0 \(40 - i).0 0. 0. 9.
      #rwgt 1 9 1577.9467111209792
      <rwgt>
      <wgt id='up'> \(weight * 1.25) </wgt>
      <wgt id='down'> \(weight * 0.75) </wgt>
      </rwgt>
      <scales muf="90.1"/>
      </event>

      """.replacing(" 4 \(process) ", with: " 6 \(process) ")
  }

  func text(_ numbers: some Sequence<Int> = 0..<6, gap: String = "") -> String {
    head + numbers.map { gap + event($0) }.joined() + "</LesHouchesEvents>\n" + rest
  }

  @discardableResult
  func write(_ text: String, _ name: String = "a.lhe") -> String {
    _ = run("tee", [folder.file(name)], input: Array(text.utf8))
    return text
  }

  func read(_ name: String) -> String { run("cat", [folder.file(name)]).text }

  func callAsFunction(_ line: String, input: String = "") -> Outcome {
    shell(line, in: folder.path, input: Array(input.utf8))
  }
}

extension String {
  /// The events of a document, each from `<event` to `</event>`.
  var lheEvents: [String] {
    var found: [String] = []
    var rest = self[...]
    while let start = rest.firstRange(of: "<event"), let end = rest.firstRange(of: "</event>") {
      found.append(String(rest[start.lowerBound..<end.upperBound]))
      rest = rest[end.upperBound...]
    }
    return found
  }
}
