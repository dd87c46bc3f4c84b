/* The parts of a flame graph that are files of their own: style and script, as texts. */
#ifndef CORE_EXPORT_FLAMEGRAPH_PARTS_H
#define CORE_EXPORT_FLAMEGRAPH_PARTS_H

extern const char flamegraph_css[]; /* flamegraph.css */
extern const char flamegraph_js[];  /* flamegraph.js */

#endif
