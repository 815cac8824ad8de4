import Foundation

/// Which file a path leads to: a file that was replaced under the same name is another one.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let number: UInt64

    /// nil when there is no file.
    init?(path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let device = attributes[.systemNumber] as? NSNumber,
            let number = attributes[.systemFileNumber] as? NSNumber
        else { return nil }
        self.device = device.uint64Value
        self.number = number.uint64Value
    }
}
