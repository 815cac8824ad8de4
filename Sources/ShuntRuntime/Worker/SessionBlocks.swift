import ShuntCore
import Synchronization

/// Sessions and users that were kicked: for a while only credentials that were issued after that let them in. In memory
/// only, and bounded: the oldest goes first.
final class SessionBlocks: Sendable {
    private struct Block {
        let choice: SessionChoice
        let since: UnixTime
        let until: UnixTime
    }

    static let most = 1000

    private let blocks = Mutex<[Block]>([])

    func add(_ choice: SessionChoice, since: UnixTime, for span: TimeSpan) {
        let until = UnixTime(milliseconds: since.milliseconds + span.milliseconds)
        blocks.withLock { blocks in
            blocks.removeAll { $0.until <= since || $0.choice == choice }
            if blocks.count >= Self.most { blocks.removeFirst() }
            blocks.append(Block(choice: choice, since: since, until: until))
        }
    }

    /// Whether a credential is older than its session's or user's kick.
    ///
    /// - Parameter hashKey: of the short names of sessions.
    func refuse(_ identity: ClientIdentity, at now: UnixTime, hashKey: (UInt64, UInt64)) -> Bool {
        blocks.withLock { blocks in
            blocks.contains { block in
                guard now < block.until else { return false }
                if let issued = identity.claims.issued, issued > block.since { return false }
                return switch block.choice {
                case .name(let name): identity.key.shortName(keyedBy: hashKey).elementsEqual(name.utf8)
                case .user(let user): identity.claims.user?.text.isText(user) ?? false
                }
            }
        }
    }
}
