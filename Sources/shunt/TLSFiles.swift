import Foundation
import ShuntConfig
import ShuntCore
import ShuntPlane
import ShuntReactor

extension TLSFileAccess {
    /// Loads as the workers do.
    static func now() -> TLSFileAccess {
        TLSFileAccess(
            now: .now,
            load: { settings in
                do throws(TLSProblem) {
                    return .loaded(try TLSContext(settings).certificates)
                } catch {
                    return .wrong(error.description, file: error.isOfFile ? error.detail : nil)
                }
            },
            digest: { path in
                FileManager.default.contents(atPath: path).map { SipHash.hash([UInt8]($0), key: key) }
            })
    }

    /// Known to nobody: what a key's file has in it can be learned from no digest.
    private static let key = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
}

extension TLSProblem {
    /// Whether its detail is a path.
    fileprivate var isOfFile: Bool {
        switch kind {
        case .noFile, .noCertificate, .badCertificate, .brokenChain, .noKey, .badKey, .encryptedKey, .keyMismatch: true
        default: false
        }
    }
}
