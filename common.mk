# SPDX-License-Identifier: LGPL-2.1-or-later
# Included by every Makefile.am. NULL ends lists, so that a diff adds one line.
NULL =

# Where programs that no one types are installed, and where daemons keep state.
xldlibexecdir = $(libexecdir)/xld
xldtestdir = $(libexecdir)/xld/tests
xldrundir = /run/xld
xldlogdir = /var/log/xld
xldstatedir = $(localstatedir)/lib/xld

AM_CFLAGS = -std=gnu11 $(XLD_WARN) $(XLD_SAN) -fvisibility=hidden
AM_LDFLAGS = $(XLD_SAN)
# Every folder sees common/ and model/; anything else a Makefile.am adds by
# name, so that its -I list states what the folder may know (tests/lint).
AM_CPPFLAGS = -I$(top_builddir) -I$(top_srcdir)/common -I$(top_srcdir)/model \
	-DXLD_LIBEXECDIR='"$(xldlibexecdir)"' -DXLD_RUNDIR='"$(xldrundir)"' \
	-DXLD_LOGDIR='"$(xldlogdir)"' -DXLD_STATEDIR='"$(xldstatedir)"' \
	-DXLD_SYSCONFDIR='"$(sysconfdir)"'
COMMON_LIB = $(top_builddir)/common/libxu.la
ZIP_LIB = $(top_builddir)/common/libxuzip.la
MODEL_LIB = $(top_builddir)/model/libmodel.la
