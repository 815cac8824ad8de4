import ShuntCore

/// What a request's bytes are read as.
enum RequestReading: Equatable, Sendable {
    case unfinished
    case malformed
    case tooLarge
    /// The head, and how many bytes follow it.
    case head(RequestHead, behind: Int)

    /// - Parameter piece: how many bytes come at once.
    init(_ bytes: [UInt8], piece: Int = .max) {
        var reader = HeadReader(.request)
        var start = 0
        while start < bytes.count {
            let end = start + min(piece, bytes.count - start)
            var position = 0
            do {
                let progress = try reader.read(bytes.span.extracting(start..<end), at: &position)
                start += position
                if progress == .whole {
                    self = RequestHead(reader).map { .head($0, behind: bytes.count - start) } ?? .malformed
                    return
                }
            } catch {
                self = error == .tooLarge ? .tooLarge : .malformed
                return
            }
        }
        self = .unfinished
    }

    var head: RequestHead? {
        if case .head(let head, _) = self { head } else { nil }
    }
}

/// What an answer's bytes are read as.
enum AnswerReading: Equatable, Sendable {
    case unfinished
    case malformed
    case tooLarge
    case tooManyInterim
    case head(AnswerHead, behind: Int)

    init(_ bytes: [UInt8], piece: Int = .max) {
        var reader = AnswerReader()
        var start = 0
        while start < bytes.count {
            let end = start + min(piece, bytes.count - start)
            var position = 0
            do {
                let progress = try reader.read(bytes.span.extracting(start..<end), at: &position)
                start += position
                if case .head(let head) = progress {
                    self = .head(head, behind: bytes.count - start)
                    return
                }
            } catch {
                self =
                    switch error {
                    case .malformed: .malformed
                    case .tooLarge: .tooLarge
                    case .tooManyInterim: .tooManyInterim
                    }
                return
            }
        }
        self = .unfinished
    }

    var head: AnswerHead? {
        if case .head(let head, _) = self { head } else { nil }
    }
}

/// Text whose characters are bytes: Latin-1.
func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
