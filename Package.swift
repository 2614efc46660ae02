// swift-tools-version: 6.2

import PackageDescription

/// Every target is built alike: Swift 6, strict memory safety, no warning left standing.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "onlearn",
  products: [
    .executable(name: "onlearn", targets: ["onlearn"]),
    .library(
      name: "OnlearnEngine",
      targets: [
        "Files", "Kernels", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve", "Remote",
        "Web",
      ]),
  ],
  traits: [
    .trait(name: "TLS", description: "Encrypted connections between servers and clients, with swift-nio-ssl."),
    .default(enabledTraits: []),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev", "pkg-config"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CIntrinsics"),
    .target(name: "CAllocationCounter"),

    .target(name: "JSON", swiftSettings: strict),
    .target(name: "Kernels", dependencies: ["COpenBLAS", "CIntrinsics"], swiftSettings: strict),
    .target(name: "Files", dependencies: ["Kernels"], swiftSettings: strict),
    .target(name: "Graph", dependencies: ["Kernels"], swiftSettings: strict),
    .target(name: "GraphDefImport", dependencies: ["JSON", "Files", "Kernels", "Graph"], swiftSettings: strict),
    .target(name: "Parameters", dependencies: ["JSON", "Files", "Kernels"], swiftSettings: strict),
    .target(
      name: "Wire",
      dependencies: [
        "Kernels", .product(name: "NIOCore", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Transport",
      dependencies: [
        "Files", "Wire", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
      ],
      swiftSettings: strict),
    .target(
      name: "PS",
      dependencies: [
        "Files", "Kernels", "Parameters", "Wire", "Transport", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .target(
      name: "Serve",
      dependencies: [
        "CZlib", "JSON", "Files", "Kernels", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport", "PS",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Remote",
      dependencies: [
        "Files", "Kernels", "GraphDefImport", "Parameters", "Wire", "Transport", "PS", "Serve",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .target(
      name: "Web",
      dependencies: [
        "JSON", "Kernels", "GraphDefImport", "Parameters", "Serve",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      resources: [.embedInCode("Dashboard/dashboard.html")],
      swiftSettings: strict),
    .executableTarget(
      name: "onlearn",
      dependencies: [
        "CAllocationCounter", "JSON", "Files", "Kernels", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport",
        "PS", "Serve", "Remote", "Web",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: [
        "Kernels", "Graph", "GraphDefImport", "Parameters", "Wire", "Transport",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
    .testTarget(name: "FilesTests", dependencies: ["Files", "Kernels"], swiftSettings: strict),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels"], swiftSettings: strict),
    .testTarget(
      name: "GraphTests", dependencies: ["CAllocationCounter", "Kernels", "Graph", "TestSupport"], swiftSettings: strict
    ),
    .testTarget(
      name: "GraphDefImportTests", dependencies: ["Files", "Kernels", "Graph", "GraphDefImport", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ParametersTests", dependencies: ["Files", "Kernels", "Parameters", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "WireTests",
      dependencies: ["Kernels", "Wire", .product(name: "NIOCore", package: "swift-nio")],
      swiftSettings: strict),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "Kernels", "Parameters", "Wire", "Transport", "PS", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "PSTests",
      dependencies: [
        "CAllocationCounter", "Files", "Kernels", "Parameters", "Wire", "Transport", "PS", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ServeTests",
      dependencies: [
        "Files", "Kernels", "Graph", "GraphDefImport", "Parameters", "PS", "Serve", "TestSupport",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "RemoteTests",
      dependencies: [
        "Kernels", "Parameters", "Wire", "Transport", "PS", "Serve", "Remote", "TestSupport",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "WebTests",
      dependencies: [
        "Kernels", "Serve", "Web", "TestSupport", .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "onlearn", "Kernels", "GraphDefImport", "Parameters", "PS", "Transport", "Wire", "Serve", "Remote",
        "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
  ]
)
