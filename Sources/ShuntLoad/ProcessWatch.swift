import Glibc

/// The processor time and the memory of other processes on this machine, their children included.
package struct ProcessWatch: Sendable {
    /// What the system knows of them at one moment.
    package struct Sample: Equatable, Sendable {
        /// In the programs and in the kernel, as exactly as the system's clock tick.
        package var seconds = 0.0
        package var residentBytes = 0
    }

    /// The processes that were named.
    package let roots: [Int32]

    package init(_ roots: [Int32]) { self.roots = roots }

    /// The first of them that is not there.
    package var missing: Int32? { roots.first { Self.words(of: $0, "stat").isEmpty } }

    /// Sums over all of them that are there. One that ends takes its figures along, unless its parent waits for it.
    package func sample() -> Sample {
        var sum = Sample()
        var seen: Set<Int32> = []
        var left = roots
        while let process = left.popLast() {
            guard seen.insert(process).inserted else { continue }
            Self.add(process, to: &sum)
            left += Self.children(of: process)
        }
        return sum
    }

    private static func add(_ process: Int32, to sum: inout Sample) {
        // The fields behind the name: the first is the process's state, the third of proc(5).
        let fields = words(of: process, "stat")
        guard fields.count > 14 else { return }
        let ticks = fields[11...14].reduce(0) { $0 + (Double($1) ?? 0) }
        sum.seconds += ticks / Double(max(1, sysconf(CInt(_SC_CLK_TCK))))
        let pages = words(of: process, "statm").dropFirst().first.flatMap { Int($0) } ?? 0
        sum.residentBytes += pages * max(1, sysconf(CInt(_SC_PAGESIZE)))
    }

    private static func children(of process: Int32) -> [Int32] {
        guard let folder = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let thread = Int32(name) else { continue }
            found += words(of: process, "task/\(thread)/children").compactMap { Int32($0) }
        }
        return found
    }

    /// The words of a file under `/proc`, behind the process's name where there is one.
    private static func words(of process: Int32, _ file: String) -> [Substring] {
        let descriptor = open("/proc/\(process)/\(file)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &room, room.count)
            guard count > 0 else { break }
            text += room[..<count]
        }
        // The name may hold spaces and brackets of its own.
        let behind = text.lastIndex(of: UInt8(ascii: ")")).map { text[text.index(after: $0)...] } ?? text[...]
        return String(decoding: behind, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    }
}
