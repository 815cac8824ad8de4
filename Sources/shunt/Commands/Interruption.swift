import Foundation
import Synchronization

/// Whether somebody at the keyboard, or a process, asked the command to end.
enum Interruption {
    private static let flag = Atomic<Bool>(false)

    static var came: Bool { flag.load(ordering: .relaxed) }

    /// From now on SIGINT and SIGTERM are noted once, and end the process when they come again.
    static func await() {
        // Made before a handler may ask for it.
        _ = came
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
