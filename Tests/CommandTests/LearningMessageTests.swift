import TestSupport
import Testing

/// What the learning commands say of samples that cannot be learned from, and of options that contradict one another.
@Suite struct LearningMessageTests {
  /// Rows of θ0 = 1 and θ1 = 0 as another simulator writes them, sorted by y.
  private static func sorted() -> Analysed {
    let bench = Analysed(events: false)
    bench.expectSuccess(
      bench(
        """
        awk 'BEGIN { srand(1); print "x\\ty\\tr"
          for (i = 0; i < 400; i++) { y = i >= 200; print rand() + (y ? 0 : 0.5) "\\t" y "\\t0.1" } }' \
          > t.tsv
        augment import t.tsv --x x --parameters mu=0:1 --theta0 mu=1 --theta1 mu=0 --y y --log-r r \
          -o s.h5
        """))
    return bench
  }
  private static let quick = "--hidden 5 --epochs 2"

  /// Squared errors of ratios that have left all bounds stay finite, and no gradient leads back.
  @Test func trainingThatLeftAllBoundsIsNoModel() {
    let bench = Self.sorted()
    for method in ["rolr", "rascal"] {
      let sample = method == "rolr" ? "s.h5" : "scored.h5"
      if method == "rascal" {
        bench.expectSuccess(
          bench(
            """
            awk 'NR == 1 { print $0 "\ts" } NR > 1 { print $0 "\t0.2" }' t.tsv |
              augment import - --x x --parameters mu=0:1 --theta0 mu=1 --theta1 mu=0 --y y --log-r r \
              --score s -o scored.h5
            """))
      }
      bench.expectFailure(
        "train-ratio \(sample) --method \(method) --hidden 5 --epochs 3 --rate 1e30"
          + " --clip-gradient inf --activation relu -o m.h5", 65, "training diverged in epoch 1")
    }
  }

  /// Hypotheses that share no events have no ratio, which only carl can do without.
  @Test func infiniteRatiosAloneAreNotLearned() {
    let bench = Self.sorted()
    bench.expectSuccess(
      bench(
        """
        awk 'NR == 1 { print } NR > 1 { print $1 "\t" $2 "\t" ($2 ? "-inf" : "inf") }' t.tsv |
          augment import - --x x --parameters mu=0:1 --theta0 mu=1 --theta1 mu=0 --y y --log-r r \
          -o inf.h5
        """))
    bench.expectFailure(
      "train-ratio inf.h5 --method rolr \(Self.quick) -o m.h5", 65,
      "inf.h5: every joint log ratio is infinite")
    bench.expectSuccess(bench("train-ratio inf.h5 --method carl \(Self.quick) -o m.h5"))
    // Rows without scores are compared by what they have.
    let compared = bench("evaluate s.h5 --model m.h5 --compare")
    bench.expectSuccess(compared)
    #expect(compared.text.contains("mean squared error of log r"))
    #expect(!compared.text.contains("score"))
  }

  @Test func oneHypothesisCannotBeToldFromNone() {
    let bench = Self.sorted()
    for method in ["carl", "alice"] {
      bench.expectFailure(
        "train-ratio s.h5 --method \(method) --rows 100 \(Self.quick) -o m.h5", 65,
        "s.h5: all 100 rows have y = 0, and --method \(method) needs rows of both hypotheses")
      bench.expectSuccess(
        bench("train-ratio s.h5 --method \(method) --rows 300 \(Self.quick) -o \(method).h5"))
    }
    // A squared error of the joint ratio has its minimum at the ratio over rows of either.
    bench.expectSuccess(
      bench("train-ratio s.h5 --method rolr --rows 100 \(Self.quick) -o rolr.h5"))
    bench.expectSuccess(
      bench(
        """
        (head -1 t.tsv; grep -P '\\t0\\t' t.tsv) | augment import - --x x --parameters mu=0:1 \
          --theta0 mu=1 --theta1 mu=0 --y y -o one.h5
        """))
    bench.expectFailure(
      "evaluate importance one.h5 --model carl.h5", 65, "one.h5: all 200 rows have y = 0")
    bench.expectSuccess(bench("evaluate importance s.h5 --model carl.h5"))
  }

