/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The load generator of the store's figures: runs one row against the daemon
 * behind a socket and prints its metrics, one a line: name, value, unit.
 * xs-run starts the daemons and makes the table.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xsb.h"

struct xb_options xb_opt = { .seconds = 1 };

static const struct {
	const char *name, *what;
	void (*run)(void);
} rows[] = {
	{"sync",            "one client, one request at a time",             row_sync      },
	{ "pipe",           "one client, 32 requests on their way",          row_pipe      },
	{ "clients",        "8 to 1000 clients, one request each",           row_clients   },
	{ "calls-sync",     "2000 requests, for strace",                     row_calls_sync},
	{ "calls-pipe",     "32,000 requests, 32 on their way",              row_calls_pipe},
	{ "device",         "transactions of 29 operations",                 row_device    },
	{ "device-hot",     "... while another overwrites a node of theirs",
         row_device_hot								    },
	{ "device-toggle",  "... while another toggles a node they read",
         row_device_toggle								 },
	{ "device-sibling", "... while a second toolstack makes siblings",
         row_device_sibling								},
	{ "nodes",          "stores of 1000 to N nodes, their memory",       row_nodes     },
	{ "dir",            "a directory of N entries beside a small one",   row_dir       },
	{ "watch",          "writes and registrations beside N watches",     row_watch     },
	{ "leave",          "a client with N watches leaves",                row_leave     },
	{ "domains",        "the k-th domain, k up to N",                    row_domains   },
	{ "rings",          "... as a domain with a ring",                   row_rings     },
	{ "hostile",        "a tool beside a guest that means harm",         row_hostile   },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
usage(FILE *f)
{
	int i;

	fputs("usage: xsbench -s SOCKET [-p PID] [-r RUNDIR] [-t SECONDS] "
	      "[-n N] ROW\n"
	      "       xsbench --serve-null SOCKET\n"
	      "PID is the daemon's (CPU time, memory), RUNDIR holds its state "
	      "files.\nRows:\n",
	    f);
	for (i = 0; i < ROWS; i++)
		fprintf(f, "  %-16s%s\n", rows[i].name, rows[i].what);
}

int
main(int argc, char **argv)
{
	int c, i;

	if (argc == 3 && strcmp(argv[1], "--serve-null") == 0)
		return serve_null(argv[2]);
	while ((c = getopt(argc, argv, "s:p:r:t:n:h")) != -1)
		switch (c) {
		case 's':
			xb_opt.socket = optarg;
			break;
		case 'p':
			xb_opt.pid = atoi(optarg);
			break;
		case 'r':
			xb_opt.rundir = optarg;
			break;
		case 't':
			xb_opt.seconds = atof(optarg);
			break;
		case 'n':
			xb_opt.n = strtoul(optarg, NULL, 10);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	xb_opt.no_lane = getenv("XENSTORE_NO_LANE") != NULL;
	for (i = 0; i < ROWS && optind + 1 == argc; i++)
		if (strcmp(argv[optind], rows[i].name) == 0 &&
		    xb_opt.socket != NULL) {
			rows[i].run();
			return 0;
		}
	usage(stderr);
	return 2;
}
