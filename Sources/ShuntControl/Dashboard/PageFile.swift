import DashboardFiles
import Foundation
import ShuntCore

/// One of the files that the dashboard is made of.
struct PageFile: Sendable {
    let name: String
    let type: String
    let bytes: Data
    /// Made of its bytes (RFC 9110, §8.8.3).
    let tag: String

    static let all: [PageFile] = (0...).lazy.map { dashboard_file_at($0) }.prefix { $0.name != nil }
        .compactMap(Self.init)

    private init?(_ file: dashboard_file) {
        guard let name = file.name, let type = file.type, let bytes = file.bytes else { return nil }
        self.name = String(cString: name)
        self.type = String(cString: type)
        self.bytes = Data(bytes: bytes, count: file.size)
        tag = "\"" + Self.digest(self.bytes) + "\""
    }

    /// FNV-1a (64 bits): tells versions apart, and is no secret.
    private static func digest(_ bytes: Data) -> String {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
