#ifndef DASHBOARD_FILES_H
#define DASHBOARD_FILES_H

#include <stddef.h>
#include <stdint.h>

/// One of the files that the dashboard is made of. It lives as long as the program.
struct dashboard_file {
    /// Within `files/`.
    const char *name;
    const char *type;
    const uint8_t *bytes;
    size_t size;
};

/// The file at a place, from 0 on; with no name behind the last one.
struct dashboard_file dashboard_file_at(size_t place);

#endif
