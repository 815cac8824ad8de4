import ShuntConfig

/// Any bytes as a configuration: read in bounded time and memory, with a diagnostic or with settings, and never with a
/// value of the environment in what is said.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let outcome = ConfigReader.read(bytes: bytes, file: "c", environment: ["S": "hunter2-secret"])
    guard (outcome.settings == nil) == outcome.hasErrors else { fatalError("settings with errors, or neither") }
    for diagnostic in outcome.diagnostics {
        let line = diagnostic.description
        guard !line.contains("hunter2-secret") else { fatalError("a secret shows") }
        guard !line.contains("\n"), line.utf8.count < 16_384 else { fatalError("no single line") }
    }
    return 0
}
