import Foundation

/// The two outputs: what was asked for, and what is to be said about it. A reader that has gone away (`| head`) is no
/// error of ours.
enum Output {
    static func print(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }

    static func complain(_ text: String, end: String = "\n") {
        try? FileHandle.standardError.write(contentsOf: Data((text + end).utf8))
    }
}
