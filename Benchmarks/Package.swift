// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that users of the engine never resolve its dependencies.
let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "onlearn", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark", .upToNextMinor(from: "1.38.0"), traits: []),
  ],
  targets: [
    .executableTarget(
      name: "OnlearnBenchmarks",
      dependencies: [
        .product(name: "Benchmark", package: "benchmark"),
        .product(name: "OnlearnEngine", package: "onlearn"),
      ],
      path: "Benchmarks/OnlearnBenchmarks",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ]
)
