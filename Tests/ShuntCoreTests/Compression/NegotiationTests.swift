import ShuntCore
import Testing

/// What is answered to a client's offers, and what is made of an upstream's answer (RFC 7692 §7.1).
@Suite struct NegotiationTests {
    private static func fields(_ values: [String]) -> HeaderFields {
        HeaderFields(values.map { Handshake.Field(name: "Sec-WebSocket-Extensions", value: $0) })
    }

    private static func settings(takeover: Bool, bits: Int = 12) -> CompressionSettings {
        var settings = CompressionSettings()
        settings.contextTakeover = takeover
        settings.windowBits = bits
        return settings
    }

    private static let bare = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(arguments: [
        ("permessage-deflate", bare),
        ("PERMESSAGE-deflate", bare),
        // As Chromium offers it.
        ("permessage-deflate; client_max_window_bits", bare + "; client_max_window_bits=12"),
        ("permessage-deflate;client_max_window_bits=10", bare + "; client_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=\"10\"", bare + "; server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=15", bare + "; server_max_window_bits=12"),
        // The first that can be met.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", bare),
        ("x-webkit-deflate-frame, permessage-deflate", bare),
        (", permessage-deflate ,", bare),
        (
            "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11",
            bare + "; server_max_window_bits=11"
        ),
    ])
    func `an offer is answered by the settings`(_ offer: String, _ answer: String) {
        let found = DeflateAgreement.answer(to: Self.fields([offer]), by: Self.settings(takeover: false))
        #expect(found?.text == answer)
        #expect(found?.agreement.sending.takesOver == false)
        #expect(found?.agreement.receiving.takesOver == false)
    }

    @Test(arguments: [
        "", "permessage-bzip2", "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08", "permessage-deflate; server_max_window_bits=9x",
        "permessage-deflate; client_max_window_bits=7", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        // Malformed as a list.
        "permessage-deflate;", "permessage-deflate; =1", "permessage deflate",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"10", "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate, ;", "permessage-deflate; server_max_window_bits=\"1 0\"",
    ])
    func `an offer that cannot be met is not answered`(_ offer: String) {
        #expect(DeflateAgreement.answer(to: Self.fields([offer]), by: Self.settings(takeover: true)) == nil)
    }

    @Test func `nothing is answered where nothing is compressed, or nothing offered`() {
        #expect(DeflateAgreement.answer(to: Self.fields(["permessage-deflate"]), by: nil) == nil)
        #expect(DeflateAgreement.answer(to: HeaderFields(), by: Self.settings(takeover: false)) == nil)
    }

    @Test func `with takeover each direction keeps what it may`() {
        let settings = Self.settings(takeover: true)
        let both = DeflateAgreement.answer(
            to: Self.fields(["permessage-deflate; client_max_window_bits"]), by: settings)
        #expect(both?.text == "permessage-deflate; client_max_window_bits=12")
        #expect(both?.agreement.sending == .init(windowBits: 12, takesOver: true))
        #expect(both?.agreement.receiving == .init(windowBits: 12, takesOver: true))
        let one = DeflateAgreement.answer(
            to: Self.fields(["foo", "permessage-deflate; server_no_context_takeover"]), by: settings)
        #expect(one?.text == "permessage-deflate; server_no_context_takeover")
        #expect(one?.agreement.sending == .init(windowBits: 12, takesOver: false))
        #expect(one?.agreement.receiving == .init(windowBits: 15, takesOver: true))
    }

    @Test(arguments: [
        (true, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"),
        (false, bare + "; client_max_window_bits=12"),
    ])
    func `an upstream is offered what the settings say`(_ takeover: Bool, _ text: String) {
        #expect(DeflateAgreement.offer(by: Self.settings(takeover: takeover)) == text)
    }

    @Test(arguments: [
        // Not offered, not asked for, or malformed.
        (false, "permessage-bzip2"), (false, "permessage-deflate"), (false, bare + ", " + bare), (false, bare + "; x"),
        (false, bare + "; client_max_window_bits"), (false, bare + "; client_max_window_bits=16"), (false, bare + ";"),
        (true, "permessage-deflate"), (true, "permessage-deflate; server_max_window_bits=13"),
    ])
    func `an answer that does not fit the offer is wrong`(_ takeover: Bool, _ answer: String) {
        let fields = Self.fields([answer])
        #expect(DeflateAgreement.accepted(by: fields, offered: Self.settings(takeover: takeover)) == .wrong)
    }

    @Test func `an answer that fits is agreed on`() {
        let plain = Self.settings(takeover: false)
        #expect(DeflateAgreement.accepted(by: HeaderFields(), offered: plain) == .none)
        #expect(DeflateAgreement.accepted(by: Self.fields([Self.bare]), offered: nil) == .wrong)
        #expect(
            DeflateAgreement.accepted(by: Self.fields([Self.bare + "; client_max_window_bits=9"]), offered: plain)
                == .agreed(
                    DeflateAgreement(
                        sending: .init(windowBits: 9, takesOver: false),
                        receiving: .init(windowBits: 15, takesOver: false))))
        #expect(
            DeflateAgreement.accepted(
                by: Self.fields(["permessage-deflate; server_max_window_bits=10"]),
                offered: Self.settings(takeover: true))
                == .agreed(
                    DeflateAgreement(
                        sending: .init(windowBits: 12, takesOver: true),
                        receiving: .init(windowBits: 10, takesOver: true))))
    }
}
