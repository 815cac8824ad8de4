"""Who still uses what: the ledger's table, its order, its filter, its file, and names that try to be more than text."""

import csv

import pytest
from harness import LEGACY_PATHS, new_token

CLIENTS = [("web", "2.1", "guide", 3), ("android", "5.0", "guide", 1), ("web", "2.2", "content", 2)]
HOSTILE = '<img src=x onerror="document.title=1">'


def use(proxy, app: str, version: str, agent: str, messages: int):
    headers = {"x-client-name": app, "x-client-version": version}
    with proxy.connect(new_token(), path=LEGACY_PATHS[agent], headers=headers) as client:
        for _ in range(messages):
            client.ask(agent, "hello")


@pytest.fixture
def page(proxy, open_page):
    for client in CLIENTS:
        use(proxy, *client)
    page = open_page(proxy).is_live()
    page.until(lambda: len(rows(page)) == len(CLIENTS), "the ledger is read")
    return page


def rows(page) -> list[list[str]]:
    """App, version, endpoint, messages."""
    cells = """const labels = ['App', 'Version', 'Endpoint', 'Messages'];
        const cell = (row, label) => row.querySelector(`[data-label="${label}"]`).innerText;
        const rows = [...document.querySelectorAll('#usage-table tbody tr')];
        return rows.map((row) => labels.map((label) => cell(row, label)));"""
    return page.run(cells)


def test_the_table_is_sorted_by_its_headers(page):
    assert [row[3] for row in rows(page)] == ["3", "2", "1"]
    header = '#usage-table th[data-column="app"]'
    page.click(f"{header} button")
    assert page.one(header).get_attribute("aria-sort") == "ascending"
    assert [row[0] for row in rows(page)] == ["android", "web", "web"]
    page.click(f"{header} button")
    assert page.one(header).get_attribute("aria-sort") == "descending"
    assert [row[0] for row in rows(page)] == ["web", "web", "android"]
    assert page.one('#usage-table th[data-column="messages"]').get_attribute("aria-sort") == "none"
    assert page.run("return document.activeElement.closest('th').dataset.column") == "app", "the focus stays"


def test_a_filter_narrows_the_table_and_its_file(page, downloads):
    page.write("#usage-filter", "web guide")
    assert rows(page) == [["web", "2.1", "/api/ws/guide", "3"]]
    page.write("#usage-filter", "nobody at all")
    assert rows(page) == []
    page.says("#usage-table", "Nobody fits the filter.")
    page.write("#usage-filter", "web")
    page.click("#usage-csv")
    file = page.until(lambda: next(downloads.glob("shunt-usage-*.csv"), None), "the file is there")
    with file.open(newline="") as lines:
        found = [(row["app"], row["version"], row["endpoint"], row["messages"]) for row in csv.DictReader(lines)]
    assert found == [("web", "2.1", "/api/ws/guide", "3"), ("web", "2.2", "/api/ws/liaison/content", "2")]


def test_a_hostile_name_is_text(page, proxy):
    use(proxy, HOSTILE, "=1+1", "guide", 1)
    page.pick("#usage-since", "6d")
    page.until(lambda: [row for row in rows(page) if row[:2] == [HOSTILE, "=1+1"]], "the name is shown as it is")
    page.until(lambda: HOSTILE in page.text("#verdict-list"), "in the verdicts too")
    assert not page.all("img"), "and is no markup"
    assert page.driver.title == "Shunt"


def test_what_would_break_is_said(same_day, page):
    page.says("#summary", "2 of 6 legacy endpoints still in use")
    # As text: the cards are drawn anew now and then, and an element may be gone when it is asked.
    guide = " ".join(page.text('#verdict-list [aria-label="/api/ws/guide"]').split())
    assert "in use" in guide and "2 clients of the last 14 days would break" in guide
    assert "web 2.1 3 messages" in guide and "android 5.0 1 message" in guide
    page.says("#days-chart", "6 today")
    assert "unified endpoint's share" in page.one("#days-chart svg").get_attribute("aria-label")
