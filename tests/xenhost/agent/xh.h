/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command channel into an emulated host: frames {u8 type, u32 length,
 * data} over a virtio-serial port (outer machine <-> dom0) or TCP (dom0 <->
 * dom0 of the joined host). One program has both ends; it is linked statically
 * and is the only thing the images need for it.
 *
 *   client                       server
 *            <- HELLO            ready to take a command
 *   START ->                     terminal flag, size, argument vector
 *   STDIN, EOF, WINSZ ->
 *   SHUT ->                      the reader of OUT or ERR has gone
 *   WAKE ->                      nothing: see client.c
 *            <- OUT, ERR
 *            <- TAKEN            so many bytes of STDIN were consumed
 *            <- EXIT             status as a shell would give it
 *
 * The client has at most XH_WINDOW bytes of STDIN on the way, less than the
 * channel holds: it never blocks in a write while the server does.
 */
#ifndef XH_H
#define XH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum xh_type {
	XH_HELLO = 1,
	XH_START,
	XH_STDIN,
	XH_EOF,
	XH_WINSZ,
	XH_OUT,
	XH_ERR,
	XH_EXIT,
	XH_TAKEN,
	XH_SHUT,
	XH_WAKE,
};

#define XH_HDR	   5
#define XH_MAX	   65536
#define XH_ARGS    (256 * 1024)
#define XH_WINDOW  32768
/* What xenhost itself ends with. */
#define XH_TIMEOUT 124
#define XH_FAILED  125

struct xh_frame {
	uint8_t type;
	uint32_t len;
	/* NUL behind the last byte. */
	char data[XH_ARGS + 1];
};

/* frame.c. All block. -1 = the other side is gone or talks nonsense. */
int xh_send(int fd, enum xh_type type, const void *data, size_t len);
int xh_recv(int fd, struct xh_frame *f);
int xh_write_all(int fd, const void *data, size_t len);

/* server.c: serves one command on fd. 0, or -1 when the channel broke. */
int xh_serve(int fd);

/* client.c */
struct xh_call {
	/* Connected channel. */
	int fd;
	bool tty;
	char **argv;
	/* Seconds until HELLO, and for the whole command; 0 = no limit. */
	unsigned boot_timeout, timeout;
	/* Set when HELLO came: the host is up. */
	bool up;
	/* The channel ended before the command did. */
	bool broken;
	/* Bytes of standard input the server still takes. */
	size_t credit;
	/* By XH_OUT, XH_ERR: nobody reads it any more. */
	bool gone[2];
};
/* Runs the command, copies its streams; returns the exit status. */
int xh_run(struct xh_call *c);
/* The terminal as it was; for a signal handler too. */
void xh_restore_terminal(void);

/* qemu.c */
int xh_qemu_main(int argc, char **argv);

#endif
