import ShuntCore

/// The keys that are in force, swapped whole.
struct KeyTable: Sendable {
    /// Tried for a token that names no key, or one that several have.
    static let mostTried = 8

    let keys: [VerificationKey]

    init(_ keys: [VerificationKey] = []) {
        var seen: Set<ByteString> = []
        self.keys = keys.filter { seen.insert($0.name).inserted }
    }

    var materials: Set<ByteString> { Set(keys.map(\.material)) }

    /// The keys that a token may have been signed with. A token that names one is never tried with another.
    func candidates(for token: CompactToken) -> ArraySlice<VerificationKey> {
        let fitting = keys.filter { key in
            key.algorithm == token.algorithm && (token.keyID == nil || key.id == nil || key.id == token.keyID)
        }
        // Keys without a name of their own, as PEM files have, go last.
        let named = fitting.filter { token.keyID != nil && $0.id == token.keyID }
        return (named.isEmpty ? fitting : named).prefix(Self.mostTried)
    }
}

/// Keys of one place, and what was wrong with others that stood there: no key's material is in the texts.
struct KeyReading: Sendable {
    var keys: [VerificationKey] = []
    var problems: [String] = []
}

/// A place of keys that is of no use as a whole.
struct KeyPlaceProblem: Error, CustomStringConvertible, Equatable {
    let description: String

    init(_ description: String) { self.description = description }
}
