import CLinux
import Glibc

/// The processors of this machine.
package enum Processors {
    /// Processors that this process may use: those that it may run on, or fewer where its control group (cgroup v1 or v2)
    /// has a quota of processor time.
    package static var count: Int {
        let allowed = Int(shunt_processors())
        let count = allowed > 0 ? allowed : max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        return quota.map { max(1, min(count, $0)) } ?? count
    }

    private static var quota: Int? {
        let groups = text(of: "/proc/self/cgroup").split(separator: "\n")
        let own = groups.first { $0.hasPrefix("0::") }?.dropFirst(3) ?? "/"
        for folder in ["/sys/fs/cgroup\(own)", "/sys/fs/cgroup"] {
            if let processors = processors(ofQuota: text(of: folder + "/cpu.max")) { return processors }
        }
        let old = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map { text(of: "/sys/fs/cgroup/cpu/\($0)") }
        return processors(ofQuota: old.joined(separator: " "))
    }

    /// Whole processors of a quota, rounded up; nil where there is none.
    ///
    /// - Parameter text: microseconds and the period that they are for, as `cpu.max` has them; `max` or -1 is no quota.
    static func processors(ofQuota text: String) -> Int? {
        let words = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
        guard words.count >= 2, let quota = words[0], let period = words[1], quota > 0, period > 0 else { return nil }
        return max(1, (quota - 1) / period + 1)
    }

    /// The beginning of a file of the system's; empty where there is none.
    private static func text(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = unsafe read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
