import Foundation

/// What tells one version of a file from another.
///
/// Read through Foundation: which module owns the fields of `stat` differs between debug and release builds here.
struct FileState: Equatable {
    var exists = false
    var inode: UInt64 = 0
    var size: Int64 = 0
    var modified: Date?

    init(_ path: String) {
        // A link may be what changes: a mounted configuration is swapped by pointing it elsewhere.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else { return }
        exists = true
        inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        modified = attributes[.modificationDate] as? Date
    }
}
