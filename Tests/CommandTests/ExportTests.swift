import Foundation
import TestSupport
import Testing

/// The Python with pyhf, hepdata-validator and popxf-validator: $SLUICE_EXCHANGE, or `.venv-exchange`.
private let exchangePython: String? = {
  if let path = ProcessInfo.processInfo.environment["SLUICE_EXCHANGE"], Place.exists(path) {
    return path
  }
  let made = Place.root + "/.venv-exchange/bin/python"
  return Place.exists(made) ? made : nil
}()

extension Trait where Self == ConditionTrait {
  fileprivate static var needsExchange: ConditionTrait {
    .enabled(
      if: exchangePython != nil && Place.hasSharedOrStrict,
      "no pyhf: neither SLUICE_EXCHANGE nor .venv-exchange")
  }
}

/// Exported likelihoods and results, read by the programs they are for.
@Suite struct ExportTests {
  private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
  private let toyMC = Place.shared + "/golden/inference/toy_mc.h5"
  private let bins = "--observable x --bins=-2,-1,0,1,2"

  private func python(_ script: String, _ arguments: [String], _ folder: String) -> Outcome {
    run(exchangePython ?? "python3", ["-c", script] + arguments, in: folder)
  }

  /// Without pyhf: the workspace says what the bins hold.
  @Test(.needsShared) func workspaceHoldsTheBins() throws {
    let outcome = shell(
      "limits export --format pyhf \(toy) --luminosity 10/fb \(bins) --theta t0=0.3,t1=-0.2")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    let observations = try #require(object["observations"] as? [[String: Any]])
    let data = try #require(observations[0]["data"] as? [Double])
    // Lσ(θ) = 10 (1 + 0.25·0.09 + 0.18·0.04) events.
    #expect(data.count == 6)
    #expect(abs(data.reduce(0, +) - 10 * 1.0297) < 1e-6)
  }

  /// A table of bins stands for its events; several are channels of one workspace.
  @Test(.needsShared) func tablesOfBinsAreChannels() throws {
    let folder = TemporaryFolder()
    let made = shell(
      """
      set -e
      fisher bins \(toyMC) \(bins) -o x.h5
      fisher bins \(toyMC) --observable x2 --bins 0,1,4 -o y.h5
      export="limits export --no-provenance --format"
      $export pyhf \(toyMC) --luminosity 10/fb \(bins) --theta t0=0.3,t1=-0.2 -o events.json
      $export pyhf x.h5 --luminosity 10/fb --theta t0=0.3,t1=-0.2 -o bins.json
      $export pyhf x.h5 y.h5 --luminosity 10/fb --grid t0=0:1:2 --grid t1=0:1:2 --patchset p.json -o two.json
      $export popxf \(toyMC) --scale 1000 \(bins) -o events.popxf
      $export popxf x.h5 --scale 1000 -o bins.popxf
      """, in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    func read(_ name: String) throws -> Data {
      try #require(FileManager.default.contents(atPath: folder.file(name)))
    }
    #expect(try read("events.json") == read("bins.json"))
    #expect(try read("events.popxf") == read("bins.popxf"))
    let two = try #require(JSONSerialization.jsonObject(with: read("two.json")) as? [String: Any])
    let channels = try #require(two["channels"] as? [[String: Any]])
    #expect(channels.map { $0["name"] as? String } == ["x", "y"])
    let measurement = try #require((two["measurements"] as? [[String: Any]])?.first)
    let name = try #require(measurement["name"] as? String)
    #expect(name.contains("10/fb") && name.contains("edges -2.0,-1.0") && name.contains("t0"))
    let patches = try #require(
      JSONSerialization.jsonObject(with: read("p.json")) as? [String: Any])["patches"]
    let operations = (patches as? [[String: Any]])?.first?["patch"] as? [[String: Any]] ?? []
    let paths = operations.compactMap { $0["path"] as? String }
    #expect(paths.contains { $0.hasPrefix("/channels/1/samples/0/") })
    for (line, message) in [
      ("x.h5 --observable x", "--observable is for events"),
      ("x.h5 \(toyMC)", "not all of them are tables of bins"),
    ] {
      let refused = shell(
        "limits export --format pyhf --luminosity 1/fb \(line)", in: folder.path)
      #expect(refused.status == 64 && refused.error.contains(message), "\(refused.error)")
    }
  }

