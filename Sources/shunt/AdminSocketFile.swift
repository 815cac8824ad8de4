import ShuntControl
import ShuntCore
import ShuntRuntime
import Synchronization

/// The file of an admin listener on a Unix socket; nothing where it listens on an address. Its library takes the place of
/// whatever is at the path, and leaves it there.
final class AdminSocketFile: Sendable {
    private let path: String?
    private let replacing: Bool
    private let own = Mutex<UnixSocketFile?>(nil)

    init(_ settings: ProxySettings) {
        if case .unix(let path) = settings.admin.address { self.path = path } else { path = nil }
        replacing = settings.listen.reusePort
    }

    /// Before it listens: a socket that another process listens on stays that process's.
    func clear() throws(ControlStartError) {
        guard let path else { return }
        do {
            try UnixSocketFile.clear(path, replacing: replacing)
        } catch {
            throw .cannotListen(.unix(path: path), error.description)
        }
    }

    /// It listens.
    func made() {
        guard let path else { return }
        own.withLock { $0 = UnixSocketFile(at: path) }
    }

    /// It has ended.
    func remove() {
        own.withLock { $0 }?.remove()
    }
}
