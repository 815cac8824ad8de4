import Glibc
import ShuntCore

/// The system's wall clock.
enum WallClock {
    @Sendable
    static func now() -> UnixTime {
        var time = timespec()
        guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return UnixTime(milliseconds: 0) }
        return UnixTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }
}
