import ShuntTesting
import Testing

@testable import ShuntCore

@Suite struct `Answer templates` {
    private func answer(_ template: String, to message: String) -> String? {
        let template = AnswerTemplate(template)
        let bytes = Array(message.utf8)
        var envelope = Envelope()
        if let keys = template.keys {
            guard envelope.scan(bytes.span, for: keys, nesting: .max, early: false) == .object else { return nil }
        }
        var made: [UInt8] = []
        template.append(envelope, bytes.span, to: &made)
        return String(decoding: made, as: UTF8.self)
    }

    @Test(arguments: [
        "7", "1.50e+3", "12345678901234567890123456789", #""x""#, #""\u00e9\/ \"""#, "null", "true",
        #"{ "a" : [1 , 2] }"#, "[]",
    ])
    func `a member is repeated byte for byte, whatever it is`(value: String) {
        #expect(
            answer(#"{"type":"pong","id":"{id}","n":1}"#, to: #"{"id": \#(value) ,"type":"ping"}"#)
                == #"{"type":"pong","id":\#(value),"n":1}"#)
    }

    @Test func `a member that is not there is left out, wherever it would stand`() {
        let ping = #"{"type":"ping","b":2}"#
        #expect(answer(#"{"type":"pong","id":"{id}"}"#, to: ping) == #"{"type":"pong"}"#)
        #expect(answer(#"{"id":"{id}","type":"pong"}"#, to: ping) == #"{"type":"pong"}"#)
        #expect(answer(#"{"id":"{id}"}"#, to: ping) == "{}")
        #expect(answer(#"{"a":"{a}","c":"{c}","b":"{b}","d":"{d}"}"#, to: ping) == #"{"b":2}"#)
        #expect(answer(#"{"d":{"a":"{a}","b":"{b}"},"x":1}"#, to: ping) == #"{"d":{"b":2},"x":1}"#)
        #expect(answer(#"{ "a" : "{a}" , "x" : 1 }"#, to: ping) == #"{  "x" : 1 }"#)
        #expect(answer(#"["{a}","{b}"]"#, to: ping) == "[null,2]")
    }

    @Test func `a path goes into the message`() {
        #expect(answer(#"{"id":"{data.id}"}"#, to: #"{"data":{"id":[7]}}"#) == #"{"id":[7]}"#)
    }

    @Test(arguments: [
        #"{"a":"x {id}"}"#, #"{"{id}":1}"#, #"{"a":"{}"}"#, #"{"a":"{i d}"}"#, #"{"a":"{.id}"}"#, #"{"a":"\"{id}\""}"#,
        "", "{", #"{"a"#, #"{"a\"#, #""{id""#, "{id}",
    ])
    func `other braces mean nothing`(template: String) {
        #expect(AnswerTemplate(template).paths == [])
        #expect(answer(template, to: #"{"id":1}"#) == template)
    }
}
