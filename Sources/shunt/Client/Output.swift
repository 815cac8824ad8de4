import Foundation

/// The two outputs: what was asked for, and what is to be said about it. A reader that has gone away (`| head`) is no
/// error of ours.
enum Output {
    static func print(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }

    /// Returns when nobody reads the output any more, though nothing is written.
    static func readerLeaves() async {
        while !Task.isCancelled {
            var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            // A pipe without a reader is in error; a terminal that is gone is hung up.
            if poll(&output, 1, 0) > 0, output.revents & Int16(POLLERR | POLLHUP) != 0 { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    static func complain(_ text: String, end: String = "\n") {
        try? FileHandle.standardError.write(contentsOf: Data((text + end).utf8))
    }
}
