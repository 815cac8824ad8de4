import Foundation
import ShuntControl

/// An answer, or a part of it, as the API would write it, in one line.
enum JSONLine {
    static func text(_ value: some Encodable) throws(CommandFailure) -> String {
        guard let data = try? AdminJSON.encode(value) else {
            throw CommandFailure(.refused, "The answer cannot be written as JSON.")
        }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
