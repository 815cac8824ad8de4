import Foundation
import GRDB
import ShuntCore

/// Turns what went wrong below into a `StoreProblem` that says what, where and what to do. Statements and their values
/// stay out of it.
struct StoreFailure {
    let path: String

    func problem(_ error: any Error) -> StoreProblem {
        switch error {
        case let problem as StoreProblem: problem
        case let error as DatabaseError: problem(error)
        case let row as UnreadableRow: .unreadable("\(path): \(row.text). Was it written by a newer version?")
        default: .unwritable("\(path): \(error)")
        }
    }

    private func problem(_ error: DatabaseError) -> StoreProblem {
        let code = "(SQLite \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_READONLY:
            return .unwritable(
                """
                \(path) cannot be written: the file or its directory is read-only \(code). Make both writable for the \
                proxy's user, or set store.url to another file.
                """)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            return .unwritable("\(path) cannot be opened: \(reasonNotToOpen) \(code). \(remedy)")
        case .SQLITE_FULL:
            return .unwritable("\(path) cannot be written: the disk is full \(code). Free some space and try again.")
        case .SQLITE_IOERR:
            return .unwritable(
                """
                \(path) cannot be written or read: the disk is full or failing \(code). Look at its free space and at \
                the system's log, then try again.
                """)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return .unwritable(
                """
                \(path) is locked by another process \(code). Is a backup or a database shell at work on it? End that \
                and try again.
                """)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return .unreadable(
                """
                \(path) is broken \(code). At its next start the proxy moves it aside and begins a new one; a \
                backup can be put in its place before.
                """)
        default:
            return .unwritable("\(path): \(error.message ?? "failed") \(code).")
        }
    }

    private var reasonNotToOpen: String {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            return "it is a directory"
        }
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            return "the directory \(directory) does not exist"
        }
        guard isDirectory.boolValue else { return "\(directory) is no directory" }
        return FileManager.default.fileExists(atPath: path)
            ? "the proxy's user may not read or write it, or not the directory \(directory)"
            : "it is not there, or the proxy's user may not write to the directory \(directory)"
    }

    private var remedy: String { "Create or permit it, or set store.url to another file." }
}
