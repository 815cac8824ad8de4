// swift-tools-version: 6.2
import PackageDescription

/// What every target of the house is held to: Swift 6 mode, explicit existentials and imports, warnings are errors.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "shunt",
    products: [
        .executable(name: "shunt", targets: ["shunt"]),
        .executable(name: "simulate", targets: ["Simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // The pure core: decides. No I/O, no clock, no randomness, no Foundation.
        .target(name: "ShuntCore", swiftSettings: house + [.strictMemorySafety()]),
        // Queues of async work, for the actors of several rooms.
        .target(name: "ShuntConcurrency", dependencies: [deque], swiftSettings: house),
        // Calls of the system that Swift's module of the C library leaves out.
        .target(name: "CLinux"),
        // TLS by the system's OpenSSL, from memory to memory.
        .target(name: "CTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        // Compressed messages by the system's zlib.
        .target(name: "CDeflate", linkerSettings: [.linkedLibrary("z")]),
        // A checked wrapper around it, which knows nothing of frames or sockets.
        .target(name: "ShuntDeflate", dependencies: ["CDeflate"], swiftSettings: house + [.strictMemorySafety()]),
        // Sockets of one thread: poller, output, deadlines, TLS. Knows nothing of what the bytes mean.
        .target(
            name: "ShuntReactor", dependencies: ["ShuntCore", "CLinux", "CTLS"],
            swiftSettings: house + [.strictMemorySafety()]),
        // A load generator that checks every reply, and an echo for it: `shunt load`, `shunt echo`.
        .target(name: "ShuntLoad", dependencies: ["ShuntCore", "ShuntReactor"], swiftSettings: house),
        // The hot shell: carries bytes between sockets and the core.
        .target(
            name: "ShuntRuntime",
            dependencies: ["ShuntCore", "ShuntConcurrency", "ShuntDeflate", "ShuntReactor", deque, logging],
            swiftSettings: house
        ),
        // Text to settings, with diagnostics.
        .target(
            name: "ShuntConfig",
            dependencies: ["ShuntCore", .product(name: "Yams", package: "Yams")],
            swiftSettings: house
        ),
        // Who a session is: tokens by their signature, and the team's own session service.
        .target(
            name: "ShuntAuth",
            dependencies: [
                "ShuntCore", "ShuntConcurrency", .product(name: "JWTKit", package: "jwt-kit"), asyncHTTPClient, deque,
                nioCore, nioHTTP1,
                logging,
            ],
            swiftSettings: house),
        // Overrides and their audit trail, on disk.
        .target(name: "ShuntStore", dependencies: ["ShuntCore", grdb, deque], swiftSettings: house),
        // The dashboard's page, style and scripts, as bytes in the program.
        .target(name: "DashboardFiles", exclude: ["files"]),
        // The admin listener: JSON API for people, programs and the CLI.
        .target(
            name: "ShuntControl",
            dependencies: [
                "ShuntCore", "DashboardFiles", hummingbird, hummingbirdCore, httpTypes, nioCore, nioPosix, nioHTTP1,
                nioHTTPTypes, nioSSL, logging,
                serviceLifecycle,
            ],
            swiftSettings: house
        ),
        // The legacy and unified agents of the demo.
        .target(
            name: "DemoBackends",
            dependencies: ["ShuntCore", nioCore, nioPosix, nioHTTP1, nioWebSocket],
            swiftSettings: house
        ),
        // Who talks through the proxy in the demo: clients that play by themselves, and a page for people.
        .target(
            name: "DemoClients",
            dependencies: ["ShuntCore", "DemoPages", nioCore, nioPosix, nioHTTP1, nioWebSocket],
            swiftSettings: house
        ),
        // The files of the chat page, as bytes in the program.
        .target(name: "DemoPages", exclude: ["files"]),
        // The simulator's world: a model of clients and backends that is independent of the core.
        .target(name: "ShuntTesting", dependencies: ["ShuntCore", "ShuntReactor"], swiftSettings: house),
        .executableTarget(
            name: "Simulator",
            dependencies: [
                "ShuntTesting", "ShuntCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house
        ),
        // What is in force and how it is changed while the proxy runs: overrides, phases, reloads, events, the usage ledger.
        .target(
            name: "ShuntPlane",
            dependencies: [
                "ShuntCore", "ShuntConfig", "ShuntConcurrency", deque, logging, serviceLifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house
        ),
        // The only place that knows every room.
        .executableTarget(
            name: "shunt",
            dependencies: [
                "ShuntCore", "ShuntRuntime", "ShuntConfig", "ShuntControl", "ShuntPlane", "ShuntStore", "ShuntLoad",
                "ShuntReactor", "ShuntAuth", "DemoBackends", "DemoClients", logging,
                asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL, serviceLifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house
        ),
        .testTarget(name: "ShuntCoreTests", dependencies: ["ShuntCore", "ShuntTesting"], swiftSettings: house),
        .testTarget(name: "ShuntConcurrencyTests", dependencies: ["ShuntConcurrency"], swiftSettings: house),
        .testTarget(name: "ShuntDeflateTests", dependencies: ["ShuntDeflate"], swiftSettings: house),
        .testTarget(name: "ShuntConfigTests", dependencies: ["ShuntConfig", "ShuntCore"], swiftSettings: house),
        .testTarget(
            name: "ShuntLoadTests", dependencies: ["ShuntLoad", "ShuntReactor", "ShuntCore", "ShuntTesting"],
            swiftSettings: house),
        .testTarget(
            name: "ShuntReactorTests", dependencies: ["ShuntReactor", "ShuntCore", "ShuntTesting"], swiftSettings: house
        ),
        .testTarget(
            name: "ShuntRuntimeTests",
            dependencies: [
                "ShuntRuntime", "ShuntReactor", "ShuntDeflate", "ShuntCore", "ShuntTesting", nioCore, nioEmbedded,
                nioHTTP1, logging,
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "DemoClientsTests", dependencies: ["DemoClients", "ShuntCore", nioHTTP1], swiftSettings: house),
        .testTarget(
            name: "ShuntAuthTests",
            dependencies: [
                "ShuntAuth", "ShuntCore", "ShuntTesting", .product(name: "JWTKit", package: "jwt-kit"),
            ], swiftSettings: house),
        .testTarget(name: "ShuntStoreTests", dependencies: ["ShuntStore", "ShuntCore", grdb], swiftSettings: house),
        .testTarget(
            name: "ShuntControlTests",
            dependencies: [
                "ShuntControl", "ShuntCore", "ShuntTesting", hummingbird, httpTypes, nioCore, nioPosix, logging,
                serviceLifecycle,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "ShuntPlaneTests",
            dependencies: ["ShuntPlane", "ShuntConfig", "ShuntCore", "ShuntStore", "ShuntTesting", logging],
            swiftSettings: house
        ),
        // The command line: what it takes, what it shows, how it ends.
        .testTarget(
            name: "ShuntCommandTests",
            dependencies: [
                "shunt", "ShuntControl", "ShuntCore", "ShuntTesting", nioCore, logging, serviceLifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house
        ),
        // The rules that can be read from the text of the sources.
        .testTarget(name: "HouseTests", swiftSettings: house),
        .testTarget(name: "SimulationTests", dependencies: ["ShuntTesting", "ShuntCore"], swiftSettings: house),
    ]
)
