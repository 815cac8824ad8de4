extension Reshaper {
    /// The present value of a slot. Changed in place only: each edit reads and writes it.
    struct Entry: Sendable {
        var value = ReshapedValue.absent
        /// The message that this is about; an entry of an earlier one is as good as new.
        var turn: UInt32 = 0
        /// The next slot that was changed in the present layer, or -1.
        var next: Int32 = -1
        var flags = Flags()
    }

    struct Flags: OptionSet, Sendable {
        var rawValue: UInt8 = 0
        /// The message holds it, be it in a duplicate that does not count.
        static let occurs = Flags(rawValue: 1)
        /// Stands below the top level, and is edited there.
        static let nested = Flags(rawValue: 2)
        /// Differs from what the message says: all occurrences go.
        static let cut = Flags(rawValue: 4)
        /// Stands in the list of changed slots.
        static let listed = Flags(rawValue: 8)
        /// Occurs more than once.
        static let repeated = Flags(rawValue: 16)
        /// Keeps only the occurrence that counts.
        static let single = Flags(rawValue: 32)
        /// Is an object that members are added to.
        static let gains = Flags(rawValue: 64)
        /// The flags without which a value stays as it is.
        static let edited: Flags = [.cut, .single, .gains]
    }

    /// A member that comes before the closing brace of the message (layer 0) or of the wrapper of that layer.
    struct Addition: Sendable {
        var layer: Int
        var slot: Int
        var value: ReshapedValue
    }
}
