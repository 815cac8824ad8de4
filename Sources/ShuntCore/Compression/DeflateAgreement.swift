/// What both ends of a WebSocket have agreed on about compression (RFC 7692 §7.1), seen from here.
package struct DeflateAgreement: Sendable, Equatable {
    /// One direction.
    package struct Direction: Sendable, Equatable {
        /// How far back its messages lean, in bits.
        package var windowBits: Int
        /// Whether a message may lean on those before it.
        package var takesOver: Bool

        package init(windowBits: Int, takesOver: Bool) {
            self.windowBits = windowBits
            self.takesOver = takesOver
        }
    }

    package var sending: Direction
    package var receiving: Direction

    package init(sending: Direction, receiving: Direction) {
        self.sending = sending
        self.receiving = receiving
    }

    // MARK: As the server

    /// The answer to a client's offers: of those that can be met, the first.
    ///
    /// - Parameter settings: nil where nothing is compressed.
    /// - Returns: nil where there is none, or the field is malformed: then nothing is agreed.
    package static func answer(
        to fields: HeaderFields, by settings: CompressionSettings?
    ) -> (agreement: DeflateAgreement, text: String)? {
        guard let settings, fields.count(of: .secWebSocketExtensions) > 0,
            let offers = ExtensionListReader.read(fields.values(.secWebSocketExtensions))
        else { return nil }
        for named in offers {
            guard let offer = DeflateParameters(named, isOffer: true), let found = answer(to: offer, settings) else {
                continue
            }
            return found
        }
        return nil
    }

    private static func answer(
        to offer: DeflateParameters, _ settings: CompressionSettings
    ) -> (DeflateAgreement, String)? {
        // zlib cannot keep to a window of 8 bits.
        if offer.serverMaxWindowBits == 8 { return nil }
        let ours = min(settings.windowBits, offer.serverMaxWindowBits ?? 15)
        let theirs = min(settings.windowBits, offer.clientMaxWindowBits ?? 15)
        var answer = DeflateParameters()
        answer.serverNoContextTakeover = offer.serverNoContextTakeover || !settings.contextTakeover
        answer.clientNoContextTakeover = offer.clientNoContextTakeover || !settings.contextTakeover
        if offer.serverMaxWindowBits != nil { answer.serverMaxWindowBits = ours }
        // Who does not say that it can keep to a smaller one must not be asked to.
        if offer.clientMaxWindowBits != nil { answer.clientMaxWindowBits = theirs }
        let agreement = DeflateAgreement(
            sending: Direction(windowBits: ours, takesOver: !answer.serverNoContextTakeover),
            receiving: Direction(
                windowBits: answer.clientMaxWindowBits ?? 15, takesOver: !answer.clientNoContextTakeover))
        return (agreement, answer.text)
    }

    // MARK: As the client

    /// What an upstream is offered.
    package static func offer(by settings: CompressionSettings) -> String { parameters(of: settings).text }

    private static func parameters(of settings: CompressionSettings) -> DeflateParameters {
        var offer = DeflateParameters()
        offer.serverNoContextTakeover = !settings.contextTakeover
        offer.clientNoContextTakeover = !settings.contextTakeover
        // What leans on nothing needs no memory that lasts: any window will do.
        if settings.contextTakeover && settings.windowBits < 15 { offer.serverMaxWindowBits = settings.windowBits }
        offer.clientMaxWindowBits = settings.windowBits
        return offer
    }

    /// What an upstream's answer to the offer agrees on.
    package enum Accepted: Equatable, Sendable {
        /// The answer says nothing of extensions: nothing is compressed.
        case none
        case agreed(DeflateAgreement)
        /// It says what was not offered, or does not say what was asked for.
        case wrong
    }

    /// Reads an upstream's answer (RFC 7692 §7.1 and RFC 6455 §4.1: anything that was not offered is a failure).
    ///
    /// - Parameter settings: by which the offer was made; nil where none was.
    package static func accepted(by fields: HeaderFields, offered settings: CompressionSettings?) -> Accepted {
        if fields.count(of: .secWebSocketExtensions) == 0 { return .none }
        guard let named = ExtensionListReader.read(fields.values(.secWebSocketExtensions)) else { return .wrong }
        if named.isEmpty { return .none }
        guard let settings, named.count == 1, let answer = DeflateParameters(named[0], isOffer: false) else {
            return .wrong
        }
        let offer = parameters(of: settings)
        if offer.serverNoContextTakeover && !answer.serverNoContextTakeover { return .wrong }
        if let most = offer.serverMaxWindowBits {
            guard let bits = answer.serverMaxWindowBits, bits <= most else { return .wrong }
        }
        return .agreed(
            DeflateAgreement(
                sending: Direction(
                    windowBits: min(settings.windowBits, answer.clientMaxWindowBits ?? 15),
                    takesOver: settings.contextTakeover && !answer.clientNoContextTakeover),
                receiving: Direction(
                    windowBits: answer.serverMaxWindowBits ?? 15, takesOver: !answer.serverNoContextTakeover)))
    }
}
