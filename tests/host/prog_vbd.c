/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks by XenAPI, as its clients do it: prog_vbd DOMAIN IMAGE ISO on a running
 * domain. Ends with 1 at the first answer that is not as it should be.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api_calls.h"

static char *
make_vdi(const char *location)
{
	struct xapi_value *r = xapi_new_struct(), *map = xapi_new_struct();
	struct xapi_value *sr;
	struct xapi_err e;

	sr = xapi_call(api, &e, "SR.get_by_name_label", "s", "Local");
	check("one SR", xapi_count(sr) == 1);
	xapi_set(map, "location", xapi_new_str(location));
	xapi_set(r, "name_label", xapi_new_str("a disk"));
	xapi_set(r, "SR", xapi_new_str(xapi_str(xapi_at(sr, 0))));
	xapi_set(r, "type", xapi_new_str("user"));
	xapi_set(r, "virtual_size", xapi_new_int(-1));
	xapi_set(r, "other_config", map);
	xapi_free(sr);
	return make("VDI.create", r);
}

static char *
make_vbd(const char *vm, const char *vdi, const char *device,
    const char *type)
{
	struct xapi_value *r = xapi_new_struct();

	xapi_set(r, "VM", xapi_new_str(vm));
	xapi_set(r, "VDI", xapi_new_str(vdi));
	xapi_set(r, "device", xapi_new_str(device));
	xapi_set(r, "bootable", xapi_new_bool(0));
	xapi_set(r, "mode", xapi_new_str("RW"));
	xapi_set(r, "type", xapi_new_str(type));
	return make("VBD.create", r);
}

static void
a_disk(const char *vm, const char *image)
{
	char *vdi = make_vdi(image), *vbd = make_vbd(vm, vdi, "xvde", "Disk");
	struct xapi_err e;
	struct xapi_value *v;

	is("VBD", vbd, "currently_attached", 1);
	must_not("VDI.destroy", vdi, "VDI_IN_USE");
	must("VBD.plug", vbd);
	must("VBD.unplug", vbd);
	is("VBD", vbd, "currently_attached", 0);
	must_not("VBD.unplug", vbd, "DEVICE_NOT_ATTACHED");
	must("VBD.plug", vbd);
	is("VBD", vbd, "currently_attached", 1);
	must("VBD.unplug_force", vbd);
	v = xapi_call(api, &e, "VDI.get_VBDs", "s", vdi);
	check("VDI.get_VBDs", xapi_count(v) == 1 &&
		strcmp(xapi_str(xapi_at(v, 0)), vbd) == 0);
	xapi_free(v);
	must("VBD.destroy", vbd);
	must_not("VBD.get_record", vbd, "HANDLE_INVALID");
	must("VDI.destroy", vdi);
	must_not("VDI.get_record", vdi, "HANDLE_INVALID");
	free(vdi);
	free(vbd);
}

static void
a_drive(const char *vm, const char *iso)
{
	char *vdi = make_vdi(iso), *vbd = make_vbd(vm, "", "xvdf", "CD");
	struct xapi_err e;

	is("VBD", vbd, "empty", 1);
	if (xapi_do(api, &e, "VBD.insert", "ss", vbd, vdi) < 0)
		die("VBD.insert", &e);
	is("VBD", vbd, "empty", 0);
	is("VBD", vbd, "currently_attached", 1);
	must("VBD.eject", vbd);
	is("VBD", vbd, "empty", 1);
	must("VBD.destroy", vbd);
	must("VDI.destroy", vdi);
	free(vdi);
	free(vbd);
}

int
main(int argc, char **argv)
{
	char *vm;

	if (argc != 4)
		return 2;
	vm = begin(argv[1]);
	a_disk(vm, argv[2]);
	a_drive(vm, argv[3]);
	free(vm);
	xapi_close(api);
	return 0;
}
