/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text into XML 1.0, whatever its bytes are. */
#ifndef REPORT_XML_H
#define REPORT_XML_H

#include <stdio.h>

/*
 * Writes @text as the content of an element or of a quoted attribute: & < > " ' as references; what
 * XML 1.0 does not allow at all (controls, U+FFFE, U+FFFF) and what is not UTF-8 as U+FFFD. Tabs
 * and line feeds are references too, so that attributes keep them.
 */
void xml_text(const char *text, FILE *out);

#endif
