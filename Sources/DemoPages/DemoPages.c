#include "DemoPages.h"

// The page has no build step; its files become part of the program as they are.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t chat_html[] = {
#embed "files/chat.html"
};

static const uint8_t chat_css[] = {
#embed "files/chat.css"
};

static const uint8_t chat_js[] = {
#embed "files/chat.js"
};

static const uint8_t icon_svg[] = {
#embed "files/icon.svg"
};

demo_file demo_chat_html(void) { return (demo_file){chat_html, sizeof chat_html}; }
demo_file demo_chat_css(void) { return (demo_file){chat_css, sizeof chat_css}; }
demo_file demo_chat_js(void) { return (demo_file){chat_js, sizeof chat_js}; }
demo_file demo_icon_svg(void) { return (demo_file){icon_svg, sizeof icon_svg}; }
