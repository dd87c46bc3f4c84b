/* Writes leaks.xml: memcheck's errors in version 4 of valgrind's protocol
 * (docs/internals/xml-output-protocol4.txt in its sources), one document for all processes. */
#ifndef MEM_LEAKS_LEAKS_XML_H
#define MEM_LEAKS_LEAKS_XML_H

#include <stdio.h>

struct leak_document;

/* pid, ppid and argv are those of the program that was launched; errors of other processes name
 * theirs in an <auxwhat>. Notes, processes without a verdict and what had no room stand in the
 * preamble. */
void leaks_xml_write(const struct leak_document *document, FILE *out);

#endif
