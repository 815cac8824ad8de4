import ShuntConfig
import ShuntCore

/// Files that are there and none; what is told of them has their paths in it.
private let files = TLSFileAccess(
    now: UnixTime(milliseconds: 1_796_000_000_000),
    load: { settings in
        let paths = [settings.authorities, settings.certificate?.chain, settings.certificate?.key].compactMap { $0 }
        if let wrong = paths.first(where: { $0.utf8.count % 2 == 1 }) {
            return .wrong("cannot read \(wrong)", file: wrong)
        }
        return .loaded(
            paths.prefix(1).map {
                CertificateFacts(file: $0, names: [], serial: "", notBefore: .min, notAfter: Int64($0.utf8.count))
            })
    },
    digest: { UInt64($0.utf8.count) })

/// Any bytes as a configuration: read in bounded time and memory, with a diagnostic or with settings, and never with a
/// value of the environment in what is said.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let outcome = ConfigReader.read(bytes: bytes, file: "c", environment: ["S": "hunter2-secret"], tls: files)
    guard (outcome.settings == nil) == outcome.hasErrors else { fatalError("settings with errors, or neither") }
    for diagnostic in outcome.diagnostics {
        let line = diagnostic.description
        guard !line.contains("hunter2-secret") else { fatalError("a secret shows") }
        guard !line.contains("\n"), line.utf8.count < 16_384 else { fatalError("no single line") }
    }
    return 0
}
