// Comma-separated values (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe in front.

// Behind what other countries part cells with, too.
const formula = /(^|[;\t])(?= *[=+\-@\t\r\n＝＋－＠])/g;

function cell(value) {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replace(formula, "$1'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(names, rows) {
  return [names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
