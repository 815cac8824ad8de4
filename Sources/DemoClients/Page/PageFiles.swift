import DemoPages

/// A file of the chat page.
struct PageFile: Sendable {
    let type: String
    let bytes: [UInt8]

    private init(_ type: String, _ file: demo_file) {
        self.type = type
        bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
    }

    init(json: String) {
        type = "application/json"
        bytes = Array(json.utf8)
    }

    /// By path.
    static let all = [
        "/": PageFile("text/html; charset=utf-8", demo_chat_html()),
        "/chat.css": PageFile("text/css; charset=utf-8", demo_chat_css()),
        "/chat.js": PageFile("text/javascript; charset=utf-8", demo_chat_js()),
        "/icon.svg": PageFile("image/svg+xml", demo_icon_svg()),
    ]
}
