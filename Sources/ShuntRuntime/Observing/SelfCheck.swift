#if DEBUG
    import ShuntCore

    /// What a debug build finds when it looks whether its core contradicts itself. Whoever tests with one has its log
    /// looked through; nothing stops because of it.
    struct SelfCheck {
        static let every = TimeSpan.seconds(1)
        /// So many sessions a second, however many there are.
        static let slice = 64
        static let mostKinds = 1000

        /// Where the next look begins.
        private var place = 0
        /// How often each kind was found.
        private(set) var counts: [String: Int] = [:]

        /// Looks at the next sessions.
        ///
        /// - Returns: what was found and is of a kind that was not found before.
        mutating func look(at core: borrowing Switchboard) -> [String] {
            let look = core.inconsistencies(from: place, sessions: Self.slice)
            place = look.next
            return look.found.filter { text in
                let kind = Self.kind(of: text)
                guard counts[kind] != nil || counts.count < Self.mostKinds else { return false }
                counts[kind, default: 0] += 1
                return counts[kind] == 1
            }
        }

        /// A finding without its numbers.
        static func kind(of text: String) -> String {
            text.reduce(into: "") { kind, character in
                if !character.isNumber { kind.append(character) } else if kind.last != "#" { kind.append("#") }
            }
        }
    }

    extension Worker {
        /// To be called once; goes on by itself.
        func checkItself() {
            deadlines.check = now() + SelfCheck.every
            // While effects are applied an event is not over.
            guard !isApplying else { return }
            for text in selfCheck.look(at: switchboard) { log.contradiction(text) }
        }
    }
#endif
