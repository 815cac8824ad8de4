/// A table for people: a header line, columns two spaces apart, numbers at the right. Nothing is cut and nothing wraps.
struct TextTable {
    struct Column {
        var title: String
        var isNumber = false
    }

    var columns: [Column]
    var rows: [[String]] = []

    /// - Parameter titles: those that begin with `#` are columns of numbers.
    init(_ titles: String...) {
        columns = titles.map {
            $0.hasPrefix("#") ? Column(title: String($0.dropFirst()), isNumber: true) : Column(title: $0)
        }
    }

    /// - Parameter cells: as many as there are columns; what is missing is empty, what is too much falls away.
    mutating func add(_ cells: String...) { rows.append(cells) }

    /// Lines that end with a line break, none with a blank.
    var text: String {
        let lines =
            [columns.map(\.title)]
            + rows.map { row in
                columns.indices.map { $0 < row.count ? Printable.text(row[$0]) : "" }
            }
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for (index, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                text += (index > 0 ? "  " : "") + (columns[index].isNumber ? padding + cell : cell + padding)
            }
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }.joined()
    }
}
