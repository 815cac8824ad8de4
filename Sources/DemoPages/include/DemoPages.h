#ifndef DEMO_PAGES_H
#define DEMO_PAGES_H

#include <stddef.h>
#include <stdint.h>

/// A file of the chat page: bytes that live as long as the program.
typedef struct {
    const uint8_t *bytes;
    size_t count;
} demo_file;

demo_file demo_chat_html(void);
demo_file demo_chat_css(void);
demo_file demo_chat_js(void);
demo_file demo_icon_svg(void);

#endif