  @Test func contradictions() {
    let bench = Self.sorted()
    for (options, text) in [
      ("--method carl --alpha 3", "--method carl has no score term for --alpha"),
      ("--method carl --members 3 --member 1/3", "--members and --member '1/3' are both given"),
    ] { bench.expectFailure("train-ratio s.h5 \(options) -o m.h5", 64, text) }
    bench.expectFailure(
      "train-density s.h5 --method nde --alpha 3 -o m.h5", 64, "--method nde has no score term")
  }

  @Test func filesOfAnotherKindAreToldWhereTheyBelong() {
    let bench = Self.sorted()
    bench.expectSuccess(bench("train-ratio s.h5 --method carl \(Self.quick) -o m.h5"))
    bench.expectFailure(
      "train-ratio m.h5 -o n.h5", 65, "this is of kind model, where sample is needed; samples are")
    bench.expectFailure(
      "evaluate s.h5 --model s.h5", 65, "where model is needed; train a model on it first")
    bench.expectFailure(
      "evaluate s.h5 --model setup.h5", 65, "where model is needed; models are made by train-ratio")
    for command in ["evaluate m.h5 --model m.h5", "augment plain m.h5 --theta mu=1 -n 3 -o n.h5"] {
      bench.expectFailure(
        command, 65,
        "m.h5: this is of kind model, where events")
      bench.expectFailure(
        command, 65, "give the events that lhe-read made; evaluate, fisher and limits take")
    }
  }

  /// A text of numbers, with and without names, is no events; what is missing is named.
  @Test func textTablesAreToldWhatTheyLack() {
    let bench = Self.sorted()
    bench.expectSuccess(
      bench(
        """
        train-ratio s.h5 --method carl \(Self.quick) -o m.h5
        printf '1 2\\n3 4\\n' > bare.txt; printf '# x y\\n3 4\\n' > named.txt
        """))
    bench.expectFailure(
      "evaluate bare.txt --model m.h5 --theta mu=1", 65,
      "bare.txt: line 1: there is no line with the names of the columns; write one above the numbers, after a #: '# pt m_jj'"
    )
    bench.expectFailure(
      "evaluate named.txt --model m.h5 --theta mu=1", 65,
      "named.txt: this is a table of columns alone, and tells of no parameters; make a sample of it with augment import"
    )
    // What the line says works.
    bench.expectSuccess(
      bench(
        "augment import named.txt --x x --parameters mu=0:1 -o n.h5 && evaluate n.h5 --model m.h5 --theta mu=1 -q -o e.h5"
      ))
  }

  @Test func pointsOfAFileHaveTheirLine() {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        printf '# points\\nsm\\ncHX=0.1\\n' > unknown.txt; printf 'cHW cHq3\\n0.1 0.2\\n' > head.txt
        printf 'sm\\nnowhere\\n' > name.txt
        augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1 --theta1 sm -n 200 -q |
          train-ratio --method carl \(Self.quick) -o m.h5
        """))
    for command in [
      "augment plain events.h5 -n 10 -o x.h5", "evaluate diagnose events.h5 --model m.h5",
      "evaluate events.h5 --model m.h5 -o x.h5",
    ] {
      bench.expectFailure(
        "\(command) --theta @unknown.txt", 65,
        "unknown.txt: line 3: there is no parameter 'cHX'; the setup has cHW, cHq3")
      bench.expectFailure(
        "\(command) --theta @name.txt", 65, "name.txt: line 2: there is no benchmark 'nowhere'")
      bench.expectFailure(
        "\(command) --theta @head.txt", 65,
        "head.txt: line 1: 'cHW cHq3' is no parameter point; write")
    }
  }

  /// h5py's booleans are labels like any others.
  @Test(.needsPython) func booleanLabels() throws {
    let bench = Self.sorted()
    let made = Python.run(
      script: """
        import h5py, numpy as np
        t = np.loadtxt('t.tsv', skiprows=1)
        with h5py.File('b.h5', 'w') as f:
            f['x'] = t[:, 0]; f['y'] = t[:, 1] == 1
        """, in: bench.folder.path)
    #expect(made.status == 0, "\(made.error)")
    let importing = "augment import b.h5 --x x --parameters mu=0:1 --theta0 mu=1 --theta1 mu=0"
    bench.expectSuccess(bench("\(importing) --y y -o b_s.h5"))
    let labels = try #require(try bench.columns("b_s.h5", .sample)["y"]).doubles
    let wanted = try #require(try bench.columns("s.h5", .sample)["y"]).doubles
    #expect(labels == wanted && wanted.contains(1))
  }
}
