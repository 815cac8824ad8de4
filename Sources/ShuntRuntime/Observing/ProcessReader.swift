import Glibc
package import ShuntCore

/// Asks the system about this process: a few calls, none of which waits.
package enum ProcessReader {
    package static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        figures.cpuSeconds = cpuSeconds
        let pages = words(of: "/proc/self/statm")
        let size = sysconf(Int32(_SC_PAGESIZE))
        if pages.count >= 2 {
            figures.virtualBytes = pages[0] &* size
            figures.residentBytes = pages[1] &* size
        }
        figures.openFiles = openFiles
        figures.maxFiles = maxFiles
        return figures
    }

    private static var cpuSeconds: Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(seconds) + Double(microseconds) / 1e6
    }

    private static var maxFiles: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// Since Linux 6.2 it is the size of a directory. Before, that has to be read, which takes long where there are many.
    private static var openFiles: Int? {
        var status = stat()
        if lstat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Itself, its parent, and the descriptor that reads it.
        return max(0, count - 3)
    }

    /// The numbers of a short file, up to the first word that is none.
    private static func words(of path: String) -> [Int] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { return [] }
        var numbers: [Int] = []
        for word in bytes[..<min(count, bytes.count)].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }) {
            guard let number = Int(String(decoding: word, as: UTF8.self)) else { break }
            numbers.append(number)
        }
        return numbers
    }
}
