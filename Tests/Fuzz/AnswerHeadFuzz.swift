// fuzz-sources: Sources/ShuntCore/HTTP Sources/ShuntCore/Session/Handshake.swift Tests/Fuzz/Support
// fuzz-sources: Sources/ShuntCore/Session/FieldText.swift Sources/ShuntCore/Session/PercentCoding.swift
// fuzz-sources: Sources/ShuntCore/Support/ByteString.swift
//
// A backend's answer with its body, read whole and in pieces: the same must be read, within the limits.

private enum Reading: Equatable {
    case unfinished
    case failed(HeadReader.Problem)
    case upgraded(AnswerHead, behind: Int)
    case badLength(AnswerHead)
    case refused(AnswerHead, AnswerBody.Progress, [UInt8])
}

private func read(_ bytes: [UInt8], cuts: [Int], most: Int) -> Reading {
    var reader = AnswerReader()
    var refusal: (head: AnswerHead, body: AnswerBody)?
    var start = 0
    for piece in pieces(of: bytes, cuts: cuts) {
        var position = 0
        if refusal == nil {
            do {
                guard case .head(let head) = try reader.read(piece.span, at: &position) else {
                    require(position == piece.count, "input is left")
                    start += position
                    continue
                }
                require(!head.isInterim, "an interim answer")
                if head.status == 101 { return .upgraded(head, behind: bytes.count - start - position) }
                guard let body = AnswerBody(of: head, most: most) else { return .badLength(head) }
                refusal = (head, body)
            } catch {
                return .failed(error)
            }
        }
        start += piece.count
        let progress = refusal?.body.read(piece.span.extracting(position..<piece.count)) ?? .needsMore
        let taken = refusal?.body.bytes ?? []
        require(taken.count <= most, "a body of \(taken.count) bytes")
        if progress != .needsMore, let head = refusal?.head { return .refused(head, progress, taken) }
    }
    return refusal.map { .refused($0.head, .needsMore, $0.body.bytes) } ?? .unfinished
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAnswerHead(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let cuts = input.cuts()
    let most = input.below(200)
    let bytes = input.bytes()
    let whole = read(bytes, cuts: [], most: most)
    require(whole == read(bytes, cuts: cuts, most: most), "cuts change what is read")
    require(whole == read(bytes, cuts: [1], most: most), "single bytes change what is read")
    switch whole {
    case .upgraded(let head, _), .badLength(let head), .refused(let head, _, _):
        require((100...999).contains(head.status), "status \(head.status)")
        require(head.fields.count <= HeadReader.mostFields, "\(head.fields.count) fields")
        let written = HeadWriter.answer(status: head.status, reason: head.reason, head.fields)
        require(written != nil, "cannot be written")
    case .unfinished, .failed: break
    }
    return 0
}
