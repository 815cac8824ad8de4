import Foundation
import Testing

/// The rules of the house, as far as they can be read from the text of the sources. Each failure names file and rule.
@Suite struct HouseTests {
    private let files: [SourceFile]

    init() throws {
        files = try SourceFile.all()
        try #require(files.count > 300, "the sources are found")
    }

    /// What is longer today. It may get shorter, and then leaves the list.
    private static let longFiles: [String: Int] = [:]

    @Test func `a file has at most 350 lines`() {
        for file in files {
            let most = Self.longFiles[file.path] ?? 350
            #expect(file.lines.count - 1 <= most, "\(file.path) has \(file.lines.count - 1) lines: split it by topic")
        }
        for path in Self.longFiles.keys {
            let count = files.first { $0.path == path }.map { $0.lines.count - 1 } ?? 0
            #expect(count > 350, "\(path) is no exception any more: take it off the list")
        }
    }

    private static let longFunctions: [String: Int] = [
        "ShuntCore/Routing/RoutingTable.swift init": 81, "ShuntCore/Routing/Upstream.swift init": 74,
        "ShuntCore/Wire/MemberScan.swift members": 87,
    ]

    @Test func `a function has at most 70 lines`() {
        var left = Set(Self.longFunctions.keys)
        for file in files {
            for function in file.functions where function.lines > 70 {
                let key = "\(file.path) \(function.name)"
                left.remove(key)
                #expect(
                    function.lines <= Self.longFunctions[key] ?? 70,
                    "\(key) has \(function.lines) lines: give its parts names")
            }
        }
        #expect(left.isEmpty, "no exceptions any more: take them off the list")
    }

    /// Functions and initializers with more parameters, and how many they have.
    private static let manyParameters: [String: Int] = [
        "ShuntCore/Session/Handshake.swift init": 8,
        "ShuntConfig/Reading/Diagnostic.swift init": 8,
        "ShuntControl/Endpoints/AdminOperation.swift init": 11,
        "ShuntControl/Listener/ControlService.swift init": 7,
        "ShuntControl/Endpoints/ChangeOperations.swift change": 7,
        "ShuntCore/Ports/OverrideStore.swift init": 8,
        "ShuntCore/Ports/ProxyStatus.swift init": 12,
        "ShuntCore/Ports/WorkerReport.swift init": 10,
        "ShuntCore/Routing/Endpoint.swift init": 12,
        "ShuntCore/Routing/Objection.swift init": 7,
        "ShuntCore/Routing/Upstream.swift init": 7,
        "ShuntCore/Session/HandshakeRequest.swift init": 8,
        "ShuntCore/Switchboard/ErrorReply.swift append": 7,
        "ShuntCore/Switchboard/Switchboard+Metering.swift meterReply": 7,
        "ShuntCore/Switchboard/Switchboard+Pushes.swift forwardPush": 7,
        "ShuntCore/Switchboard/Switchboard+Sending.swift forward": 7,
        "ShuntCore/Switchboard/Switchboard+Reshaping.swift unwrap": 7,
        "ShuntCore/Switchboard/Tally.swift init": 8,
        "ShuntCore/Wire/MemberScan.swift parent": 9,
        "ShuntCore/Wire/SpliceWriter.swift member": 7,
        "ShuntPlane/ControlPlane.swift init": 12,
        "ShuntPlane/UsageLedger.swift init": 7,
        "ShuntRuntime/Worker/ProcessState.swift init": 7,
    ]

    @Test func `a function has at most six parameters`() {
        var found: [String: Int] = [:]
        for file in files {
            for function in file.functions where function.parameters > 6 {
                let key = "\(file.path) \(function.name)"
                found[key] = max(found[key] ?? 0, function.parameters)
            }
        }
        for (key, count) in found.sorted(by: { $0.key < $1.key }) {
            #expect(count <= Self.manyParameters[key] ?? 6, "\(key) has \(count) parameters: make a value of some")
        }
        for key in Self.manyParameters.keys.sorted() where found[key] == nil {
            Issue.record("\(key) is no exception any more: take it off the list")
        }
    }

    /// What a target may import beside itself.
    private static let imports: [String: Set<String>] = [
        "ShuntCore": [],
        "ShuntConcurrency": ["DequeModule", "Synchronization"],
        "ShuntRuntime": [
            "DequeModule", "Glibc", "Logging", "ShuntConcurrency", "ShuntCore", "ShuntDeflate", "ShuntReactor",
            "Synchronization",
        ],
        "ShuntDeflate": ["CDeflate"],
        "ShuntLoad": ["Glibc", "ShuntCore", "ShuntReactor"],
        "ShuntReactor": ["CLinux", "CTLS", "Glibc", "ShuntCore", "Synchronization"],
        "ShuntConfig": ["Foundation", "ShuntCore", "Yams"],
        "ShuntAuth": [
            "AsyncHTTPClient", "DequeModule", "Foundation", "JWTKit", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix",
            "ShuntConcurrency", "ShuntCore", "Synchronization",
        ],
        "ShuntPlane": [
            "DequeModule", "Foundation", "Logging", "ServiceLifecycle", "ShuntConcurrency", "ShuntConfig", "ShuntCore",
            "Synchronization", "UnixSignals",
        ],
        "ShuntStore": ["DequeModule", "Foundation", "GRDB", "ShuntCore"],
        "ShuntTesting": ["Glibc", "ShuntCore", "ShuntReactor", "Synchronization"],
        "Simulator": ["ArgumentParser", "ShuntTesting"],
    ]

    @Test func `a target imports what the architecture says`() {
        for file in files {
            guard let allowed = Self.imports[file.target] else { continue }
            for line in file.lines where line.hasPrefix("import ") || line.hasPrefix("package import ") {
                let module = String(line.split(separator: " ").last ?? "")
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func `what a package shows is documented`() {
        let kinds = ["struct ", "enum ", "final class ", "class ", "protocol ", "actor ", "indirect enum "]
        for file in files {
            for (index, line) in file.lines.enumerated() {
                guard
                    ["package ", "public "].contains(where: { access in
                        kinds.contains { line.hasPrefix(access + $0) }
                    })
                else { continue }
                let above = file.lines[..<index].last { !$0.hasPrefix("@") } ?? ""
                #expect(above.hasPrefix("///"), "\(file.path): say what this is: \(line)")
            }
        }
    }

    /// What tests alone use, or the standard library asks for.
    private static let forTests: Set<Substring> = ["ofNobody", "debugDescription", "customMirror"]

    /// By their names: one that stands nowhere but where it is declared is used by nobody.
    @Test func `nothing in the core is declared for nobody`() {
        var uses: [Substring: Int] = [:]
        for file in files {
            for line in file.lines {
                for word in words(of: line) { uses[word, default: 0] += 1 }
            }
        }
        let declaring: Set<Substring> = ["func", "var", "let", "case", "struct", "enum", "class"]
        for file in files where file.target == "ShuntCore" {
            for line in file.lines {
                let words = words(of: line)
                for (keyword, name) in zip(words, words.dropFirst()) where declaring.contains(keyword) {
                    let isUsed =
                        uses[name] != 1 || name.first?.isLetter != true || Self.forTests.contains(name)
                    #expect(isUsed, "\(file.path): nobody uses \(name)")
                }
            }
        }
    }

    /// Words of the rooms above: whoever needs one of them has something to do there.
    private static let aboveTheReactor: Set<Substring> = [
        "Agent", "Envelope", "Exchange", "Frame", "JSON", "Pool", "Route", "Switchboard", "Upstream", "agent",
        "exchange",
        "frame", "route", "upstream",
    ]

    @Test func `the reactor knows nothing of what its bytes mean`() {
        for file in files where file.target == "ShuntReactor" {
            for line in file.lines {
                let known = words(of: line).filter { Self.aboveTheReactor.contains($0) }
                #expect(known.isEmpty, "\(file.path): \(known.joined(separator: ", "))")
            }
        }
    }

    /// The words of a line that are no comment.
    private func words(of line: Substring) -> [Substring] {
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        return code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }
}
