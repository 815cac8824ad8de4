import Foundation
package import ShuntCore

extension UnixTime {
    /// The system's wall clock.
    package static var now: UnixTime { UnixTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