  /// The interval of a coverage is no symmetric error.
  @Test(.needsShared) func coverageAndBandsAreTables() throws {
    let folder = TemporaryFolder()
    let made = shell(
      """
      set -e
      limits coverage \(toy) --theta sm --luminosity 10/fb \(bins) --grid t0=-1:1:5 \
        --grid t1=-1:1:5 --toys 200 --experiments 100 -q -o v.h5
      limits expected \(toy) --luminosity 10/fb \(bins) --grid t0=-3:3:13 --grid t1=-3:3:13 -q -o l.h5
      limits export --format hepdata v.h5 l.h5 -o record.yaml
      """, in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let text = shell("cat record.yaml", in: folder.path).text
    for part in [
      "coverage of the 0.95 region", "coverage, neyman", "coverage, asymptotic", "asymerror:",
      "EXPERIMENTS", "expected bands of intervals", "+1 sigma",
    ] { #expect(text.contains(part), "\(part)") }
  }

  /// pyhf's −2 ln L between two points of the patch set, without the Monte-Carlo errors, is our q; its expected data and
  /// its CLs are ours.
  @Test(.needsExchange) func pyhfAgrees() throws {
    let folder = TemporaryFolder()
    let outcome = shell(
      "limits export --format pyhf \(toy) --luminosity 10/fb \(bins) --theta sm --data \(toy) "
        + "--grid t0=-1:1:3 --grid t1=-1:1:3 --patchset p.json -o w.json && "
        + "limits observed \(toy) --data \(toy) --luminosity 10/fb \(bins) --grid t0=-1:1:3 "
        + "--grid t1=-1:1:3 --json > q.json && "
        + "limits counting --signal 3,2,1 --background 4,9,5 --background-uncertainty 0.5,1,0.7 --observed 5,8,7 --json > c.json",
      in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
    let script = """
      import json, pyhf, numpy as np
      ws = pyhf.Workspace(json.load(open('w.json')))
      ps = pyhf.PatchSet(json.load(open('p.json')))
      ps.verify(ws)
      q = json.load(open('q.json'))
      q = np.array(q.get('document', q)['limits']['q'], float).ravel()
      nll = []
      for patch in ps.patches:
          spec = json.loads(json.dumps(ps.apply(ws, patch.name)))
          for s in spec['channels'][0]['samples']:
              s['modifiers'] = [m for m in s['modifiers'] if m['type'] != 'staterror']
          w = pyhf.Workspace(spec); m = w.model(); d = w.data(m)
          pars = m.config.suggested_init()
          assert np.allclose(m.expected_data(pars), spec['channels'][0]['samples'][0]['data'])
          nll.append(-2 * float(m.logpdf(pars, d)[0]))
      nll = np.array(nll); 
      assert len(nll) == 9
      assert np.abs((nll - nll[0]) - (q - q[0])).max() < 1e-6 * np.abs(nll).max(), (nll - nll[0], q - q[0])
      m = ws.model(); d = ws.data(m)
      pyhf.infer.mle.fit(d, m)
      c = json.load(open('c.json')); c = c.get('document', c)['cls']
      m = pyhf.simplemodels.uncorrelated_background([3.,2,1], [4.,9,5], [0.5,1.,0.7])
      v = float(pyhf.infer.hypotest(1.0, [5.,8,7] + m.config.auxdata, m, test_stat='qtilde'))
      assert abs(v - c['observed'][0]) < 1e-4, (v, c['observed'][0])
      """
    let result = python(script, [], folder.path)
    #expect(result.status == 0, "\(result.error)")
  }

  /// Nuisance parameters become modifiers that pyhf takes: its expected data at ±1 are the varied bins.
  @Test(.needsExchange) func systematicsAgree() {
    let folder = TemporaryFolder()
    let outcome = shell(
      "limits export --format pyhf \(toyMC) --luminosity 300/fb \(bins) --theta t0=0.3,t1=-0.2 -o w.json",
      in: folder.path)
    let script = """
      import json, pyhf, numpy as np
      ws = pyhf.Workspace(json.load(open('w.json')))
      m = ws.model()
      types = {t for _, t in m.config.modifiers}
      assert {'histosys', 'normsys'} <= types, types
      pars = np.array(m.config.suggested_init(), float)
      samples = json.load(open('w.json'))['channels'][0]['samples']
      assert np.allclose(m.expected_actualdata(pars), sum(np.array(s['data']) for s in samples))
      for name in {x['name'] for s in samples for x in s['modifiers'] if x['type'].endswith('sys')}:
          for value, end in ((1, 'hi'), (-1, 'lo')):
              total = 0
              for s in samples:
                  part = np.array(s['data'])
                  for x in s['modifiers']:
                      if x['name'] == name and x['type'] == 'normsys':
                          part = part * x['data'][end]
                      if x['name'] == name and x['type'] == 'histosys':
                          part = np.array(x['data'][end + '_data'])
                  total = total + part
              p = pars.copy(); p[m.config.par_slice(name)] = value
              assert np.allclose(m.expected_actualdata(p), total, rtol=1e-9), name
      """
    #expect(Place.exists(folder.file("w.json")), "\(outcome.error)")
    let result = python(script, [], folder.path)
    #expect(result.status == 0, "\(result.error)")
  }

  @Test(.needsShared) func popxfPolynomials() throws {
    let outcome = shell("limits export --format popxf \(toy) \(bins) --scale 1000")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    let data = try #require(object["data"] as? [String: Any])
    let central = try #require(data["observable_central"] as? [String: [Double]])
    let sums = central.mapValues { $0.reduce(0, +) }
    // σ(θ) = S₀(1 + C₁²θ₀² + 2C₂²θ₁²).
    #expect(abs(try #require(sums["('', '')"]) - 1e-3) < 1e-10)
    #expect(abs(try #require(sums["('t0', 't0')"]) - 0.25e-3) < 1e-10)
    #expect(abs(try #require(sums["('t1', 't1')"]) - 0.18e-3) < 1e-10)
    #expect(abs(try #require(sums["('', 't0')"])) < 1e-10)
  }

  /// The validator's package lacks the schema it names, so its rules beyond the schema are what is checked.
  @Test(.needsExchange) func popxfValidates() {
    let folder = TemporaryFolder()
    let outcome = shell(
      "limits export --format popxf \(toyMC) \(bins) --scale 1000 -o p.json", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let script = """
      import json
      import popxf.validator.validator as v
      from jsonschema import Draft7Validator
      if 'popxf-1.0.json' not in v.schemas:
          v.schemas['popxf-1.0.json'] = {}
          v.validators['popxf-1.0.json'] = Draft7Validator
      p = v.POPxfValidator(json.load(open('p.json')))
      assert p.mode == 'SP' and p.length_observable_names == 6
      u = json.load(open('p.json'))['data']['observable_uncertainties']['MC_stats']
      assert all(x >= 0 for k in u for x in u[k]) and any(x > 0 for k in u for x in u[k])
      """
    let result = python(script, [], folder.path)
    #expect(result.status == 0, "\(result.error)")
  }

  @Test(.needsExchange) func hepdataValidates() {
    let folder = TemporaryFolder()
    let outcome = shell(
      "limits expected \(toy) --luminosity 10/fb \(bins) --grid t0=-1:1:5 --grid t1=-1:1:5 -q -o l.h5 && "
        + "limits toys \(toy) --theta sm --luminosity 10/fb \(bins) --grid t0=-1:1:3 --grid t1=-1:1:3 --toys 200 --experiments 100 -o t.h5 && "
        + "limits cls \(toy) --luminosity 100/fb \(bins) --grid t0=0:1:5 --fix t1 -o c.h5 && "
        + "limits posterior \(toy) --theta sm --luminosity 10/fb \(bins) --grid t0=-1:1:5 --grid t1=-1:1:5 -q -o b.h5 && "
        + "limits coverage \(toy) --theta sm --luminosity 10/fb \(bins) --grid t0=-1:1:5 --grid t1=-1:1:5 --toys 200 --experiments 100 -q -o v.h5 && "
        + "fisher truth \(toyMC) --luminosity 10/fb --theta t0=0.3 -q -o i.h5; "
        + "limits export --format hepdata l.h5 t.h5 c.h5 b.h5 i.h5 v.h5 -o record/ && "
        + "limits export --format hepdata l.h5 i.h5 -o one.yaml", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let script = """
      import os, yaml
      from hepdata_validator.submission_file_validator import SubmissionFileValidator
      from hepdata_validator.data_file_validator import DataFileValidator
      from hepdata_validator.full_submission_validator import FullSubmissionValidator
      v = SubmissionFileValidator()
      assert v.validate(file_path='record/submission.yaml'), v.get_messages()
      names = [d['data_file'] for d in yaml.safe_load_all(open('record/submission.yaml')) if 'data_file' in d]
      assert len(names) >= 11, names
      for n in names:
          d = DataFileValidator()
          assert d.validate(file_path='record/' + n), (n, d.get_messages())
      docs = list(yaml.safe_load_all(open('one.yaml')))
      assert len(docs) > 3 and 'independent_variables' in docs[1]
      f = FullSubmissionValidator()
      assert f.validate(directory='record'), f.get_messages()
      """
    let result = python(script, [], folder.path)
    #expect(result.status == 0, "\(result.error)")
  }
}
