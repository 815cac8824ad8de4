import CTLS
import Glibc
import ShuntCore

// The one file that calls OpenSSL, by way of `CTLS`.

/// A context of OpenSSL's, and its certificates. (Sendable: nobody changes it once it is made, and what its connections
/// change is under its own lock.)
@safe
final class TLSContextHandle: @unchecked Sendable {
    fileprivate let pointer: OpaquePointer

    init(
        isServer: Bool, versions: ClosedRange<Int>, ciphers: String?, verifies: Bool, authorities: String?,
        resumes: Bool = false
    ) throws(TLSProblem) {
        // Those of TLS 1.3 have a list of their own.
        let names = (ciphers ?? "").split(separator: ":")
        let suites = names.filter { $0.hasPrefix("TLS_") }.joined(separator: ":")
        let older = names.filter { !$0.hasPrefix("TLS_") }.joined(separator: ":")
        var problem = unsafe shunt_tls_problem()
        let made = unsafe withOptionalCString(older.isEmpty ? nil : older) { older in
            unsafe withOptionalCString(suites.isEmpty ? nil : suites) { suites in
                unsafe withOptionalCString(authorities) { authorities in
                    var options = unsafe shunt_tls_options(
                        is_server: isServer ? 1 : 0, least_minor: CInt(versions.lowerBound),
                        most_minor: CInt(versions.upperBound), ciphers: older, suites: suites,
                        verifies: verifies ? 1 : 0, authorities: authorities, resumes: resumes ? 1 : 0)
                    return unsafe shunt_tls_context_new(&options, &problem)
                }
            }
        }
        guard let made = unsafe made else {
            let isOfCiphers = unsafe problem.kind == TLSProblem.Kind.badCiphers.rawValue
            throw unsafe TLSProblem(problem, of: isOfCiphers ? ciphers ?? "" : authorities ?? "its settings")
        }
        unsafe pointer = made
    }

    deinit { unsafe shunt_tls_context_free(pointer) }

    func add(_ files: TLSCertificateFiles) throws(TLSProblem) {
        var problem = unsafe shunt_tls_problem()
        guard unsafe shunt_tls_context_add(pointer, files.chain, files.key, &problem) == 0 else { return }
        let isOfKey: Bool =
            switch unsafe TLSProblem.Kind(rawValue: problem.kind) {
            case .noKey, .badKey, .encryptedKey, .keyMismatch: true
            // The chain is read first, so it can be read.
            case .noFile: unsafe access(files.chain, R_OK) == 0
            default: false
            }
        throw unsafe TLSProblem(problem, of: isOfKey ? files.key : files.chain)
    }

    func facts(_ index: Int, of file: String) -> CertificateFacts {
        let found = unsafe shunt_tls_context_facts(pointer, CInt(clamping: index))
        defer {
            unsafe free(found.names)
            unsafe free(found.serial)
        }
        let names = unsafe text(found.names) ?? ""
        return unsafe CertificateFacts(
            file: file, names: names.split(separator: "\n").map(String.init),
            serial: text(found.serial) ?? "", notBefore: found.not_before,
            notAfter: found.not_after)
    }
}

private func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return unsafe text.withCString { unsafe body($0) }
}

extension TLSProblem {
    fileprivate init(_ problem: shunt_tls_problem, of subject: String? = nil) {
        let words = unsafe text(problem.text)
        let kind = unsafe Kind(rawValue: problem.kind) ?? .failed
        let detail: String =
            switch kind {
            case .unusable: [subject, words].compactMap { $0 }.joined(separator: ": ")
            default: subject ?? words ?? "for no reason that it says"
            }
        unsafe self.init(kind, code: problem.code, detail: detail)
    }
}

/// What one step of TLS came to.
struct TLSStep {
    enum Outcome {
        case done
        /// Everything that came is read, and more is needed.
        case wantsInput
        /// There is more to be written than there is room for.
        case wantsRoom
        /// The peer said that it says no more.
        case ended
        case failed
    }

    var outcome: Outcome
    /// How much of what came over the wire was read.
    var read = 0
    /// How much was written for the wire.
    var written = 0
    /// Bytes of plaintext that were decrypted, or encrypted.
    var plain = 0
}

/// One TLS connection as OpenSSL has it: it is given what came over the wire, and writes what is to go over it.
@safe
final class TLSConnection {
    private let pointer: OpaquePointer
    private let context: TLSContext

    /// Nil where there is no memory for it, or where the name cannot be one.
    init?(_ context: TLSContext, name: String?) {
        guard let made = unsafe Self.make(context, name) else { return nil }
        unsafe pointer = made
        self.context = context
    }

    deinit { unsafe shunt_tls_free(pointer) }

    private static func make(_ context: TLSContext, _ name: String?) -> OpaquePointer? {
        unsafe withOptionalCString(name) { unsafe shunt_tls_new(context.handle.pointer, $0) }
    }

    var isServer: Bool { context.isServer }

    // MARK: Steps

    func handshake(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) -> TLSStep {
        unsafe step(input, output) { io, _ in unsafe shunt_tls_handshake(pointer, &io) }
    }

    /// Decrypts all that there is, as far as there is room for it.
    func read(
        _ input: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) -> TLSStep {
        unsafe step(input, output) { io, plain in
            unsafe shunt_tls_read(pointer, &io, room.baseAddress, room.count, &plain)
        }
    }

    /// Encrypts as much as there is room for.
    func write(_ bytes: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) -> TLSStep {
        unsafe step(UnsafeRawBufferPointer(start: nil, count: 0), output) { io, plain in
            unsafe shunt_tls_write(pointer, &io, bytes.baseAddress, bytes.count, &plain)
        }
    }

    /// Says that nothing more is said.
    func end(_ output: UnsafeMutableRawBufferPointer) -> TLSStep {
        unsafe step(UnsafeRawBufferPointer(start: nil, count: 0), output) { io, _ in
            unsafe shunt_tls_end(pointer, &io)
        }
    }

    @inline(__always)
    private func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
        _ call: (_ io: inout shunt_tls_io, _ plain: inout Int) -> CInt
    ) -> TLSStep {
        var io = unsafe shunt_tls_io(
            in: input.baseAddress, in_count: input.count, out: output.baseAddress, out_room: output.count,
            out_count: 0)
        var plain = 0
        let said = unsafe Int(call(&io, &plain))
        let outcome: TLSStep.Outcome =
            switch said {
            case Int(SHUNT_TLS_DONE): .done
            case Int(SHUNT_TLS_WANTS_INPUT): .wantsInput
            case Int(SHUNT_TLS_WANTS_ROOM): .wantsRoom
            case Int(SHUNT_TLS_ENDED): .ended
            default: .failed
            }
        return unsafe TLSStep(
            outcome: outcome, read: input.count &- io.in_count, written: io.out_count, plain: plain)
    }

    // MARK: Facts

    /// What was wrong where a step failed.
    var problem: TLSProblem { unsafe TLSProblem(shunt_tls_problem_of(pointer)) }

    /// Whether a part of a record came and not the rest.
    var isWithinRecord: Bool { unsafe shunt_tls_is_within_record(pointer) != 0 }

    var isResumed: Bool { unsafe shunt_tls_is_resumed(pointer) != 0 }

    var facts: TLSFacts {
        unsafe TLSFacts(
            version: text(shunt_tls_version(pointer)) ?? "", cipher: text(shunt_tls_cipher(pointer)) ?? "",
            isResumed: isResumed, serverName: text(shunt_tls_server_name(pointer)),
            applicationProtocol: shunt_tls_has_protocol(pointer) != 0 ? "http/1.1" : nil)
    }
}
