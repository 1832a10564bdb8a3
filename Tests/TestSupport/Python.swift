import Glibc
import Testing

/// The Python with h5py and pyarrow that serves as an oracle: $SLUICE_PYTHON, or the virtual environment of `make check`.
public enum Python {
  public static let interpreter: String? = {
    if let path = getenv("SLUICE_PYTHON").map({ String(cString: $0) }), Place.exists(path) {
      return path
    }
    let made = Place.root + "/.venv/bin/python"
    return Place.exists(made) ? made : nil
  }()

  /// Runs a program text with arguments (`sys.argv[1:]`) and bytes on standard input.
  public static func run(
    script: String, arguments: [String] = [], input: [UInt8] = [], in folder: String? = nil
  ) -> Outcome {
    TestSupport.run(
      interpreter ?? "python3", ["-c", script] + arguments, input: input, in: folder,
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips with a reason where the Python with h5py and pyarrow is absent; with SLUICE_STRICT=1 the test runs, and fails.
  public static var needsPython: ConditionTrait {
    .enabled(
      if: Place.isStrict || Python.interpreter != nil,
      "no Python with h5py and pyarrow: neither SLUICE_PYTHON nor .venv")
  }
}

/// The Python with MadMiner and other peers that `make peers` installs: $SLUICE_PEERS, or `.venv-peers`.
public enum Peers {
  public static let interpreter: String? = {
    if let path = getenv("SLUICE_PEERS").map({ String(cString: $0) }), Place.exists(path) {
      return path
    }
    let made = Place.root + "/.venv-peers/bin/python"
    return Place.exists(made) ? made : nil
  }()

  public static func run(script: String, arguments: [String] = [], in folder: String? = nil)
    -> Outcome
  {
    TestSupport.run(interpreter ?? "python3", ["-c", script] + arguments, in: folder)
  }
}

/// The Python with pylhe 2.1 or later, the oracle of LHEH5: $SLUICE_PYLHE, or `.venv-pylhe`.
public enum Pylhe {
  public static let interpreter: String? = {
    if let path = getenv("SLUICE_PYLHE").map({ String(cString: $0) }), Place.exists(path) {
      return path
    }
    let made = Place.root + "/.venv-pylhe/bin/python"
    return Place.exists(made) ? made : nil
  }()

  public static func run(script: String, arguments: [String] = [], in folder: String? = nil)
    -> Outcome
  {
    TestSupport.run(
      interpreter ?? "python3", ["-c", script] + arguments, in: folder,
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips with a reason where pylhe is absent.
  public static var needsPylhe: ConditionTrait {
    .enabled(if: Pylhe.interpreter != nil, "no pylhe: neither SLUICE_PYLHE nor .venv-pylhe")
  }

  /// Skips with a reason where the peers are absent; they are never demanded (5.8 GB).
  public static var needsPeers: ConditionTrait {
    .enabled(if: Peers.interpreter != nil, "no peers: neither SLUICE_PEERS nor .venv-peers")
  }

  /// Skips with a reason where the peers have no onnxruntime.
  public static var needsONNXRuntime: ConditionTrait {
    .enabled("no onnxruntime among the peers") {
      Peers.interpreter != nil && Peers.run(script: "import onnxruntime, numpy").status == 0
    }
  }
}
