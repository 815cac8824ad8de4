// fuzz-sources: Sources/ShuntCore Tests/Fuzz/Support
//
// `Sec-WebSocket-Extensions` of a peer: what is agreed on keeps to what was offered and to what zlib can do, and an upstream
// of ours that is given our own answer as an offer agrees again.

private func fields(_ bytes: [UInt8]) -> HeaderFields {
    HeaderFields([Handshake.Field(name: "Sec-WebSocket-Extensions", value: ByteString(bytes))])
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExtensions(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let flags = input.byte()
    var settings = CompressionSettings()
    settings.contextTakeover = flags & 1 != 0
    settings.windowBits = 9 + Int(flags >> 1) % 7
    let value = input.bytes()
    if let (agreement, text) = DeflateAgreement.answer(to: fields(value), by: settings) {
        require((9...15).contains(agreement.sending.windowBits), "sending by \(agreement.sending.windowBits) bits")
        require(
            (8...15).contains(agreement.receiving.windowBits), "receiving by \(agreement.receiving.windowBits) bits")
        require(agreement.sending.windowBits <= settings.windowBits, "more than is set")
        require(settings.contextTakeover || !agreement.sending.takesOver, "takeover that is not set")
        require(settings.contextTakeover || !agreement.receiving.takesOver, "takeover that is not set")
        // What is answered is a good answer, and a good offer.
        guard case .some = DeflateAgreement.answer(to: fields(Array(text.utf8)), by: settings) else {
            require(false, "no answer to \(text)")
            return 0
        }
    }
    if case .agreed(let agreement) = DeflateAgreement.accepted(by: fields(value), offered: settings) {
        require((8...15).contains(agreement.sending.windowBits), "sending by \(agreement.sending.windowBits) bits")
        require(agreement.sending.windowBits <= settings.windowBits, "more than is set")
        require(settings.contextTakeover || !agreement.receiving.takesOver, "takeover that was not offered")
        require(settings.contextTakeover || !agreement.sending.takesOver, "takeover that was not offered")
    }
    if case .agreed = DeflateAgreement.accepted(by: fields(value), offered: nil) { require(false, "nobody offered it") }
    return 0
}
