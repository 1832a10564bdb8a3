import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// Events are known by what they hold, whatever file they are in.
@Suite("The same events in two inputs")
struct SameEventsTests {
  private static func samples(
    _ first: SmallFile, _ second: SmallFile
  ) throws -> ReadText {
    let folder = TemporaryFolder()
    return try readSamples(
      [
        SampleInput(role: .benchmark("sm"), file: try folder.write(first.text, "a.lhe")),
        SampleInput(role: .benchmark("sm"), file: try folder.write(second.text, "b.lhe")),
      ], setup: smallSetup())
  }

  @Test("under another head, in another order, or half of them are an error that names both files")
  func refused() throws {
    var head = SmallFile()
    head.head = head.head.replacing("<!-- no <event> here -->", by: "<!-- another head -->")
    var shuffled = SmallFile()
    shuffled.events.reverse()
    var spelled = SmallFile()
    spelled.events = spelled.events.map {
      $0.replacing("200.0 80.4", by: "2.0e2 80.40").replacing("+2.0000000e+00 ", by: "2 ")
    }
    var half = SmallFile()
    half.events = [SmallFile.event(3), SmallFile.event(11)]
    for other in [head, shuffled, spelled, half] {
      let problem = #expect(throws: Problem.self) { try Self.samples(SmallFile(), other) }
      #expect(problem?.kind == .data && problem?.file?.hasSuffix("b.lhe") == true)
      let fact = problem?.fact ?? ""
      #expect(fact.contains("this holds the same events as ") && fact.contains("a.lhe"), "\(fact)")
    }
  }

  @Test("a few are a warning, and none says nothing")
  func few() throws {
    var other = SmallFile()
    other.events = (0..<5).map { SmallFile.event($0 + 4) }
    let one = try Self.samples(SmallFile(), other)
    #expect(one.warnings.count == 1)
    #expect(one.warnings.first?.contains("b.lhe: 1 of its events are in ") == true)
    other.events = (0..<5).map { SmallFile.event($0 + 5) }
    #expect(try Self.samples(SmallFile(), other).warnings.isEmpty)
  }

  @Test("of many events a sample is kept, the same in every input; events all alike say nothing")
  func bounded() throws {
    func sample(_ range: Range<Int>) -> ContentSample {
      var sample = ContentSample()
      for i in range { sample.add(UInt64(bitPattern: EventIdentity.id(sampleKey: 9, index: i))) }
      sample.finish()
      return sample
    }
    let all = sample(0..<1_000_000)
    #expect(MemoryLayout<UInt64>.size * ContentSample.limit <= 1 << 19)
    let part = sample(990_000..<1_010_000).overlap(with: all)
    // One in 16 is kept: 20000/16 events compared, five standard deviations of the binomial.
    #expect(part.each == 16 && abs(part.compared - 1250) < 175)
    #expect(abs(Double(part.shared) / Double(part.compared) - 0.5) < 0.07)
    #expect(sample(2_000_000..<2_100_000).overlap(with: all).shared == 0)
    var alike = ContentSample()
    for _ in 0..<200_000 { alike.add(1 << 40) }
    alike.finish()
    #expect(alike.overlap(with: alike).shared == 0)
  }

  @Test("the key goes by particles alone, and by every one of their numbers")
  func key() throws {
    var event = ParticleEvent()
    event.particles = [
      Particle(
        pdgID: 11, status: 1, momentum: FourVector(px: 1, py: 2, pz: -3, e: 4), mass: 0),
      Particle(
        pdgID: -11, status: 1, momentum: FourVector(px: -1, py: -2, pz: 0, e: 4), mass: 0),
    ]
    let key = event.contentKey
    var other = event
    (other.weight, other.scale, other.processID) = (7, 8, 9)
    other.particles[1].momentum.pz = -0.0
    #expect(other.contentKey == key)
    for change: (inout ParticleEvent) -> Void in [
      { $0.particles[0].pdgID = 13 }, { $0.particles[1].momentum.px = -1.0000000000000002 },
      { $0.particles[1].momentum.py = 2 }, { $0.particles[0].momentum.pz = 3 },
      { $0.particles[0].momentum.e = 5 }, { $0.particles.swapAt(0, 1) },
      { $0.particles.removeLast() },
    ] {
      var changed = event
      change(&changed)
      #expect(changed.contentKey != key)
    }
  }
}
