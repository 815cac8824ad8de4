import Glibc

/// The processor time of who asks.
enum ProcessorTime {
    /// Seconds of this thread, in the program and in the kernel.
    static var ofThread: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
