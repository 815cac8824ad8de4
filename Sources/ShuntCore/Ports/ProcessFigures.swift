/// The system's figures of the process; nil for those that it does not give.
package struct ProcessFigures: Sendable, Hashable {
    /// User and system time since the process began.
    package var cpuSeconds: Double?
    package var residentBytes: Int?
    package var virtualBytes: Int?
    package var openFiles: Int?
    package var maxFiles: Int?
    package init() {}
}

/// Results of writing the usage ledger since the process began.
package struct UsageFigures: Sendable, Hashable {
    /// Flushes that the store took, those of nothing not among them.
    package var written = 0
    /// Flushes that it did not take.
    package var failed = 0
    /// Rows that waited too long and were given up.
    package var lostRows = 0
    /// Rows that wait for the next flush, after one that failed.
    package var waitingRows = 0
    package init() {}
}
