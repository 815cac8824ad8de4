import ShuntControl
import ShuntCore
import Testing

@Suite struct MetricsWriterTests {
    private func page(_ format: MetricsFormat, _ write: (inout MetricsWriter) -> Void) -> String {
        var writer = MetricsWriter(format)
        write(&writer)
        return String(decoding: writer.finished(), as: UTF8.self)
    }

    @Test func `a counter is called by its full name in the text format`() {
        let text = page(.text) {
            $0.counter("shunt_reloads", "How often.")
            $0.sample(3, ["result": "success"])
            $0.sample(0)
        }
        #expect(
            text == """
                # HELP shunt_reloads_total How often.
                # TYPE shunt_reloads_total counter
                shunt_reloads_total{result="success"} 3
                shunt_reloads_total 0

                """)
    }

    @Test func `in OpenMetrics its family has no suffix, and the page ends with its mark`() {
        let text = page(.openMetrics) {
            $0.counter("shunt_reloads", "How often.")
            $0.sample(3)
        }
        #expect(
            text == """
                # HELP shunt_reloads How often.
                # TYPE shunt_reloads counter
                shunt_reloads_total 3
                # EOF

                """)
    }

    @Test func `label values are escaped`() {
        let text = page(.text) {
            $0.gauge("shunt_x", "A \"b\" \\ c\nd")
            $0.sample(1, ["route": "a\"b\\c\nd", "side": "é"])
        }
        #expect(text.contains(#"# HELP shunt_x A "b" \\ c\nd"#))
        #expect(text.contains(#"shunt_x{route="a\"b\\c\nd",side="é"} 1"#))
        let open = page(.openMetrics) { $0.gauge("shunt_x", "A \"b\"") }
        #expect(open.contains(#"# HELP shunt_x A \"b\""#))
    }

    @Test(arguments: [
        (0, "0"), (7, "7"), (10, "10"), (1_234_567_890, "1234567890"), (-5, "-5"), (Int.max, "9223372036854775807"),
    ])
    func `whole numbers are written as they are`(value: Int, text: String) {
        #expect(
            page(.text) {
                $0.gauge("a", "b")
                $0.sample(value)
            }.hasSuffix("\na \(text)\n"))
    }

    @Test(arguments: [(0.25, "0.25"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e21, "1e+21")])
    func `other numbers are written as both formats read them`(value: Double, text: String) {
        #expect(
            page(.text) {
                $0.gauge("a", "b")
                $0.sample(value)
            }.hasSuffix("\na \(text)\n"))
    }

    @Test func `a histogram is cumulative, in seconds, and ends at infinity`() {
        var counts = DurationCounts()
        for milliseconds: Int64 in [1, 2, 2, 30, 100_000] { counts.add(.milliseconds(milliseconds)) }
        let text = page(.text) {
            $0.histogram("shunt_t_seconds", "Time.")
            $0.sample(counts, ["route": "guide"])
        }
        let lines = text.split(separator: "\n").dropFirst(2)
        #expect(lines.count == DurationBuckets.count + 2)
        #expect(lines.first == #"shunt_t_seconds_bucket{route="guide",le="0.001"} 1"#)
        for line in [
            #"shunt_t_seconds_bucket{route="guide",le="0.002"} 3"#,
            #"shunt_t_seconds_bucket{route="guide",le="0.016"} 3"#,
            #"shunt_t_seconds_bucket{route="guide",le="0.032"} 4"#,
            #"shunt_t_seconds_bucket{route="guide",le="32.768"} 4"#,
            #"shunt_t_seconds_bucket{route="guide",le="+Inf"} 5"#,
            #"shunt_t_seconds_sum{route="guide"} 100.035"#,
            #"shunt_t_seconds_count{route="guide"} 5"#,
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }

    @Test(arguments: [
        ("", MetricsFormat.text),
        ("*/*", .text),
        ("text/plain", .text),
        ("application/json", .text),
        ("application/openmetrics-text", .openMetrics),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
        ("application/openmetrics-text;version=\"1.0.0\"", .openMetrics),
        ("application/openmetrics-text;version=0.0.1", .text),
        ("application/openmetrics-text;version=1.0.0;q=0", .text),
        ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.5", .text),
        ("text/plain;q=0.5,Application/OpenMetrics-Text;version=1.0.0;q=0.7", .openMetrics),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
        ),
        (",;;=,q=1;", .text),
    ])
    func `the format is what the caller would rather read`(accept: String, format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }
}
