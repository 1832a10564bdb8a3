// swift-tools-version: 6.1
import PackageDescription

// The rooms of the house and the arrows between them; arrows go down only.
// Tests/StructureTests compares this table with the one in its own source.

let parser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// Commands and the rooms each needs; `lhe-read`, `events` and `plot` stay clear of OpenBLAS.
let commands: [(name: String, rooms: [Target.Dependency])] = [
  ("morph", ["AnalysisFile", "Observables", "Morphing"]),
  ("lhe-read", ["LesHouches", "Observables"]),
  ("augment", ["Augmentation"]),
  ("train-ratio", ["Estimators"]),
  ("train-score", ["Estimators"]),
  ("train-density", ["Estimators"]),
  ("evaluate", ["Estimators", "Augmentation"]),
  ("fisher", ["Inference", "Observables"]),
  ("limits", ["Inference", "Observables"]),
  ("events", ["LesHouches", "Observables"]),
  ("plot", []),
]

let rooms: [Target] = [
  .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"])]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
  .systemLibrary(
    name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .target(name: "CVectorMath", linkerSettings: [.linkedLibrary("m")]),
  .target(name: "Diagnostics"),
  .target(name: "Numerics", dependencies: ["CVectorMath"]),
  .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "Numerics"]),
  .target(name: "EventModel", dependencies: ["Diagnostics"]),
  .target(name: "EventIO", dependencies: ["EventModel", "CHDF5", "CZlib"]),
  .target(name: "AnalysisFile", dependencies: ["EventModel", yams]),
  .target(name: "LesHouches", dependencies: ["EventIO", "CExpat"]),
  .target(name: "Observables", dependencies: ["EventModel", "Numerics"]),
  .target(name: "Morphing", dependencies: ["EventModel", "LinearAlgebra"]),
  .target(name: "Augmentation", dependencies: ["Morphing"]),
  .target(name: "Networks", dependencies: ["LinearAlgebra"]),
  .target(name: "Estimators", dependencies: ["Networks", "Morphing"]),
  .target(name: "Inference", dependencies: ["Estimators"]),
  .target(name: "CommandKit", dependencies: ["EventIO", parser]),
]

let executables: [Target] =
  commands.map {
    .executableTarget(name: $0.name, dependencies: ["CommandKit"] + $0.rooms)
  } + [
    /// For developers: writes manual pages and completions (`make docs`).
    .executableTarget(name: "docgen", dependencies: ["CommandKit"])
  ]

/// Libraries under test, and the suites that see only built commands or the source tree.
let librarySuites: [(room: String, also: [Target.Dependency])] = [
  ("Diagnostics", []), ("Numerics", []), ("LinearAlgebra", []), ("EventModel", []),
  ("EventIO", []), ("AnalysisFile", []), ("LesHouches", ["Observables"]), ("Observables", []),
  ("Morphing", ["EventIO"]), ("Augmentation", ["EventIO"]), ("Networks", []),
  ("Estimators", ["Augmentation", "EventIO"]), ("Inference", ["Augmentation", "EventIO"]),
  ("CommandKit", []),
]

/// What tests test is optimised; they themselves would take half of the time of a build to be.
let quickly: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

let suites: [Target] =
  librarySuites.map {
    .testTarget(
      name: $0.room + "Tests",
      dependencies: [.target(name: $0.room), "TestSupport"] + $0.also, swiftSettings: quickly)
  } + [
    .testTarget(
      name: "CommandTests", dependencies: ["TestSupport", "EventIO"], swiftSettings: quickly),
    .testTarget(
      name: "StructureTests", dependencies: ["TestSupport"], exclude: ["public-names.txt"]),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .target(
      name: "FuzzTargets", dependencies: ["AnalysisFile", "LesHouches", "Observables"],
      path: "Tests/FuzzTargets"),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"], exclude: ["Corpus"]),
  ]

/// The fuzzer is linked with libFuzzer, by `make fuzz` only.
let fuzzers: [Target] =
  Context.environment["SLUICE_FUZZ"] == nil
  ? [] : [.executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz")]

/// SLUICE_PART=reading or learning builds one half of the house: quick turns for work in it. SLUICE_PART=commands is the
/// whole without its tests, whose library cannot be linked in.
let halves: [String: Set<String>] = [
  "commands": Set(suites.map(\.name)),
  "reading": [
    "Augmentation", "Networks", "Estimators", "Inference", "augment", "train-ratio", "train-score",
    "train-density", "evaluate", "fisher", "limits", "plot", "AugmentationTests", "NetworksTests",
    "EstimatorsTests", "InferenceTests",
  ],
  "learning": [
    "LesHouches", "lhe-read", "events", "LesHouchesTests", "ObservablesTests", "FuzzTargets",
    "FuzzTests",
  ],
]
let leftOut = Context.environment["SLUICE_PART"].flatMap { halves[$0] } ?? []

let package = Package(
  name: "sluice",
  products: commands.filter { !leftOut.contains($0.name) }.map {
    .executable(name: $0.name, targets: [$0.name])
  } + [
    .library(name: "EventModel", targets: ["EventModel"]),
    .library(name: "EventIO", targets: ["EventIO"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: (rooms + executables + suites + fuzzers).filter { !leftOut.contains($0.name) },
  swiftLanguageModes: [.v6])
