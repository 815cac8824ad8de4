import Testing

@testable import shunt

@Suite struct TextTableTests {
    @Test
    func `columns are as wide as their widest cell, numbers at the right`() {
        var table = TextTable("ROUTE", "#SENT", "WHY")
        table.add("guide", "7", "")
        table.add("liaison/content", "12345", "hold")
        #expect(
            table.text == """
                ROUTE             SENT  WHY
                guide                7
                liaison/content  12345  hold

                """)
    }

    @Test
    func `a table without rows is its header`() {
        #expect(TextTable("A", "#B").text == "A  B\n")
    }

    @Test
    func `missing cells are empty, superfluous ones fall away`() {
        var table = TextTable("A", "B")
        table.add("1")
        table.add("1", "2", "3")
        #expect(table.text == "A  B\n1\n1  2\n")
    }

    @Test
    func `characters count, not bytes`() {
        var table = TextTable("A", "B")
        table.add("Zoë", "x")
        table.add("e\u{301}", "y")
        #expect(table.text == "A    B\nZoë  x\ne\u{301}    y\n")
    }

    @Test(arguments: [
        ("a\nb", "a b"), ("\u{1B}[2Jgone", " [2Jgone"), ("a\u{7F}\u{9B}b", "a  b"), ("a\u{202E}b", "a b"),
        ("a\tb", "a b"), ("a\r\nb", "a  b"), ("plain ü 🧭", "plain ü 🧭"),
    ])
    func `what others wrote cannot steer the terminal`(text: String, shown: String) {
        var table = TextTable("X")
        table.add(text)
        #expect(table.text == "X\n\(shown)\n")
    }
}
