/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists the machines of a host, then tells what happens to them for some seconds.
 *   cc watch-machines.c $(pkg-config --cflags --libs xenapi)
 *   watch-machines [SECONDS [URL USER PASSWORD]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenapi.h>

static int
failed(const struct xapi_err *e)
{
	fprintf(stderr, "%s: %s\n", e->code, e->message);
	return e->exit_code;
}

static int
list(struct xapi *x)
{
	struct xapi_err e;
	struct xapi_vm_list *l = xapi_vm_list(x, &e);

	if (l == NULL)
		return failed(&e);
	for (size_t i = 0; i < l->count; i++)
		printf("%-20s %-10s %6lld MiB  %s\n", l->vms[i].name,
		    l->vms[i].power_state, l->vms[i].memory >> 20,
		    l->vms[i].uuid);
	fflush(stdout);
	xapi_vm_list_free(l);
	return 0;
}

static void
tell(const struct xapi_value *events)
{
	const struct xapi_value *ev, *vm;

	for (size_t i = 0; i < xapi_count(events); i++) {
		ev = xapi_at(events, i);
		vm = xapi_get(ev, "snapshot");
		printf("%s %s %s\n", xapi_get_str(ev, "operation"),
		    xapi_get_str(vm, "name_label"),
		    xapi_get_str(vm, "power_state"));
	}
	fflush(stdout);
}

static int
watch(struct xapi *x, time_t end)
{
	struct xapi_value *events;
	struct xapi_err e;

	while (time(NULL) < end) {
		events = xapi_event_next(x, 1000, &e);
		if (events != NULL) {
			tell(events);
			xapi_free(events);
		} else if (strcmp(e.code, "EVENTS_LOST") == 0) {
			/* Whoever keeps a copy of the state reads it anew. */
			printf("lost\n");
		} else if (strcmp(e.code, "XLD_TIMEOUT") != 0) {
			return failed(&e);
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	struct xapi_err e;
	struct xapi *x = xapi_open(argc > 2 ? argv[2] : NULL, &e);
	int status;

	if (x == NULL)
		return failed(&e);
	/* Of root on the local socket the kernel is witness. With a name it is a
	 * session that outlives its connection, as a wait in vain ends that. */
	if (xapi_login(x, argc > 3 ? argv[3] : "root", argc > 4 ? argv[4] : "",
		&e) < 0 ||
	    xapi_event_register(x, "VM", &e) < 0) {
		status = failed(&e);
	} else {
		status = list(x);
		if (status == 0)
			status = watch(x, end);
	}
	xapi_close(x);
	return status;
}
