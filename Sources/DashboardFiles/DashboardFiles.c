// The files of the dashboard, put into the program as they are.

#include "DashboardFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t index_html[] = {
#embed "files/index.html"
};
static const uint8_t dashboard_css[] = {
#embed "files/dashboard.css"
};
static const uint8_t api_js[] = {
#embed "files/api.js"
};
static const uint8_t change_phase_js[] = {
#embed "files/change-phase.js"
};
static const uint8_t change_route_js[] = {
#embed "files/change-route.js"
};
static const uint8_t change_js[] = {
#embed "files/change.js"
};
static const uint8_t charts_js[] = {
#embed "files/charts.js"
};
static const uint8_t csv_js[] = {
#embed "files/csv.js"
};
static const uint8_t dom_js[] = {
#embed "files/dom.js"
};
static const uint8_t effects_js[] = {
#embed "files/effects.js"
};
static const uint8_t events_js[] = {
#embed "files/events.js"
};
static const uint8_t format_js[] = {
#embed "files/format.js"
};
static const uint8_t main_js[] = {
#embed "files/main.js"
};
static const uint8_t overview_js[] = {
#embed "files/overview.js"
};
static const uint8_t phases_js[] = {
#embed "files/phases.js"
};
static const uint8_t pools_js[] = {
#embed "files/pools.js"
};
static const uint8_t routes_js[] = {
#embed "files/routes.js"
};
static const uint8_t state_js[] = {
#embed "files/state.js"
};
static const uint8_t table_js[] = {
#embed "files/table.js"
};
static const uint8_t usage_js[] = {
#embed "files/usage.js"
};
static const uint8_t verdicts_js[] = {
#embed "files/verdicts.js"
};

#define FILE_OF(name, type, bytes) {name, type, bytes, sizeof bytes}
#define PAGE "text/html; charset=utf-8"
#define STYLE "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const struct dashboard_file files[] = {
    FILE_OF("index.html", PAGE, index_html),
    FILE_OF("dashboard.css", STYLE, dashboard_css),
    FILE_OF("api.js", SCRIPT, api_js),
    FILE_OF("change-phase.js", SCRIPT, change_phase_js),
    FILE_OF("change-route.js", SCRIPT, change_route_js),
    FILE_OF("change.js", SCRIPT, change_js),
    FILE_OF("charts.js", SCRIPT, charts_js),
    FILE_OF("csv.js", SCRIPT, csv_js),
    FILE_OF("dom.js", SCRIPT, dom_js),
    FILE_OF("effects.js", SCRIPT, effects_js),
    FILE_OF("events.js", SCRIPT, events_js),
    FILE_OF("format.js", SCRIPT, format_js),
    FILE_OF("main.js", SCRIPT, main_js),
    FILE_OF("overview.js", SCRIPT, overview_js),
    FILE_OF("phases.js", SCRIPT, phases_js),
    FILE_OF("pools.js", SCRIPT, pools_js),
    FILE_OF("routes.js", SCRIPT, routes_js),
    FILE_OF("state.js", SCRIPT, state_js),
    FILE_OF("table.js", SCRIPT, table_js),
    FILE_OF("usage.js", SCRIPT, usage_js),
    FILE_OF("verdicts.js", SCRIPT, verdicts_js),
};

struct dashboard_file dashboard_file_at(size_t place) {
    struct dashboard_file none = {NULL, NULL, NULL, 0};
    return place < sizeof files / sizeof files[0] ? files[place] : none;
}
