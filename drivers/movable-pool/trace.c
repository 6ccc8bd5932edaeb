// SPDX-License-Identifier: GPL-2.0
/* The tracepoints themselves (trace.h), in one place of the text. */

#define CREATE_TRACE_POINTS
#include "trace.h"
