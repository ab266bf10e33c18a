// swift-tools-version: 6.2
// The floors of the house: C kernels and system codecs, then the engine in one module (calls across a module
// boundary are not inlined), then the command line and the tools on top.
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The parsers as functions of any bytes: tests, unless `make fuzz` asks for the executable, which links only where
/// libFuzzer is.
let parsers: [Target.Dependency] = ["SofaDB", "CommandKit", "SofaTesting"]
let fuzzing: [Target] =
  Context.environment["SOFA_FUZZ"] == nil
  ? [.testTarget(name: "FuzzTests", dependencies: parsers, path: "Tests/Fuzz", exclude: ["Fuzzer.swift"])]
  : [
    .executableTarget(
      name: "sofafuzz", dependencies: parsers, path: "Tests/Fuzz", exclude: ["FuzzTests.swift", "FuzzerTests.swift"])
  ]

/// Histories of many threads: tests, unless `make tsan` asks for the executable, which alone is built with its checks.
let stressed: [Target.Dependency] = ["SofaDB", "SofaTesting"]
let stressing: [Target] =
  Context.environment["SOFA_TSAN"] == nil
  ? [
    .testTarget(
      name: "ConcurrencyTests", dependencies: stressed, path: "Tests/Concurrency", exclude: ["Stress.swift"])
  ]
  : [
    .executableTarget(
      name: "sofastress", dependencies: stressed, path: "Tests/Concurrency", exclude: ["ConcurrencyTests.swift"])
  ]

let package = Package(
  name: "SofaDB",
  products: [
    .library(name: "SofaDB", targets: ["SofaDB"]),
    .executable(name: "sofatool", targets: ["sofatool"]),
  ],
  targets: fuzzing + stressing + [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CSofaKernels"),
    .target(
      name: "SofaDB", dependencies: ["CZstd", "CLZ4", "CZlib", "CSofaKernels"], swiftSettings: strict),
    .target(name: "CommandKit", swiftSettings: strict),
    .executableTarget(name: "sofatool", dependencies: ["SofaDB", "CommandKit"], swiftSettings: strict),
    .executableTarget(name: "sofabench", dependencies: ["SofaDB", "CommandKit"], swiftSettings: strict),
    .target(name: "SofaTesting", dependencies: ["SofaDB"], path: "Tests/SofaTesting", swiftSettings: strict),
    .executableTarget(name: "sofawriter", dependencies: ["SofaTesting"], path: "Tests/Writer", swiftSettings: strict),
    .testTarget(name: "SofaDBTests", dependencies: ["SofaDB", "SofaTesting", "CSofaKernels", "sofawriter"]),
    .testTarget(name: "CommandKitTests", dependencies: ["CommandKit"]),
    .testTarget(name: "sofatoolTests", dependencies: ["sofatool", "SofaDB", "SofaTesting", "CommandKit"]),
    .testTarget(name: "TidyTests", dependencies: ["sofatool", "CommandKit"]),
  ]
)
