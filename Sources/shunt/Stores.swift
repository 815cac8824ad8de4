import Logging
import ShuntCore
import ShuntPlane
import ShuntStore

/// Where overrides and the usage ledger are kept. One that cannot be opened is said loudly; the proxy works without it.
struct Stores: Sendable {
    let overrides: any OverrideStore
    let usage: any UsageStore
    /// Why overrides cannot be kept; nil when they can.
    let problem: String?
    private let file: SQLiteStore?

    /// Opens them. Blocks.
    init(_ settings: StoreSettings, logger: Logger) {
        guard case .sqlite(let path) = settings.place else {
            (overrides, usage, problem, file) = (MemoryStore(), MemoryUsageStore(), nil, nil)
            return
        }
        do throws(StoreProblem) {
            let opening = try SQLiteStore.open(path: path)
            for note in opening.notes { logger.error("store", metadata: ["note": "\(note)"]) }
            (overrides, problem, file) = (opening.store, nil, opening.store)
            usage = SQLiteUsageStore(opening.store.database)
        } catch {
            logger.error(
                """
                the store cannot be opened: overrides that were set before are not in force, and none can be set; use is \
                counted in memory only
                """,
                metadata: ["problem": "\(error.text)"])
            (overrides, usage, problem, file) = (BrokenStore(problem: error), MemoryUsageStore(), error.text, nil)
        }
    }

    /// A ledger that cannot be read now may well be written later: sessions of this process then count by a key of its
    /// own.
    func usageKey() async -> UsageHashKey {
        if let key = try? await usage.hashKey() { return key }
        return UsageHashKey(low: .random(in: 0...UInt64.max), high: .random(in: 0...UInt64.max))
    }

    /// What stands in the write-ahead log goes into the file. To be called when nobody writes any more.
    func close() { file?.close() }
}

/// Stands in for a store that cannot be opened: it says so to whoever asks.
private struct BrokenStore: OverrideStore {
    let problem: StoreProblem
    func overrides() async throws -> [StoredOverride] { throw problem }
    func put(_ override: StoredOverride, _ entry: AuditEntry) async throws { throw problem }
    func remove(_ subject: StoredOverride.Subject, _ entry: AuditEntry) async throws { throw problem }
    func record(_ entry: AuditEntry) async throws { throw problem }
    func audit(limit: Int, before: Int64?) async throws -> [AuditEntry] { throw problem }
}
